"""Running the engine so that Ctrl-C reaches it once, by us, and the calling thread stays in charge."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi.automation import PulumiCommand
from pulumi.automation._cmd import CommandResult
from pulumi.automation.errors import create_command_error

from ops.errors import MissingError
from toolchain.places import BIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ops.adapters.interrupts import Interrupts

_PAUSE = 0.05
"""Seconds between looks at the clock and at Ctrl-C while the engine works."""

_QUIET = {"PULUMI_SKIP_UPDATE_CHECK": "true"}


class EngineCommand(PulumiCommand):
    """Runs the engine so that Ctrl-C reaches it once, by us, and the caller's thread stays in charge.

    The engine gets a session of its own: a terminal would send Ctrl-C to it as well, and the second makes it drop
    what is under way.
    """

    def __init__(self, binary: Path) -> None:
        self.command = str(binary)
        try:
            version = subprocess.run(  # noqa: S603 - the engine that the toolchain found
                [binary, "version"], capture_output=True, text=True, check=True, env={**os.environ, **_QUIET}
            ).stdout.strip()
        except (OSError, subprocess.CalledProcessError) as error:
            raise MissingError(f"the Pulumi engine does not run: {error}", "make setup") from None
        self.version = _parse(version)
        self._idle: Callable[[], None] = _nothing
        self._interrupts: Interrupts | None = None
        self._on_interrupt: Callable[[int], None] = lambda _: None

    @contextmanager
    def watched(
        self, idle: Callable[[], None], interrupts: Interrupts, on_interrupt: Callable[[int], None]
    ) -> Iterator[None]:
        """Call back while the engine works.

        Parameters
        ----------
        idle
            Called many times a second.
        interrupts
            Counts what the user sends; the first is passed on as SIGINT, the second too, the third kills.
        on_interrupt
            Called with the number of each.
        """
        self._idle, self._interrupts, self._on_interrupt = idle, interrupts, on_interrupt
        try:
            yield
        finally:
            self._idle, self._interrupts = _nothing, None

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> CommandResult:
        """Run a command of the engine to its end; raises what the Automation API raises."""
        env = {**os.environ, **_QUIET, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        # The engine looks there for the language host, which runs the policy pack.
        env["PATH"] = os.pathsep.join((str(Path(self.command).parent), str(BIN), env.get("PATH", "")))
        chunks: tuple[list[str], list[str]] = ([], [])
        with subprocess.Popen(  # noqa: S603 - the engine that the toolchain found
            [self.command, "--non-interactive", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=env,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            readers = [
                threading.Thread(target=_drain, args=(stream, chunk, callback), daemon=True)
                for stream, chunk, callback in (
                    (process.stdout, chunks[0], on_output),
                    (process.stderr, chunks[1], on_error),
                )
            ]
            for reader in readers:
                reader.start()
            try:
                self._wait(process)
            except BaseException:
                # Whatever went wrong on our side: an engine is never left alone, nor cut off in the middle.
                process.send_signal(signal.SIGINT)
                process.wait()
                raise
            for reader in readers:
                reader.join()
        result = CommandResult(stdout="\n".join(chunks[0]), stderr="\n".join(chunks[1]), code=process.returncode)
        if process.returncode != 0:
            raise create_command_error(result)
        return result

    def _wait(self, process: subprocess.Popen[str]) -> None:
        told = 0
        while True:
            try:
                process.wait(timeout=_PAUSE)
            except subprocess.TimeoutExpired:
                pass
            else:
                return
            self._idle()
            if self._interrupts is not None and self._interrupts.count > told:
                told = self._interrupts.count
                # First: finish what is under way, start nothing. Second: drop it. Third: no more patience.
                process.send_signal(signal.SIGKILL if told > 2 else signal.SIGINT)
                self._on_interrupt(told)


def _nothing() -> None:
    """Let time pass."""


def _parse(version: str) -> Any:  # noqa: ANN401 - semver has no types
    from semver import VersionInfo

    return VersionInfo.parse(version.removeprefix("v").partition("-")[0])


def _drain(stream: Iterable[str], lines: list[str], callback: Callable[[str], Any] | None) -> None:
    for line in stream:
        lines.append(line.rstrip())
        if callback:
            callback(line.rstrip())
