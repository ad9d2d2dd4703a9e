"""Events as JSON lines, for programs."""

from __future__ import annotations

import json
import time
from typing import IO, TYPE_CHECKING, Any

from ops.progress.events import VERSION, as_json, moment
from ops.progress.stream import Stream

if TYPE_CHECKING:
    from ops.errors import HmsError
    from ops.progress.events import Event


class JsonReporter:
    """Writes each event as one line, at once, in the form that :mod:`ops.progress.events` describes."""

    wants_plan = False

    def __init__(self, out: IO[str]) -> None:
        self._out = Stream(out)

    def emit(self, event: Event) -> None:
        """Write a line."""
        self._write(as_json(event))

    def tick(self, now: float) -> None:
        """Programs have clocks of their own."""

    def fail(self, error: HmsError) -> None:
        """Write the line ``error``."""
        self._write(
            {
                "v": VERSION,
                "event": "error",
                "time": moment(time.time()),
                "text": error.message,
                "details": list(error.details),
                "next": error.fix,
                "code": error.code,
            }
        )

    def close(self) -> None:
        """Nothing is held back."""

    def _write(self, line: dict[str, Any]) -> None:
        self._out.line(json.dumps(line, ensure_ascii=False))
