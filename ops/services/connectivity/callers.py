"""The callers that are in pods, so that all are taken out again, however a test ends."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ops.errors import InterruptedByUserError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ops.adapters.kubernetes_ports import Caller

_PATIENCE = 10.0
"""Seconds for callers that are on their way in when the test ends."""


class Callers:
    """Enters callers from several threads, and leaves all of them at once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._entering = 0
        self._entered: list[AbstractContextManager[Caller]] = []
        self._closed = False

    def enter(self, context: AbstractContextManager[Caller]) -> Caller:
        """Put a caller into its pod.

        Raises
        ------
        ops.errors.HmsError
            If it does not start, or the test is over.
        """
        with self._changed:
            if self._closed:
                raise InterruptedByUserError("the test is over")
            self._entering += 1
        try:
            caller = context.__enter__()
            self._entered.append(context)
        finally:
            with self._changed:
                self._entering -= 1
                self._changed.notify_all()
        return caller

    def close(self) -> None:
        """Take all out."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: not self._entering, _PATIENCE)
        if self._entered:
            with ThreadPoolExecutor(len(self._entered)) as pool:
                list(pool.map(lambda context: context.__exit__(None, None, None), self._entered))
