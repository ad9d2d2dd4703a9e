"""``hms mesh status``: the mesh as each cluster sees each other one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.services.observe.compare import wrong_between
from ops.services.observe.packets import SMALL, Direction, wrong_links
from ops.services.observe.pairs import Pair, pairs, wrong_of
from ops.services.observe.words import instant, moment, share, span
from ops.services.observe.wrong import Wrong, wrong_table
from ops.services.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.plan import FleetPlan
    from ops.services.observe.mesh import Peer, Way
    from ops.services.observe.seen import Seen
    from ops.services.observe.snapshot import Snapshot

PARTS = frozenset({"nodes", "config", "cilium_nodes", "endpoints", "agents", "addresses", "mesh_servers", "ways"})
"""What has to be seen for it."""


@dataclass(frozen=True, kw_only=True)
class MeshReport:
    """The mesh at a moment.

    Parameters
    ----------
    links
        What each link carries; empty where that was not tried.
    """

    snapshot: Snapshot
    pairs: tuple[Pair, ...]
    links: tuple[Direction, ...]
    wrong: tuple[Wrong, ...]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    @property
    def usable(self) -> bool:
        """Whether any cluster was to be asked."""
        return any(not view.unreachable for view in self.snapshot.clusters.values())

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data, version 1: ``docs/json/mesh-status.md``."""
        return {
            "v": 1,
            "fleet": self.snapshot.fleet,
            "where": self.snapshot.where,
            "taken": instant(self.snapshot.taken),
            "seconds": round(self.snapshot.seconds, 2),
            "good": self.good,
            "clusters": {
                name: {
                    "error": view.unreachable or None,
                    "id": view.config.value.id if view.config.value else None,
                    "maxConnectedClusters": view.config.value.max_connected_clusters if view.config.value else None,
                }
                for name, view in self.snapshot.clusters.items()
            },
            "pairs": [_pair(each) for each in self.pairs],
            "links": [each.as_json() for each in self.links],
            "wrong": [each.as_json() for each in self.wrong],
            "remarks": list(self.snapshot.remarks),
        }

    def tables(self) -> tuple[Table, ...]:
        """Give it as tables: what is wrong, the matrix, and the numbers."""
        found = {(each.source, each.peer): each for each in self.pairs}
        names = [name for name in self.snapshot.clusters if any(name in key for key in found)]
        matrix = Table(
            title=f"Mesh of {self.snapshot.fleet}, {self.snapshot.where}",
            head=("from", *(f"to {name}" for name in names)),
            rows=tuple(
                (
                    source,
                    *(found[source, peer].state if (source, peer) in found else "-" for peer in names),
                )
                for source in names
            ),
        )
        numbers = Table(
            title="What each sees",
            head=(
                *("from", "to", "KVStoreMesh", "agents", "way", "nodes", "identities", "endpoints", "services"),
                *("failures", "last failure", "youngest object seen", "unseen"),
            ),
            rows=tuple(map(_row, self.pairs)),
        )
        links = Table(
            title="What links carry",
            head=("link", "from", "to", f"{SMALL} octets", "the largest"),
            rows=tuple(
                (each.link, each.source, each.destination, _passes(each.small), f"{each.octets}: {_passes(each.large)}")
                for each in self.links
            ),
        )
        return tuple(table for table in (wrong_table(self.wrong), matrix, numbers, links) if table.rows)

    @property
    def summary(self) -> str:
        """Say it in a line."""
        ready = sum(each.state == "ready" for each in self.pairs)
        return (
            f"{self.snapshot.fleet}: {ready} of {len(self.pairs)} connections well, "
            f"{len(self.wrong)} things wrong, seen within {self.snapshot.seconds:.1f} s"
        )


def mesh_report(snapshot: Snapshot, plan: FleetPlan, links: tuple[Direction, ...] = ()) -> MeshReport:
    """Judge the mesh by what was seen of it, and what its links carry."""
    found = pairs(snapshot, plan)
    unreachable = (
        Wrong(cluster=name, what="API server", says=view.unreachable)
        for name, view in snapshot.clusters.items()
        if view.unreachable
    )
    dead = (
        Wrong(cluster=name, what=f"agent on {node}", says=seen.error)
        for name, view in snapshot.clusters.items()
        for node, seen in view.agents.items()
        if seen.failed
    )
    of_pairs = (wrong for pair in found if not snapshot.clusters[pair.source].unreachable for wrong in wrong_of(pair))
    wrong = (*unreachable, *dead, *wrong_links(links), *wrong_between(snapshot, plan), *of_pairs)
    return MeshReport(snapshot=snapshot, pairs=found, links=links, wrong=wrong)


def _pair(pair: Pair) -> dict[str, Any]:
    fresh = pair.freshness
    waiting = fresh.waiting if fresh else None
    return {
        "from": pair.source,
        "to": pair.peer,
        "state": pair.state,
        "problems": list(pair.problems),
        "kvstoremesh": {pod: _peer(each) for pod, each in pair.servers.items()},
        "agents": {node: _peer(each) for node, each in pair.agents.items()},
        "ways": {pod: _way(each) for pod, each in pair.ways.items()},
        "lastObject": fresh.last.as_json() if fresh and fresh.last else None,
        "waiting": {**waiting.as_json(), "missing": fresh.missing} if fresh and waiting else None,
    }


def _peer(peer: Peer | None) -> dict[str, Any] | None:
    if peer is None:
        return None
    return {
        "connected": peer.connected,
        "ready": peer.ready,
        "status": peer.status,
        "nodes": peer.nodes,
        "identities": peer.identities,
        "endpoints": peer.endpoints,
        "services": peer.services,
        "failures": peer.failures,
        "lastFailure": instant(peer.last_failure),
        "clusterId": peer.cluster_id,
        "synced": dict(peer.synced) if peer.synced is not None else None,
    }


def _way(seen: Seen[Way]) -> dict[str, Any]:
    if seen.value is None:
        return {"works": None, "failures": [], "error": seen.error}
    return {"works": seen.value.works, "failures": list(seen.value.failures), "error": None}


def _row(pair: Pair) -> tuple[str, ...]:
    told, fresh = pair.told, pair.freshness
    numbers = (told.nodes, told.identities, told.endpoints, told.services) if told else ("-",) * 4
    last = span(fresh.last.age) if fresh and fresh.last else "-"
    unseen = f"{fresh.missing} for {span(fresh.waiting.age)}" if fresh and fresh.waiting else "-" if not fresh else "0"
    return (
        pair.source,
        pair.peer,
        _ready(pair.servers),
        _ready(pair.agents),
        share(each.value is not None and each.value.works for each in pair.ways.values()),
        *map(str, numbers),
        str(told.failures) if told else "-",
        moment(told.last_failure) if told else "-",
        last,
        unseen,
    )


def _passes(state: bool | None) -> str:  # noqa: FBT001 - one word of three
    return {True: "passes", False: "is lost", None: "not tried"}[state]


def _ready(views: Mapping[str, Peer | None]) -> str:
    return share(each is not None and each.ready for each in views.values())
