"""The programs of a lab: started, watched, stopped and killed by name."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.machine.spaces import LAB, Space

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_POLL = 0.1
"""Seconds between two looks at something that gets ready."""

_GRACE = 5.0
"""Seconds between asking a program to end and killing it."""

_LOOK = 0.02
"""Seconds between two looks at whether a program has ended."""

_WATCH = 0.5
"""Seconds between two looks at programs that come back."""

_LONGEST = 20.0
"""Seconds after which a program that ends again and again is started; kubelet goes up to 300."""

_TRIES = 4
"""How often a program may end before whoever waits for it gives up."""

_TAIL = 2000
"""Octets of a log that an error shows."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program that runs until it is stopped.

    Parameters
    ----------
    name
        Unique in the lab, such as ``aws-1/etcd``; its log is ``logs/aws-1/etcd.log``.
    ready
        Says whether it does its work; None where running is enough.
    before
        Called in the child between fork and exec (for cgroups).
    comes_back
        Start it again when it ends by itself, as kubelet, systemd or a cloud would.
    """

    name: str
    command: tuple[str, ...]
    space: Space = LAB
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    ready: Callable[[], bool] | None = None
    before: Callable[[], None] | None = None
    comes_back: bool = False


@dataclass
class _Run:
    """A program as it runs.

    Parameters
    ----------
    wanted
        Whether it should run: until somebody stops or kills it.
    ends
        How often it has ended by itself.
    due
        Moment, on the monotonic clock, before which it is not started again.
    """

    program: Program
    process: subprocess.Popen[bytes]
    wanted: bool = True
    ends: int = 0
    due: float = 0.0

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


class Processes:
    """All programs of a lab. Safe to use from several threads.

    Parameters
    ----------
    logs
        Folder of the logs.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._lock = threading.Lock()
        self._running: dict[str, _Run] = {}
        self._watched = False

    def start(self, program: Program) -> None:
        """Start a program, without waiting until it is ready.

        Raises
        ------
        LabError
            If one of that name runs.
        """
        self.log(program.name).parent.mkdir(parents=True, exist_ok=True)
        with self._lock:
            if self._alive(program.name):
                raise LabError(f"{program.name} is running already")
            self._running[program.name] = _Run(program, self._spawn(program))
            if program.comes_back and not self._watched:
                self._watched = True
                threading.Thread(target=self._watch, name="programs that come back", daemon=True).start()

    def wait(self, name: str, seconds: float = 60.0) -> None:
        """Wait until a program is ready.

        Raises
        ------
        LabError
            If it ends instead, again and again where it comes back, or takes too long; with the end of its log.
        """
        run = self._running[name]
        program, ends, end = run.program, run.ends, time.monotonic() + seconds
        while program.ready is not None and not program.ready():
            code = run.process.poll()
            if code is not None and not (program.comes_back and run.wanted and run.ends - ends < _TRIES):
                raise LabError(f"{name} ended with {code}: {self.tail(name)}", f"see {self.log(name)}")
            if time.monotonic() > end:
                raise LabError(f"{name} is not ready after {seconds:.0f} s: {self.tail(name)}", f"see {self.log(name)}")
            time.sleep(_POLL)

    def stop(self, name: str) -> None:
        """Ask a program to end, and kill it if it does not. One that does not run is no error."""
        self._end(name, signal.SIGTERM)

    def kill(self, name: str) -> None:
        """Kill a program at once."""
        self._end(name, signal.SIGKILL)

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a program and its children (``SIGSTOP`` makes it hang, ``SIGCONT`` goes on)."""
        with self._lock:
            if self._alive(name):
                os.killpg(self._running[name].process.pid, number)

    def running(self, name: str) -> bool:
        """Say whether a program runs."""
        with self._lock:
            return self._alive(name)

    def names(self) -> tuple[str, ...]:
        """List the programs that were started and not stopped, dead ones included."""
        with self._lock:
            return tuple(self._running)

    def program(self, name: str) -> Program:
        """Give a program that was started, to start it again."""
        return self._running[name].program

    def restart(self, name: str) -> None:
        """Start a program again as it was."""
        program = self.program(name)
        self.stop(name)
        self.start(program)

    def run(
        self,
        space: Space,
        *command: str,
        input_: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 60.0,
    ) -> str:
        """Run a command to its end and give its output.

        Raises
        ------
        LabError
            If it fails; with what it said.
        """
        try:
            done = subprocess.run(  # noqa: S603 - commands of the lab
                (*space.prefix, *command),
                input=input_,
                env={**os.environ, **(env or {})},
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise LabError(f"{command[0]} in {space.name} did not end within {timeout:.0f} s") from None
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip())[-_TAIL:]
            shown = " ".join((command[0].rpartition("/")[2], *command[1:6]))
            raise LabError(f"{shown} in {space.name} failed with {done.returncode}: {said}")
        return done.stdout

    def log(self, name: str) -> Path:
        """Give the log of a program."""
        return self._logs / f"{name}.log"

    def tail(self, name: str) -> str:
        """Give the end of a program's log."""
        log = self.log(name)
        return log.read_bytes()[-_TAIL:].decode(errors="replace").strip() if log.exists() else ""

    def stop_all(self) -> None:
        """Kill everything, the last started first."""
        for name in reversed(self.names()):
            self.kill(name)

    def _alive(self, name: str) -> bool:
        return name in self._running and self._running[name].alive

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        with self.log(program.name).open("ab") as out:
            return subprocess.Popen(  # noqa: S603 - programs of the lab
                (*program.space.prefix, *program.command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=program.cwd,
                env={**os.environ, **program.env},
                # A group of its own: what enters a process namespace forks, and both have to go.
                start_new_session=True,
                preexec_fn=program.before,  # noqa: PLW1509 - only writes to cgroups
            )

    def _watch(self) -> None:
        """Start again what ended by itself, later each time."""
        while True:
            time.sleep(_WATCH)
            with self._lock:
                for run in self._running.values():
                    if run.program.comes_back and run.wanted and not run.alive:
                        self._revive(run)

    def _revive(self, run: _Run) -> None:
        now = time.monotonic()
        if run.due == 0.0:
            run.due = now + min(2.0**run.ends, _LONGEST)
            run.ends += 1
        elif now >= run.due:
            run.due = 0.0
            run.process = self._spawn(run.program)

    def _end(self, name: str, number: signal.Signals) -> None:
        with self._lock:
            if name not in self._running:
                return
            self._running[name].wanted = False
            process = self._running[name].process
        if process.poll() is not None:
            return
        for each in (number, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, each)
            if _gone(process, _GRACE):
                return


def _gone(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait until a process and all of its group have ended.

    What enters a process namespace ends before the program that it has started there: were that not waited for, its
    volumes would be taken away from a program that still runs, and an agent would take its peers for removed.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        process.poll()
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(_LOOK)
    return False
