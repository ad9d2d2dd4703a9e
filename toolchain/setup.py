"""``make setup``: from a bare machine to ready. Quick and silent the second time.

Usage: python3 toolchain/setup.py [--checks] [--tests]
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from toolchain.charts import cilium_chart
from toolchain.places import ROOT, versions
from toolchain.run import StepFailedError, run, say
from toolchain.tools import actionlint, choose_language_host, choose_pulumi, helm

VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"


def find_uv() -> Path:
    """Give uv: one on the PATH that runs, else the pinned one in an environment of its own."""
    found = shutil.which("uv")
    if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:  # noqa: S603
        return Path(found)
    own = ROOT / ".tools" / "uv"
    if not (own / "bin" / "uv").exists():
        run("make an environment for uv", [sys.executable, "-m", "venv", own])
        run("install uv", [own / "bin" / "python", "-m", "pip", "install", "-q", f"uv=={versions()['uv']['version']}"])
    return own / "bin" / "uv"


def environment() -> str:
    """Make the Python environment what the lock file says."""
    stamp = VENV / ".made-from"
    made_from = hashlib.sha256(
        LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + str(VENV).encode()
    ).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == made_from:
        return f"{VENV} (as locked)"
    uv = find_uv()
    python = VENV / "bin" / "python"
    if not python.exists():
        run("make the Python environment", [uv, "venv", "--quiet", "--python", sys.executable, VENV])
    target: list[str | Path] = ["--python", python]
    run("install what is locked", [uv, "pip", "sync", "--quiet", "--require-hashes", *target, LOCK])
    run(
        "install hms itself",
        [uv, "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", *target, "--editable", ROOT],
    )
    stamp.write_text(made_from, encoding="utf-8")
    return f"{VENV} (made from requirements.lock)"


def main() -> int:
    """Set everything up and say what was taken."""
    least = tuple(int(part) for part in versions()["python"]["least"].split("."))
    if sys.version_info[:2] < least:
        say(f"setup: Python {versions()['python']['least']} or newer is needed, this is {sys.version.split()[0]}")
        return 1
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # without byte code each run reads the SDKs' source: 8 s and not 3
    try:
        say(f"Python environment: {environment()}")
        say(f"Pulumi engine:      {choose_pulumi()}")
        say(f"Language host:      {choose_language_host()}")
        if "--checks" in sys.argv[1:]:
            say(f"actionlint:         {actionlint()}")
        if "--tests" in sys.argv[1:]:
            say(f"Helm:               {helm()}")
            for version in versions()["charts"]["cilium"]:
                say(f"Cilium chart:       {cilium_chart(version)}")
    except StepFailedError as error:
        say(f"setup: {error}")
        return 1
    except KeyboardInterrupt:
        say("setup: interrupted; nothing is half done, run it again")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
