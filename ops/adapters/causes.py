"""Why a run failed, where the engine's events do not say it: the program crashed, or the engine itself did."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from ops.adapters.redact import redact
from ops.adapters.translate import clean
from ops.errors import RefusedError

if TYPE_CHECKING:
    from pulumi.automation.errors import CommandError, ConcurrentUpdateError

_ROOT = Path(__file__).parents[2]
_OWN = Path(__file__).parent
"""Frames from here are ours, not the program's."""


def crash(error: BaseException) -> str:
    """Tell an error of the program with its innermost place in this repository."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_ROOT)
        and "site-packages" not in frame.filename
        and Path(frame.filename).parent != _OWN
    ]
    place = f" ({Path(frames[-1].filename).relative_to(_ROOT)}:{frames[-1].lineno})" if frames else ""
    return redact(f"the program failed: {type(error).__name__}: {error}{place}")


def stderr(error: CommandError) -> str:
    """Cut the error stream out of what a failed command gives."""
    text = str(error)
    return clean(text.partition("\n stderr: ")[2] or text)


def killed(error: CommandError | None) -> bool:
    """Whether a signal ended the engine: what the program met with then is a consequence."""
    return error is not None and str(error).lstrip().startswith("code: -")


def last_words(error: CommandError) -> str:
    """Give the end of what the engine said."""
    if killed(error):
        return "the engine was killed"
    lines = [line for line in stderr(error).splitlines() if line.strip()]
    return "\n".join(lines[-12:]) or "the engine ended without a word"


def locked(stack: str, error: ConcurrentUpdateError) -> RefusedError:
    """Say who holds a stack."""
    holder = re.search(r"(created by .*)", stderr(error))
    by = holder.group(1) if holder else "another update"
    return RefusedError(
        f"the stack {stack} is locked: {by}",
        f"wait until that is done; if its process is gone for sure, type: pulumi cancel --stack {stack}",
    )
