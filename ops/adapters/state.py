"""The state folder: the engine's backend, home, workspace and key, and the simulated world. Nothing lies outside it."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ops.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = "hms"
"""Name of the Pulumi project: part of every URN, so a change would replace everything."""


@dataclass(frozen=True)
class Lock:
    """A lock of the engine's on a stack, as it lies in a file backend."""

    path: Path
    pid: int
    host: str
    since: str

    @property
    def here(self) -> bool:
        """Whether its process ran on this machine."""
        return self.host == socket.gethostname()

    @property
    def stale(self) -> bool:
        """Whether its process ran on this machine and is gone, so that nobody will ever release it."""
        return self.here and not _alive(self.pid)


@dataclass(frozen=True)
class StateFolder:
    """One folder that holds everything a run leaves behind.

    Parameters
    ----------
    path
        Absolute.
    """

    path: Path

    @property
    def world(self) -> Path:
        """The file in which the simulated clouds keep what they have."""
        return self.path / "world.db"

    @property
    def workspace(self) -> Path:
        """Project and stack settings: a copy, so that runs write nothing into the repository."""
        return self.path / "workspace"

    @property
    def backend(self) -> Path:
        """The engine's file backend."""
        return self.path / "backend"

    @property
    def lab(self) -> Path:
        """The folder of the lab that the fleet's Kubernetes objects go to, where there is one."""
        return self.path / "lab"

    @property
    def passphrase(self) -> Path:
        """The file with the passphrase that the simulated fleet's secrets are encrypted with."""
        return self.path / "passphrase"

    @property
    def simulated(self) -> bool:
        """Whether what is deployed here stands on simulated clouds."""
        return self.passphrase.exists()

    def prepare(self, *, simulate: bool) -> None:
        """Make the folder, readable by its owner only."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.backend, self.workspace, self.path / "home", self.path / "tmp"):
            folder.mkdir(mode=0o700, exist_ok=True)
        (self.path / ".gitignore").write_text("*\n", encoding="utf-8")
        if simulate:
            self._make_passphrase()

    def environment(self) -> dict[str, str]:
        """Give the settings that keep the engine inside the folder."""
        environment = {
            "PULUMI_BACKEND_URL": self.backend.as_uri(),
            "PULUMI_HOME": str(self.path / "home"),
            "TMPDIR": str(self.path / "tmp"),
        }
        if self.simulated:
            environment["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(self.passphrase)
        return environment

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep other runs out of the folder for a while; the kernel lets go however this process ends.

        Raises
        ------
        EngineError
            If another run is at work in it.
        """
        with (self.path / "running").open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                holder = file.read().strip() or "unknown"
                raise EngineError(
                    f"another hms (process {holder}) is at work in {self.path}",
                    "wait until it is done, or press Ctrl-C in its terminal",
                ) from None
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield

    def locks(self, stack: str) -> tuple[Lock, ...]:
        """Read the engine's locks on a stack."""
        found = []
        for path in sorted((self.backend / ".pulumi" / "locks").glob(f"**/{stack}/*.json")):
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                pid, host, since = int(content["pid"]), str(content["hostname"]), str(content["timestamp"])
            except (OSError, ValueError, KeyError, TypeError):
                continue
            found.append(Lock(path=path, pid=pid, host=host, since=since))
        return tuple(found)

    def _make_passphrase(self) -> None:
        try:
            handle = os.open(self.passphrase, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(32))


def _alive(pid: int) -> bool:
    """Whether a process is an engine that still runs: numbers are used again, and the dead may linger as zombies."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").partition("(")[2].rpartition(")")
    except OSError:
        return True  # no such file system here, or it ended just now: look again
    return name == "pulumi" and not rest.lstrip().startswith("Z")
