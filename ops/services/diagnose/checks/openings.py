"""Whether firewalls let through what the mesh needs between sites, where packets get over the link at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.ports import HEALTH, MESH_API_PORT
from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding
from ops.services.diagnose.places import health_addresses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.adapters.probe import Heard
    from ops.services.diagnose.case import Case


@dataclass(frozen=True, kw_only=True)
class _Opening:
    """What has to get through to a cluster.

    Parameters
    ----------
    answers
        Says whether it does, of what a node beyond the link heard.
    needs
        Things without which nothing would answer anyway.
    """

    what: str
    answers: Callable[[Heard], bool]
    needs: frozenset[str]


def look(case: Case) -> Iterator[Finding]:
    """Find openings that are shut though others to the same cluster are not."""
    for link in case.plan.links.values():
        for start, end in (link.sites, link.sites[::-1]):
            ears = list(case.ears(site=start).values())
            for name in (each for each in case.clusters if case.site(each) == end):
                openings = list(_openings(case, name))
                shut = [each for each in openings if not any(map(each.answers, ears))]
                # Where nothing answers at all, it is more than an opening that is shut.
                for each in shut if len(shut) < len(openings) else ():
                    yield Finding(
                        about=(link.name, name),
                        saw=f"from {start}, nothing of {name} answers on {each.what}; other packets get there",
                        why="a security group, an NSG or a route between the sites keeps it back",
                        run=case.commands.link(case.plan, link.name),
                        needs=frozenset({things.link(link.name), *each.needs}),
                        breaks=frozenset(
                            way
                            for other in case.clusters
                            if case.site(other) == start
                            for way in things.both_ways(other, name)
                        ),
                    )


def _openings(case: Case, cluster: str) -> Iterator[_Opening]:
    nodes = list(case.nodes[cluster].values())
    standing = frozenset(map(things.node, case.nodes[cluster]))
    agents = standing | frozenset(map(things.agent, case.nodes[cluster]))
    health = health_addresses(case.seen)
    behind = [health[node] for node in nodes if node in health]
    if case.plan.clusters[cluster].meshed:
        mesh = [(address, MESH_API_PORT) for address in case.plan.clusters[cluster].mesh_addresses]
        yield _Opening(
            what=f"TCP {MESH_API_PORT} of its mesh API server ({', '.join(host for host, _ in mesh)})",
            answers=lambda heard: not heard.ports.keys().isdisjoint(mesh),
            needs=frozenset({things.mesh(cluster)}),
        )
    if nodes:
        yield _Opening(
            what=f"TCP {HEALTH.port} of its nodes ({', '.join(nodes)})",
            answers=lambda heard: any((node, HEALTH.port) in heard.ports for node in nodes),
            needs=agents,
        )
        yield _Opening(
            what=f"ICMP echo to its nodes ({', '.join(nodes)})",
            answers=lambda heard: any(heard.echoes.get(node) for node in nodes),
            needs=standing,
        )
    if behind:
        yield _Opening(
            what=f"packets to its pods, tried at the health endpoints of its nodes ({', '.join(behind)})",
            answers=lambda heard: any(heard.echoes.get(address) for address in behind),
            needs=agents,
        )


CHECK = Check(
    id="openings",
    title="Firewalls between the sites let the mesh through",
    covers="a shut port of mesh API servers, health probes, overlay or WireGuard between two sites",
    look=look,
)
