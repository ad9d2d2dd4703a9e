"""Progress of work that is counted, on the error stream: results alone go to standard output."""

from __future__ import annotations

import threading
import time
from typing import IO

_PAUSE = 5.0
"""Seconds between two lines about the same thing where nobody sits before it."""


class Counting:
    """One line that is written over on a terminal; elsewhere a line when something begins, and some in between."""

    def __init__(self, err: IO[str]) -> None:
        self._err = err
        self._live = err.isatty()
        self._lock = threading.Lock()
        self._what = ""
        self._last = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show what is being done, how much of it is over, and how much there is."""
        text = f"{what}: {done} of {total}"
        with self._lock:
            if self._live:
                self._err.write(f"\r\x1b[K{text}")
            elif what != self._what or time.monotonic() - self._last >= _PAUSE:
                self._err.write(f"{text}\n")
                self._last = time.monotonic()
            self._what = what
            self._err.flush()

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._live:
            self._err.write("\r\x1b[K")
            self._err.flush()
