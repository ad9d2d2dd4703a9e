"""One part of what can be seen: a value, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

T = TypeVar("T")
D = TypeVar("D")

NOT_ASKED = "not asked for"
"""Error of what nobody wanted to know."""


@dataclass(frozen=True, kw_only=True)
class Seen(Generic[T]):
    """One part, or why it was not to be seen.

    Parameters
    ----------
    value
        What was read; None if nothing was.
    error
        Why nothing was, in a line; empty if something was. :data:`NOT_ASKED` where nobody wanted to know.
    at
        When it was asked for, on the clock of this machine; None where it was not.
    seconds
        How long the answer took.
    """

    value: T | None = None
    error: str = ""
    at: datetime | None = None
    seconds: float = 0.0

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    @property
    def failed(self) -> bool:
        """Whether it was asked for in vain."""
        return self.value is None and self.error != NOT_ASKED

    def get(self, default: D) -> T | D:
        """Give the value, or else a default."""
        return default if self.value is None else self.value


UNSEEN: Seen[Any] = Seen(error=NOT_ASKED)
"""A part that nobody wanted to know."""
