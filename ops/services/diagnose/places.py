"""Where everything of a fleet is, and what is to be tried from each node."""

from __future__ import annotations

from ipaddress import IPv4Address
from itertools import product
from typing import TYPE_CHECKING

from infra.planner import link_mtu
from infra.ports import HEALTH, MESH_API_PORT
from ops.adapters.probe import Targets
from ops.services.diagnose import things

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Network

    from infra.plan import FleetPlan, LinkPlan
    from ops.services.observe.cilium import Entry
    from ops.services.observe.snapshot import Snapshot

SMALL = 64
"""Octets of a packet that passes everywhere."""

_HEALTH_IDENTITY = 4
"""Reserved identity of the agents' health endpoints, which stand for a pod on each node."""

_STEPS = 10

_MEASURED = 3
"""Nodes of a cluster to which packets of all sizes are sent: the way to all of them is one."""


def largest(plan: FleetPlan, link: LinkPlan) -> int:
    """Give the size in octets of the largest packets that the mesh sends over a link."""
    return min(link_mtu(plan.fleet, link.sites), plan.mesh.mtu)


def sizes(mtu: int) -> tuple[int, ...]:
    """Give the sizes of packets that show how large one may be, up to a planned one."""
    return (SMALL, 576, 1000, *range(1200, mtu, (mtu - 1200) // _STEPS or 1), mtu)


def identities_of(maximum: int) -> int:
    """Say how many identities each cluster has for itself: they are numbered from its id times this.

    Source: Cilium, "Setting up Cluster Mesh", max-connected-clusters.
    """
    return 2**24 // (maximum + 1)


def link_between(plan: FleetPlan, first: str, second: str) -> LinkPlan | None:
    """Give the link between two sites."""
    return next((link for link in plan.links.values() if set(link.sites) == {first, second}), None)


def ways_over(plan: FleetPlan, link: LinkPlan) -> frozenset[str]:
    """Name what clusters of one end of a link and of the other get to know of each other."""
    ends = [[name for name, cluster in plan.clusters.items() if cluster.site == site] for site in link.sites]
    return frozenset(way for pair in product(*ends) for way in things.both_ways(*pair))


def node_addresses(plan: FleetPlan, seen: Snapshot) -> dict[str, dict[str, str]]:
    """Find the address of each node: what its cluster says, else what the others have of it in their kernels."""
    found: dict[str, dict[str, str]] = {}
    for name, view in seen.clusters.items():
        if view.nodes.value is not None:
            found[name] = {node.name: node.address for node in view.nodes.value if node.address}
        else:
            found[name] = {address: address for address in sorted(_known_to_others(plan, seen, name))}
    return found


def health_addresses(seen: Snapshot) -> dict[str, str]:
    """Find the health endpoint behind each node's address: a packet to it goes as one to a pod there does."""
    return {
        entry.tunnel: prefix.removesuffix("/32")
        for _, prefix, entry in _entries(seen)
        if entry.identity == _HEALTH_IDENTITY and entry.tunnel and prefix.endswith("/32")
    }


def targets(plan: FleetPlan, seen: Snapshot) -> dict[str, dict[str, Targets]]:
    """Say what is to be tried, by cluster and the node that tries it; nothing from where nobody can be asked.

    From each node: its neighbours and the nodes beyond each link, in all sizes there; the health endpoints behind
    them; and the mesh API servers, the own one included.
    """
    nodes, health = node_addresses(plan, seen), health_addresses(seen)
    found: dict[str, dict[str, Targets]] = {}
    for cluster, view in seen.clusters.items():
        if not view.nodes.known:
            continue
        echoes, ports = _from_site(plan, plan.clusters[cluster].site, nodes)
        echoes |= {health[address]: (SMALL,) for address in echoes if address in health}
        found[cluster] = {
            node: Targets(
                echoes={address: each for address, each in echoes.items() if address not in {own, health.get(own)}},
                ports=frozenset((host, port) for host, port in ports if host != own),
            )
            for node, own in nodes[cluster].items()
        }
    return found


def _from_site(
    plan: FleetPlan, site: str, nodes: dict[str, dict[str, str]]
) -> tuple[dict[str, tuple[int, ...]], set[tuple[str, int]]]:
    """Give sizes of echoes and TCP ports for all to which there is a way from a site."""
    echoes: dict[str, tuple[int, ...]] = {}
    ports: set[tuple[str, int]] = set()
    for cluster, addresses in nodes.items():
        planned = plan.clusters[cluster]
        link = link_between(plan, site, planned.site)
        if planned.site != site and link is None:
            continue
        for number, address in enumerate(addresses.values()):
            echoes[address] = sizes(largest(plan, link)) if link and number < _MEASURED else (SMALL,)
            ports.add((address, HEALTH.port))
        if planned.meshed:
            ports |= {(address, MESH_API_PORT) for address in planned.mesh_addresses}
    return echoes, ports


def _known_to_others(plan: FleetPlan, seen: Snapshot, cluster: str) -> set[str]:
    share, own = identities_of(plan.mesh.max_clusters), plan.clusters[cluster].id
    ranges = _node_ranges(plan, cluster)
    return {
        entry.tunnel
        for other, _, entry in _entries(seen)
        if other != cluster
        and entry.tunnel
        and entry.identity // share == own
        and any(IPv4Address(entry.tunnel) in each for each in ranges)
    }


def _node_ranges(plan: FleetPlan, cluster: str) -> tuple[IPv4Network, ...]:
    return plan.sites[plan.clusters[cluster].site].addresses.node_ranges


def _entries(seen: Snapshot) -> Iterator[tuple[str, str, Entry]]:
    for name, view in seen.clusters.items():
        for table in view.addresses.values():
            for prefix, entry in table.get({}).items():
                yield name, prefix, entry
