"""Running a step of the setup: said beforehand, timed, and its output shown only when it fails."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_MINUTE = 60.0
"""Seconds between two signs of life of a long step."""


class StepFailedError(Exception):
    """A step of the setup failed; the text says what and what to do."""


def say(text: str) -> None:
    """Tell the user, at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def run(  # noqa: PLR0913 - what a process takes
    what: str,
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 1800,
    quiet: bool = False,
) -> str:
    """Run a command and give its standard output.

    Parameters
    ----------
    timeout
        Seconds, after which the step has failed.
    quiet
        Whether nothing is said as long as all goes well.

    Raises
    ------
    StepFailedError
        If it cannot be started, fails or takes too long; with the last lines that it printed.
    """
    report = _nothing if quiet else say
    report(f"  {what} ...")
    start = time.monotonic()
    try:
        with subprocess.Popen(  # noqa: S603 - commands are ours
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            out, err = _finished(process, start + timeout, lambda: report(f"  {what}: {_minutes(start)} so far"))
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StepFailedError(f"{what}: {error}") from error
    if process.returncode:
        tail = "\n".join((out + err).strip().splitlines()[-15:])
        raise StepFailedError(f"{what} failed ({command[0]} gave {process.returncode}):\n{tail}")
    report(f"  {what}: {time.monotonic() - start:.0f} s")
    return out


def _nothing(_text: str) -> None:
    """Say nothing."""


def _minutes(start: float) -> str:
    return f"{(time.monotonic() - start) / 60:.0f} min"


def _finished(process: subprocess.Popen[str], end: float, alive: Callable[[], None]) -> tuple[str, str]:
    """Give all that a process prints; call `alive` each minute, and leave no process behind."""
    try:
        while True:
            try:
                return process.communicate(timeout=max(0.0, min(_MINUTE, end - time.monotonic())))
            except subprocess.TimeoutExpired:
                if time.monotonic() >= end:
                    raise
                alive()
    except BaseException:
        process.kill()
        raise
