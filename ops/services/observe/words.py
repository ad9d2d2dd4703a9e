"""How times and shares are written for a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


def span(seconds: float) -> str:
    """Write a span of time in its largest unit: ``40 s``, ``3 min``, ``2 h``, ``12 d``."""
    for size, unit in _UNITS:
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def moment(at: datetime | None) -> str:
    """Write a time, UTC."""
    return at.strftime("%Y-%m-%d %H:%M:%S") if at is not None else "never"


def instant(at: datetime | None) -> str | None:
    """Write a time for a program: ISO 8601, to the millisecond."""
    return at.isoformat(timespec="milliseconds") if at is not None else None


def share(states: Iterable[bool]) -> str:
    """Write how many of some are well: ``2 of 3``."""
    good = list(states)
    return f"{sum(good)} of {len(good)}" if good else "-"
