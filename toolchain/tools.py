"""The tools that are no Python package: the Pulumi engine, and Helm for the tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from toolchain.places import BIN, ROOT, shared_cache, versions
from toolchain.run import StepFailedError, run, say

_INSTALLER = "https://get.pulumi.com"

_MINUTES = {"pulumi": "about four minutes", "helm": "about two minutes", "actionlint": "a few seconds"}


def pulumi() -> Path:
    """Give the engine that setup chose.

    Raises
    ------
    StepFailedError
        If there is none.
    """
    chosen = BIN / "pulumi"
    if chosen.exists():
        return chosen
    found = shutil.which("pulumi")
    if found is None:
        raise StepFailedError("there is no Pulumi engine; run: make setup")
    return Path(found)


def helm() -> Path:
    """Give Helm 3: one on the PATH, else built once from its Go module."""
    found = shutil.which("helm")
    if found and "v3." in _output(found, "version", "--short"):
        return Path(found)
    return _built("helm", versions()["helm"]["version"], "helm.sh/helm/v3/cmd/helm", "")


def actionlint() -> Path:
    """Give the linter of workflows: one on the PATH, else built once from its Go module."""
    found = shutil.which("actionlint")
    if found:
        return Path(found)
    package = "github.com/rhysd/actionlint/cmd/actionlint"
    built = _built("actionlint", versions()["actionlint"]["version"], package, "")
    _link(built, "actionlint")
    return built


def choose_pulumi() -> str:
    """Find, install or build the engine, link it into the checkout and say where it is from."""
    wanted = versions()["pulumi"]
    found = shutil.which("pulumi", path=_path_without_own())
    if found and _version(found) >= _parts(wanted["least"]):
        _link(Path(found), "pulumi")
        return f"{found} (on the PATH, {'.'.join(map(str, _version(found)))})"
    version = wanted["version"]
    installed = shared_cache() / f"pulumi-installed-{version}"
    if not (installed / "bin" / "pulumi").exists() and not _cached("pulumi", version).exists():
        _install_officially(version, installed)
    if (installed / "bin" / "pulumi").exists():
        _link(installed / "bin" / "pulumi", "pulumi")
        for host in (installed / "bin").glob("pulumi-language-*"):
            _link(host, host.name)
        return f"{installed / 'bin' / 'pulumi'} (official installer, {version})"
    flag = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{version}"
    built = _built("pulumi", version, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", flag)
    _link(built, "pulumi")
    return f"{built} (built from its Go module, {version})"


def choose_language_host() -> str:
    """Take the official Python language host where there is one, else link our own small one."""
    chosen = BIN / "pulumi-language-python"
    if chosen.is_symlink() and chosen.exists():
        return f"{chosen.resolve()} (official)"
    found = shutil.which("pulumi-language-python", path=_path_without_own())
    if found:
        _link(Path(found), "pulumi-language-python")
        return f"{found} (official, on the PATH)"
    python = ROOT / ".venv" / "bin" / "python"
    text = f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{python}" -m toolchain.language_host "$@"\n'
    if not chosen.exists() or chosen.read_text(encoding="utf-8") != text:
        chosen.parent.mkdir(parents=True, exist_ok=True)
        chosen.write_text(text, encoding="utf-8")
        chosen.chmod(0o755)
    return f"{chosen} (our own)"


def _path_without_own() -> str:
    return os.pathsep.join(part for part in os.environ.get("PATH", "").split(os.pathsep) if Path(part) != BIN)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _version(binary: str) -> tuple[int, ...]:
    return _parts(_output(binary, "version")) or (0,)


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _link(target: Path, name: str) -> None:
    link = BIN / name
    if link.is_symlink() and link.resolve() == target.resolve():
        return
    BIN.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target.resolve())


def _install_officially(version: str, root: Path) -> None:
    """Run the official installer; a machine that does not reach it is no error, there is another way."""
    try:
        with urllib.request.urlopen(_INSTALLER, timeout=10) as answer:
            script = answer.read()
    except (OSError, urllib.error.URLError) as error:
        say(f"  the official Pulumi installer is out of reach ({error}); building from the Go module")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "install.sh"
        path.write_bytes(script)
        command: list[str | Path] = [
            "sh",
            path,
            "--version",
            version,
            "--install-root",
            root,
            "--no-edit-path",
            "--silent",
        ]
        try:
            run("install Pulumi", command, timeout=600)
        except StepFailedError as error:
            say(f"  {error}\n  building from the Go module instead")


def _cached(name: str, version: str) -> Path:
    return shared_cache() / f"{name}-{version}" / name


def _built(name: str, version: str, package: str, flags: str) -> Path:
    """Build a program from the Go module pinned in ``toolchain/go/<name>``, once for all checkouts of this user."""
    binary = _cached(name, version)
    if binary.exists():
        return binary
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise StepFailedError(
            f"{name} {version} is neither on the PATH nor to be downloaded, and there is no Go to build it with. "
            f"Install {name}, or Go {versions()['pulumi']['go']} or newer, and run make setup again."
        )
    say(f"  {name} {version} is built once for this user: {_MINUTES[name]}")
    binary.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=binary.parent) as folder:
        run(
            f"build {name}",
            [go, "install", "-ldflags", f"-s -w {flags}".strip(), package],
            cwd=ROOT / "toolchain" / "go" / name,
            env={**os.environ, "GOBIN": folder, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"},
        )
        # Renamed into place whole, so that an interrupted build leaves nothing that looks finished.
        (Path(folder) / name).replace(binary)
    return binary
