"""How fresh a cluster's knowledge of a peer is, measured by what the peer has: ``ready`` alone is no sign of life.

A peer says of a connection that it is ready until two heartbeats of a minute each have failed to come. What counts is
whether new objects arrive. The peer's own API server says which pods it has given an address, and when; the kernel of
every node here says which of them it knows. So there is an age of the youngest that all nodes know, and, for one that
some node does not know, how long it has been waiting: no clock of Cilium's, and no object made for the purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ops.services.observe.cilium import Endpoint, Entry
    from ops.services.observe.seen import Seen
    from ops.services.observe.snapshot import ClusterView

GRACE = 5.0
"""Seconds that an object may take from one API server into the other cluster's kernels, and that clocks may differ."""


@dataclass(frozen=True, kw_only=True)
class Thing:
    """An object of a peer.

    Parameters
    ----------
    name
        ``NAMESPACE/POD``.
    age
        Seconds since it was made.
    """

    name: str
    age: float

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {"name": self.name, "seconds": round(self.age, 1)}


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """How fresh the knowledge of a peer is.

    Parameters
    ----------
    last
        The youngest pod of the peer that every node knows; None if there is none.
    waiting
        The oldest that some node does not know, though it should by now; None if all know all.
    missing
        How many some node does not know.
    """

    last: Thing | None
    waiting: Thing | None
    missing: int


def freshness(here: ClusterView, peer: ClusterView) -> Freshness | None:
    """Measure it; None where one of the two does not say enough."""
    tables = [seen for seen in here.addresses.values() if seen.value is not None and seen.at is not None]
    if not tables or peer.endpoints.value is None:
        return None
    seen_at = max(seen.at for seen in tables if seen.at is not None)
    known, unknown = [], []
    for endpoint in (each for each in peer.endpoints.value if each.shared):
        if all(_knows(seen, endpoint) for seen in tables):
            known.append(endpoint)
        elif _age(endpoint, seen_at) > GRACE:
            unknown.append(endpoint)
    return Freshness(
        last=_thing(max(known, key=lambda each: each.made, default=None), seen_at),
        waiting=_thing(min(unknown, key=lambda each: each.made, default=None), seen_at),
        missing=len(unknown),
    )


def _knows(seen: Seen[Mapping[str, Entry]], endpoint: Endpoint) -> bool:
    """Whether a kernel knows a pod, as who it is now: an address may have been another pod's before."""
    entry = (seen.value or {}).get(f"{endpoint.address}/32")
    return entry is not None and entry.identity == endpoint.identity


def _age(endpoint: Endpoint, at: datetime) -> float:
    return (at - endpoint.made).total_seconds()


def _thing(endpoint: Endpoint | None, at: datetime) -> Thing | None:
    if endpoint is None:
        return None
    return Thing(name=f"{endpoint.namespace}/{endpoint.name}", age=max(0.0, _age(endpoint, at)))
