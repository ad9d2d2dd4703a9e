"""What each link carries, tried with packets: what is small hides that what is large is lost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from infra.planner import link_mtu
from ops.adapters.probe import Heard, Targets, listen
from ops.errors import HmsError
from ops.services.observe.asking import Asking
from ops.services.observe.seen import Seen
from ops.services.observe.wrong import Wrong

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.plan import FleetPlan
    from ops.services.observe.look import Sight
    from ops.services.observe.snapshot import ClusterView, Snapshot

PATIENCE = 3.0
"""Seconds for all of it."""

_ANSWER = 1.5
"""Seconds to wait for an answer: several times the slowest link's round trip."""

SMALL = 64
"""Octets of a packet that passes everywhere."""


@dataclass(frozen=True, kw_only=True)
class Direction:
    """Packets of one site to another.

    Parameters
    ----------
    link, source, destination
        Names of the link and the sites.
    octets
        Size of the largest IP packets that the mesh sends over the link.
    small, large
        Whether packets of the smallest and of that size came back from any node; None where nothing could be tried.
    error
        Why not.
    """

    link: str
    source: str
    destination: str
    octets: int
    small: bool | None
    large: bool | None
    error: str

    @property
    def says(self) -> str:
        """What is wrong, in a line; empty where all is well, or nothing is known."""
        way = f"from {self.source} to {self.destination}"
        if self.small is False:
            return f"{way} no packet gets through"
        if self.large is False:
            return f"{way} packets of {self.octets} octets are lost, small ones are not"
        return ""

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "link": self.link,
            "from": self.source,
            "to": self.destination,
            "octets": self.octets,
            "small": self.small,
            "large": self.large,
            "error": self.error or None,
        }


def try_links(
    snapshot: Snapshot, plan: FleetPlan, sights: Mapping[str, Sight | HmsError], *, seconds: float = PATIENCE
) -> tuple[Direction, ...]:
    """Send packets over every link, in both directions, from one node to all beyond it.

    Parameters
    ----------
    snapshot
        Says which nodes there are, and where an agent answers.
    """
    asking = Asking(max(1, 2 * len(plan.links)), seconds)
    wanted = [
        (name, *ends, min(link_mtu(plan.fleet, link.sites), plan.mesh.mtu))
        for name, link in plan.links.items()
        for ends in (link.sites, link.sites[::-1])
    ]
    for name, source, destination, octets in wanted:
        start, addresses = _start(snapshot, plan, source, sights), _addresses(snapshot, plan, destination)
        if start is not None and addresses:
            targets = Targets(echoes=dict.fromkeys(addresses, (SMALL, octets)))
            asking.ask((name, source), partial(_listen, *start, targets))
    asking.run()
    unknown: Seen[Heard] = Seen(error="no agent there answers, or nobody says which nodes are beyond")
    return tuple(
        _direction(asking.seen.get((name, source), unknown), name, source, destination, octets)
        for name, source, destination, octets in wanted
    )


def wrong_links(found: tuple[Direction, ...]) -> Iterator[Wrong]:
    """List what is wrong with links."""
    for each in found:
        if each.says:
            yield Wrong(cluster="", what=f"link {each.link}", says=each.says)


def _start(
    snapshot: Snapshot, plan: FleetPlan, site: str, sights: Mapping[str, Sight | HmsError]
) -> tuple[Sight, str] | None:
    for view in _of_site(snapshot, plan, site):
        sight = sights[view.name]
        node = next((node for node, seen in view.agents.items() if seen.known), None)
        if node is not None and not isinstance(sight, HmsError):
            return sight, node
    return None


def _addresses(snapshot: Snapshot, plan: FleetPlan, site: str) -> list[str]:
    nodes = (node for view in _of_site(snapshot, plan, site) for node in view.nodes.get(()))
    return [node.address for node in nodes if node.address and node.ready]


def _of_site(snapshot: Snapshot, plan: FleetPlan, site: str) -> Iterator[ClusterView]:
    return (view for name, view in snapshot.clusters.items() if plan.clusters[name].site == site)


def _listen(sight: Sight, node: str, targets: Targets) -> Heard:
    return listen(sight.cilium, sight.cilium.agents()[node], targets, seconds=_ANSWER)


def _direction(seen: Seen[Heard], link: str, source: str, destination: str, octets: int) -> Direction:
    sizes = [size for each in seen.value.echoes.values() for size in each] if seen.value is not None else []
    return Direction(
        link=link,
        source=source,
        destination=destination,
        octets=octets,
        small=SMALL in sizes if seen.known else None,
        large=octets in sizes if seen.known else None,
        error=seen.error,
    )
