"""Threads that hold nobody up."""

from __future__ import annotations

import threading
import time

import pytest

from ops.services.at_once import at_once


def test_an_interrupt_does_not_wait_for_what_is_under_way() -> None:
    begun, released = threading.Event(), threading.Event()
    dropped = []

    def work() -> None:
        begun.set()
        released.wait(10)

    def interrupted() -> None:
        with at_once(1) as pool:
            pool.submit(work)
            dropped.append(pool.submit(work))
            begun.wait(10)
            raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - start < 5
    assert dropped[0].cancelled()
    released.set()


def test_nothing_to_do_needs_no_threads() -> None:
    with at_once(0) as pool:
        assert list(pool.map(str, ())) == []
