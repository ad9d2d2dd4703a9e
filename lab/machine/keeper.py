"""``python -m lab.machine.keeper FOLDER SOCKETS...``: runs a lab's namespaces, and clears up after them.

Three processes of the machine hold a lab: this one, its guard, and ``unshare``. Whichever is killed, the kernel ends
the lab (a dead ``unshare`` takes its process namespace with it, a dead keeper takes ``unshare``), and one of the other
two removes what the kernel leaves: the cgroups.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from lab.machine.cgroups import lab_cgroup, remove

_UNSHARE = shutil.which("unshare") or "unshare"

_LOOK = 2.0
"""Seconds between two looks at the lab's folder."""

_DIE_WITH_PARENT = 1
"""``PR_SET_PDEATHSIG`` of ``prctl``."""


def lock(folder: Path) -> int | None:
    """Take the lock that a running lab holds.

    Returns
    -------
    Its descriptor, or None where a lab is running.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _guard(folder: Path, keeper_lives: int) -> None:
    """Wait for the keeper's end, and clear up."""
    os.setsid()
    # The keeper's end of the pipe closes with it, whatever ends it.
    os.read(keeper_lives, 1)
    remove(lab_cgroup(folder))
    os._exit(0)


def _wait(namespaces: subprocess.Popen[bytes], folder: Path) -> int:
    """Wait until the lab ends; end it when its folder is gone, for then nobody can."""
    while True:
        try:
            return namespaces.wait(_LOOK)
        except subprocess.TimeoutExpired:
            if not (folder / "lock").exists():
                namespaces.kill()


def _die_with_keeper() -> None:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def main() -> int:
    """Run a lab until it ends."""
    folder, sockets = Path(sys.argv[1]), [int(text) for text in sys.argv[2:]]
    held = lock(folder)
    if held is None:
        return 1
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(writing)
        for descriptor in sockets:
            os.close(descriptor)
        _guard(folder, reading)
    os.close(reading)
    (folder / "keeper.pid").write_text(f"{os.getpid()}\n", encoding="utf-8")
    # Ctrl-C at the terminal is for the command that talks to the lab; the lab ends when it is told to.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    namespaces = subprocess.Popen(  # noqa: S603 - our own module, in namespaces
        [
            _UNSHARE, "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
            "--propagation", "private", "--", sys.executable, "-m", "lab.machine.init", str(folder),
        ],
        pass_fds=sockets,
        preexec_fn=_die_with_keeper,  # noqa: PLW1509 - one thread
    )  # fmt: skip
    for descriptor in sockets:
        os.close(descriptor)
    signal.signal(signal.SIGTERM, lambda *_: namespaces.kill())
    code = _wait(namespaces, folder)
    remove(lab_cgroup(folder))
    return code


if __name__ == "__main__":
    sys.exit(main())
