"""Debian's tools for the lab, unpacked beside the machine's own: nothing is installed.

Mirrors drop old versions, so names are pinned and not versions; ``versions.txt`` in the folder records what came.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toolchain.places import shared_cache
from toolchain.programs import output
from toolchain.run import StepFailedError, run

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, kw_only=True)
class DebianTool:
    """A program of a Debian package.

    Parameters
    ----------
    name
        What it is called by.
    program
        File in the package.
    packages
        Unpacked together with what they need and the machine lacks.
    alone
        Unpacked without what they need.
    applet
        First argument, for programs that are many in one.
    instead
        Names under which the machine may have it; the tool's own is not among them where that may be another thing.
    asked
        With what it says its version.
    accepts
        Pattern of what the machine's has to say.
    """

    name: str
    program: str
    packages: tuple[str, ...]
    alone: tuple[str, ...] = ()
    applet: str = ""
    instead: tuple[str, ...]
    asked: str = "--version"
    accepts: str = ""


_LEGACY = ("iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore")

TOOLS = (
    DebianTool(
        name="clang",
        program="clang-19",
        # Cilium compiles for BPF and without the C library's headers: none of the compiler's other packages is needed.
        packages=("libclang-cpp19", "libllvm19"),
        alone=("clang-19",),
        instead=("clang-19", "clang"),
        # Cilium's own build uses it, and the kernel's verifier takes what it makes.
        accepts=r"clang version 19\.",
    ),
    *(
        DebianTool(
            name=name,
            program="xtables-legacy-multi",
            packages=("iptables",),
            applet=name,
            # Not the machine's iptables itself: that may be the one on nftables, which the kernel may lack.
            instead=("xtables-legacy-multi",),
        )
        for name in _LEGACY
    ),
    DebianTool(name="ipset", program="ipset", packages=("ipset",), instead=("ipset",)),
    DebianTool(name="bpftool", program="bpftool", packages=("bpftool",), instead=("bpftool",)),
    DebianTool(name="ip", program="ip", packages=("iproute2",), instead=("ip",), asked="-V"),
    DebianTool(name="tc", program="tc", packages=("iproute2",), instead=("tc",), asked="-V"),
    DebianTool(name="pkg-config", program="pkgconf", packages=("pkgconf-bin",), instead=("pkg-config",)),
)
"""All of them. Further names, such as ``clang-19``, are not given."""

_SECCOMP = "libseccomp-dev"
"""What runc is built against; a static library and headers, so it is unpacked alone."""

LINK_TOOLS = (
    DebianTool(
        name="charon",
        program="charon",
        packages=("libssl3",),
        alone=(
            "libcharon-extra-plugins",
            "libstrongswan",
            "libstrongswan-standard-plugins",
            "strongswan-charon",
            "strongswan-libcharon",
            # Not for swanctl itself: the plugin of its protocol is in there.
            "strongswan-swanctl",
        ),
        # Never the machine's own: its plugins are laid over /usr together with it.
        instead=(),
    ),
    DebianTool(name="bird", program="bird", packages=("libssh-gcrypt-4",), alone=("bird2",), instead=()),
)
"""What the link's twin runs."""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """Tools that are unpacked together.

    Parameters
    ----------
    name
        Begins the name of their folder.
    further
        A package without a program, unpacked alone; empty for none.
    """

    name: str
    tools: tuple[DebianTool, ...]
    further: str = ""


LAB = Bundle(name="lab-debian", tools=TOOLS, further=_SECCOMP)
LINK = Bundle(name="link-debian", tools=LINK_TOOLS)

_IPSEC = "ipsec"
"""Folder of strongSwan's daemons and of the libraries that are theirs alone."""

_LAYOUT = 1
"""Raised when the folder is laid out in another way."""

_SYSTEM = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Where root's programs are, whatever the PATH says."""


def folder(bundle: Bundle = LAB) -> Path:
    """Give the place of the unpacked tools, whether or not they are there."""
    release = "".join(path.read_text(encoding="utf-8") for path in [Path("/etc/os-release")] if path.exists())
    made_from = f"{_LAYOUT}{bundle.tools}{bundle.further}{platform.machine()}{release}"
    return shared_cache() / f"{bundle.name}-{hashlib.sha256(made_from.encode()).hexdigest()[:12]}"


def path() -> str:
    """Give a PATH on which each tool of the lab is found under its name."""
    parts = [str(folder() / "bin"), *os.environ.get("PATH", "").split(os.pathsep), *_SYSTEM]
    return os.pathsep.join(dict.fromkeys(part for part in parts if part))


def absent() -> list[str]:
    """List the tools that are not on `path`."""
    return [tool.name for tool in TOOLS if shutil.which(tool.name, path=path()) is None or not folder().exists()]


