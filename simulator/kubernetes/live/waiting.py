"""How long an operation waits, and how often it looks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from simulator.kind import get

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.context import Context
    from simulator.kind import Inputs

_DEFAULT_TIMEOUT: Final = 600.0
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 2.0


def annotation(inputs: Inputs, name: str) -> str:
    """Give what the program tells the provider in ``pulumi.com/<name>``; empty if nothing."""
    annotations = get(inputs, "metadata.annotations")
    return str(annotations.get(f"pulumi.com/{name}") or "") if isinstance(annotations, dict) else ""


def deadline(context: Context, inputs: Inputs) -> float:
    """Give when to stop waiting, on the monotonic clock; ``customTimeouts`` come before the annotation."""
    told = annotation(inputs, "timeoutSeconds")
    seconds = context.timeout or (float(told) if told.isdigit() else 0.0) or _DEFAULT_TIMEOUT
    return time.monotonic() + seconds


def turns(context: Context, end: float) -> Iterator[None]:
    """Yield at once, and again after growing pauses, until the time is up or nobody waits any longer."""
    pause = _FIRST_PAUSE
    while not context.stop.is_set():
        yield
        left = end - time.monotonic()
        if left <= 0 or context.stop.wait(min(pause, left)):
            return
        pause = min(1.5 * pause, _LONGEST_PAUSE)
