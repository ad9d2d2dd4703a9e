"""Starting and stopping a lab, from the machine's side."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.machine.cgroups import lab_cgroup, remove
from lab.machine.control import ask, listen
from lab.machine.keeper import lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.plan import Depth

__all__ = ["alive", "ask", "start", "stop"]

_ROOT = Path(__file__).resolve().parents[2]

_PATIENCE = 20.0
"""Seconds for a lab that was told to end."""


def alive(folder: Path) -> bool:
    """Say whether a lab runs in a folder."""
    if not (folder / "lock").exists():
        return False
    held = lock(folder)
    if held is None:
        return True
    os.close(held)
    return False


def start(  # noqa: PLR0913 - what a lab is made from
    folder: Path,
    fleet: Path,
    *,
    clusters: tuple[str, ...],
    depth: Depth,
    nodes: int = 2,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Start the lab of a fleet and wait until its API servers answer.

    Parameters
    ----------
    folder
        Where the lab lives; made if absent. What an ended lab left in it is removed.
    fleet
        The fleet file.
    clusters
        The fleet's clusters: each gets a port of the machine's loopback.
    progress
        Called with each line that tells what is being done.

    Raises
    ------
    LabError
        If one runs there already, or this one does not come up; nothing of it is left running then, its logs are.
    """
    if os.geteuid() != 0:
        raise LabError("a lab needs root, for network namespaces and BPF", "sudo -E env PATH=$PATH hms lab up")
    if alive(folder):
        raise LabError(f"a lab is running in {folder}", "hms lab status, or hms lab down first")
    clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "logs").mkdir(exist_ok=True)
    control = listen(folder)
    forwards = {name: _loopback() for name in clusters}
    spec = {
        "fleet": str(fleet.resolve()),
        "depth": depth,
        "nodes": nodes,
        "control": control.fileno(),
        "forwards": {name: server.fileno() for name, server in forwards.items()},
        "ports": {name: server.getsockname()[1] for name, server in forwards.items()},
    }
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    sockets = [control.fileno(), *(server.fileno() for server in forwards.values())]
    with (folder / "logs" / "lab.log").open("ab") as log:
        subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "lab.machine.keeper", str(folder.resolve()), *map(str, sockets)],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=sockets,
            start_new_session=True,
        )
    control.close()
    for server in forwards.values():
        server.close()
    try:
        ask(folder, "up", progress=progress)
    except BaseException:
        _end(folder)
        raise


def stop(folder: Path) -> None:
    """End a lab and remove its folder. One that does not run is no error; its remains are removed.

    Raises
    ------
    LabError
        If something of it cannot be removed.
    """
    if folder.exists():
        _end(folder)
        clear(folder)
        shutil.rmtree(folder, ignore_errors=True)


def clear(folder: Path) -> None:
    """Remove what a lab that no longer runs left in its folder and in the machine's cgroups.

    Raises
    ------
    LabError
        If processes of it are still there.
    """
    left = remove(lab_cgroup(folder))
    if left:
        raise LabError(f"processes of an ended lab are left in {left[0]}", f"see {left[0]}/cgroup.procs")
    for name in ("data", "kubeconfigs", "logs"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ("lab.json", "spec.json", "control.sock", "keeper.pid"):
        (folder / name).unlink(missing_ok=True)


def _loopback() -> socket.socket:
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.bind(("127.0.0.1", 0))
    server.listen(128)
    return server


def _end(folder: Path) -> None:
    """Kill what holds the lab, and wait until the last of it has let go of the lock."""
    end = time.monotonic() + _PATIENCE
    while alive(folder):
        pid = folder / "keeper.pid"
        if pid.exists():
            keeper = int(pid.read_text(encoding="utf-8"))
            command = Path(f"/proc/{keeper}/cmdline")
            # The number may be another's by now; the lock says that a lab runs, the command line that it is this one.
            if command.exists() and str(folder.resolve()).encode() in command.read_bytes():
                os.kill(keeper, signal.SIGTERM)
        if time.monotonic() > end:
            raise LabError(f"the lab in {folder} does not end", f"see {folder / 'logs' / 'lab.log'}")
        time.sleep(0.1)