def seccomp_environment() -> dict[str, str]:
    """Give the environment in which cgo finds the unpacked libseccomp."""
    root = folder() / "root"
    found = sorted((root / "usr" / "lib").glob("*/pkgconfig"))
    return {
        "PATH": path(),
        "CGO_ENABLED": "1",
        "PKG_CONFIG_SYSROOT_DIR": str(root),
        "PKG_CONFIG_LIBDIR": os.pathsep.join(map(str, found)),
    }


def obtain(bundle: Bundle = LAB) -> Path:
    """Unpack what the machine lacks, and write a wrapper for each tool.

    Raises
    ------
    StepFailedError
        If there is no apt, a package cannot be had, or a tool does not run.
    """
    target = folder(bundle)
    if target.exists():
        return target
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise StepFailedError("the lab's tools come from Debian's packages, and there is no apt-get and dpkg here")
    own = {tool.name: found for tool in bundle.tools if (found := _on_machine(tool))}
    lacking = [tool for tool in bundle.tools if tool.name not in own]
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as temporary:
        made = Path(temporary) / "made"
        (made / "bin").mkdir(parents=True)
        _unpack(lacking, made, bundle.further)
        for tool in bundle.tools:
            _write(tool, own.get(tool.name), made)
        for tool in bundle.tools:
            run(f"try {tool.name}", [made / "bin" / tool.name, tool.asked], quiet=True)
        made.replace(target)
    return target


def _on_machine(tool: DebianTool) -> Path | None:
    search = os.pathsep.join([os.environ.get("PATH", ""), *_SYSTEM])
    found = [Path(place) for name in tool.instead if (place := shutil.which(name, path=search))]
    return next((each for each in found if re.search(tool.accepts, output(str(each), tool.asked))), None)


def _unpack(tools: Iterable[DebianTool], made: Path, further: str) -> None:
    """Download the packages of these tools, with what they need and the machine lacks, and unpack them."""
    wanted = sorted({package for tool in tools for package in tool.packages})
    alone = {package for tool in tools for package in tool.alone} | ({further} - {""})
    names = sorted({*_lacking(wanted), *alone})
    downloads = made.parent / "downloads"
    downloads.mkdir()
    _apt(f"download {len(names)} Debian packages", "download", *names, cwd=downloads)
    packages = sorted(downloads.iterdir())
    for package in packages:
        run(f"unpack {package.name}", ["dpkg", "-x", package, made / "root"], quiet=True)
    (made / "versions.txt").write_text("".join(f"{package.name}\n" for package in packages), encoding="utf-8")


def _lacking(packages: list[str]) -> list[str]:
    """List what installing these packages would bring that is not here in any version."""
    if not packages:
        return []
    told = _apt("ask apt what they need", "install", "-s", "--no-install-recommends", *packages, quiet=True)
    return re.findall(r"^Inst (\S+) \(", told, re.MULTILINE)


def _apt(what: str, *arguments: str, cwd: Path | None = None, quiet: bool = False) -> str:
    """Run apt-get; where it fails, once more with new lists: a new machine has none, an old one's name what is gone."""
    command = ["apt-get", "-qq", *arguments]
    try:
        return run(what, command, cwd=cwd, quiet=quiet)
    except StepFailedError:
        run("fetch Debian's lists of packages", ["apt-get", "-qq", "update"])
        return run(what, command, cwd=cwd, quiet=quiet)


def _write(tool: DebianTool, own: Path | None, made: Path) -> None:
    """Write the wrapper of a tool: it needs nothing in the environment, and the folder may be renamed."""
    if own is not None:
        text = f'exec "{own}" {tool.applet} "$@"\n'
    else:
        libraries = [
            f"$here/{folder.relative_to(made)}"
            for folder in sorted({file.parent for file in (made / "root").rglob("*.so*")})
            if folder.name.endswith("-linux-gnu") or folder.name == _IPSEC
        ]
        text = (
            "here=${0%/*}/..\n"
            f'export LD_LIBRARY_PATH="{os.pathsep.join(libraries)}"\n'
            f'export XTABLES_LIBDIR="{os.pathsep.join(f"{library}/xtables" for library in libraries)}"\n'
            'export TC_LIB_DIR="$here/root/usr/lib/tc"\n'
            # Without a file of settings charon does not even say its version.
            'export STRONGSWAN_CONF="${STRONGSWAN_CONF:-$here/root/etc/strongswan.conf}"\n'
            f'exec "$here/{_program(tool, made).relative_to(made)}" {tool.applet} "$@"\n'
        )
    wrapper = made / "bin" / tool.name
    wrapper.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
    wrapper.chmod(0o755)


def _program(tool: DebianTool, made: Path) -> Path:
    """Find a program in what was unpacked: releases differ in where they put it."""
    folders = ("usr/bin", "usr/sbin", "bin", "sbin", f"usr/lib/{_IPSEC}")
    places = [made / "root" / place / tool.program for place in folders]
    found = next((place for place in places if place.exists()), None)
    if found is None:
        raise StepFailedError(f"{tool.program} is not in Debian's package {' or '.join(tool.packages)}")
    return found
