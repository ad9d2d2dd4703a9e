"""Many things at once, none of which holds up whoever presses Ctrl-C."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def at_once(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Give threads; what is left of their work on leaving is dropped, and what is under way not waited for."""
    pool = ThreadPoolExecutor(max(workers, 1))
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
