"""Asks many things at once, and waits for none of them longer than a given time."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ops.errors import HmsError
from ops.services.observe.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Callable

Key = tuple[str, ...]
"""What is asked for: a cluster, a part, and whose where there are several."""


class Asking:
    """Questions, and what was answered.

    Parameters
    ----------
    workers
        Questions at the same time. One that is never answered keeps a place.
    seconds
        After which :meth:`run` ends.
    """

    def __init__(self, workers: int, seconds: float) -> None:
        self.seen: dict[Key, Seen[Any]] = {}
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._pool = ThreadPoolExecutor(workers)
        self._open: dict[Future[Seen[Any]], tuple[Key, datetime, Callable[[Any], None] | None]] = {}

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return max(0.1, self._until - time.monotonic())

    def ask(self, key: Key, question: Callable[[], Any], then: Callable[[Any], None] | None = None) -> None:
        """Ask something.

        Parameters
        ----------
        then
            Called with the value if there is one, in the thread of :meth:`run`; may ask further things.
        """
        self._open[self._pool.submit(_answer, question)] = key, datetime.now(UTC), then

    def run(self) -> None:
        """Wait until all is answered, or time is over."""
        try:
            while self._open and (left := self._until - time.monotonic()) > 0:
                done, _ = wait(self._open, timeout=left, return_when=FIRST_COMPLETED)
                for future in done:
                    key, _, then = self._open.pop(future)
                    self.seen[key] = future.result()
                    if then is not None and self.seen[key].known:
                        then(self.seen[key].value)
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)
        for key, at, _ in self._open.values():
            error = f"no answer within {self._seconds:.0f} s"
            self.seen[key] = Seen(error=error, at=at, seconds=self._seconds)


def _answer(question: Callable[[], Any]) -> Seen[Any]:
    at, begun = datetime.now(UTC), time.monotonic()
    try:
        value, error = question(), ""
    except HmsError as failed:
        value, error = None, failed.message
    except (LookupError, TypeError, ValueError) as failed:
        value, error = None, f"what it said cannot be read: {type(failed).__name__}: {failed}"
    return Seen(value=value, error=error, at=at, seconds=time.monotonic() - begun)
