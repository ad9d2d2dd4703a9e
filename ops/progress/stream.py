"""A stream whose reader may go away: the work that it tells of goes on all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO


class Stream:
    """Writes lines at once, until nobody reads them any more (``hms up | head``)."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._read = True

    def line(self, text: str) -> None:
        """Write a line."""
        if not self._read:
            return
        try:
            self._out.write(text + "\n")
            self._out.flush()
        except BrokenPipeError:
            self._read = False
