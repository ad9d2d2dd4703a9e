"""Running a step of the setup: said beforehand, timed, and its output shown only when it fails."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class StepFailedError(Exception):
    """A step of the setup failed; the text says what and what to do."""


def say(text: str) -> None:
    """Tell the user, at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def run(
    what: str,
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 1800,
) -> str:
    """Run a command and give its standard output.

    Parameters
    ----------
    timeout
        Seconds, after which the step has failed.

    Raises
    ------
    StepFailedError
        If it cannot be started, fails or takes too long; with the last lines that it printed.
    """
    say(f"  {what} ...")
    start = time.monotonic()
    try:
        done = subprocess.run(  # noqa: S603 - commands are ours
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StepFailedError(f"{what}: {error}") from error
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise StepFailedError(f"{what} failed ({command[0]} gave {done.returncode}):\n{tail}")
    say(f"  {what}: {time.monotonic() - start:.0f} s")
    return done.stdout
