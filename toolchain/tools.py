"""The tools that are no Python package: the Pulumi engine, and Helm for the tests."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from toolchain.places import BIN, ROOT, shared_cache, versions
from toolchain.programs import cached, module_of, obtain, output
from toolchain.run import StepFailedError, run, say

_INSTALLER = "https://get.pulumi.com"


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
    return obtain(module_of("helm"))["helm"]


def actionlint() -> Path:
    """Give the linter of workflows: one on the PATH, else built once from its Go module."""
    found = obtain(module_of("actionlint"))["actionlint"]
    if found == cached("actionlint"):
        _link(found, "actionlint")
    return found


def choose_pulumi() -> str:
    """Find, install or build the engine, link it into the checkout and say where it is from."""
    wanted = versions()["pulumi"]
    found = shutil.which("pulumi", path=_path_without_own())
    if found and _version(found) >= _parts(wanted["least"]):
        _link(Path(found), "pulumi")
        return f"{found} (on the PATH, {'.'.join(map(str, _version(found)))})"
    version = wanted["version"]
    installed = shared_cache() / f"pulumi-installed-{version}"
    if not (installed / "bin" / "pulumi").exists() and not cached("pulumi").exists():
        _install_officially(version, installed)
    if (installed / "bin" / "pulumi").exists():
        _link(installed / "bin" / "pulumi", "pulumi")
        for host in (installed / "bin").glob("pulumi-language-*"):
            _link(host, host.name)
        return f"{installed / 'bin' / 'pulumi'} (official installer, {version})"
    built = obtain(module_of("pulumi"))["pulumi"]
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
    return _parts(output(binary, "version")) or (0,)


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
