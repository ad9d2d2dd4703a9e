"""``hms link test``: the planned tunnels come up for real on this machine."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lab.errors import LabError
from lab.link.judge import judge
from lab.link.pairs import pair
from lab.link.reading import read_ends
from lab.link.seen import Seen, SitesSeen, TunnelSeen
from lab.link.session import Session, twin_of
from ops.errors import ClusterError
from ops.services.link.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.link.planned import Planned


def run_link_test(resources: tuple[Planned, ...], *, timers: str, progress: Callable[[str], None]) -> Report:
    """Bring the twin up, look at it, and judge.

    Raises
    ------
    ClusterError
        If the twin does not start, or the plan has words that a cloud does not have.
    """
    begun = time.monotonic()
    with standing(resources, timers=timers, progress=progress) as session:
        seen = read_seen(session.ask("check"))
        ends = read_ends(resources)
        judgement = judge(pair(ends), seen)
    return Report(
        judgement=judgement, seconds=time.monotonic() - begun, up=seen.up, sealed=seen.sealed, assumed=ends.assumed
    )


@contextmanager
def standing(resources: tuple[Planned, ...], *, timers: str, progress: Callable[[str], None]) -> Iterator[Session]:
    """Bring a twin up, and tell its errors as ours.

    Raises
    ------
    ClusterError
        If it does not start or does not do what it should.
    """
    try:
        with twin_of(resources, timers=timers, progress=progress) as session:
            yield session
    except LabError as error:
        raise ClusterError(error.message, error.advice) from None


def read_seen(told: dict[str, Any]) -> Seen:
    """Read what a twin told in JSON."""
    return Seen(
        tunnels=tuple(TunnelSeen(**_tuples(one)) for one in told["tunnels"]),
        sites=tuple(SitesSeen(**_tuples(one)) for one in told["sites"]),
        up=told["up"],
        sealed=told["sealed"],
        clear=told["clear"],
    )


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
