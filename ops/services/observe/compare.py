"""What must be equal, or different, in all clusters of a mesh and is not. Cilium itself refuses little of it."""

from __future__ import annotations

from ipaddress import ip_network
from itertools import combinations
from typing import TYPE_CHECKING

from ops.services.observe.wrong import Wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infra.plan import FleetPlan
    from ops.services.observe.cilium import CiliumConfig
    from ops.services.observe.snapshot import ClusterView, Snapshot

_EQUAL: Mapping[str, Callable[[CiliumConfig], object]] = {
    "max-connected-clusters": lambda config: config.max_connected_clusters,
    "routing-mode": lambda config: config.routing,
    "tunnel-protocol": lambda config: config.tunnel,
    "encryption": lambda config: config.encryption,
    "mtu": lambda config: config.mtu or "automatic",
    "identity-allocation-mode": lambda config: config.data.get("identity-allocation-mode", ""),
}
"""Settings of ``cilium-config`` that all clusters of a mesh have to share."""


def wrong_between(snapshot: Snapshot, plan: FleetPlan) -> Iterator[Wrong]:
    """Compare the clusters with each other, and their places in the mesh with the plan."""
    meshed = {name: view for name, view in snapshot.clusters.items() if plan.clusters[name].meshed}
    configs = {name: view.config.value for name, view in meshed.items() if view.config.value is not None}
    yield from _places(configs, plan)
    yield from _unequal(configs)
    yield from _overlaps(meshed)
    yield from _versions(meshed)


def _places(configs: Mapping[str, CiliumConfig], plan: FleetPlan) -> Iterator[Wrong]:
    for name, config in configs.items():
        planned = plan.clusters[name]
        if config.name != name:
            yield Wrong(cluster=name, what="cluster-name", says=f"is {config.name!r}")
        if config.id != planned.id:
            yield Wrong(cluster=name, what="cluster-id", says=f"is {config.id}, planned {planned.id}")
    for one, other in combinations(configs, 2):
        if configs[one].id == configs[other].id:
            yield Wrong(cluster="", what="cluster-id", says=f"{one} and {other} both have {configs[one].id}")


def _unequal(configs: Mapping[str, CiliumConfig]) -> Iterator[Wrong]:
    for setting, read in _EQUAL.items():
        values: dict[str, list[str]] = {}
        for name, config in configs.items():
            values.setdefault(str(read(config)), []).append(name)
        if len(values) > 1:
            said = "; ".join(f"{value or 'none'} in {', '.join(names)}" for value, names in values.items())
            yield Wrong(cluster="", what=setting, says=f"differs: {said}")


def _overlaps(meshed: Mapping[str, ClusterView]) -> Iterator[Wrong]:
    """Compare pools, and what nodes were given: either may overlap without the other."""
    for kind, ranges in (("pod pools", _pools), ("pod ranges of nodes", _given)):
        found = {name: ranges(view) for name, view in meshed.items()}
        for one, other in combinations(found, 2):
            for mine in found[one]:
                for theirs in found[other]:
                    if ip_network(mine, strict=False).overlaps(ip_network(theirs, strict=False)):
                        yield Wrong(cluster="", what=kind, says=f"{mine} of {one} overlaps with {theirs} of {other}")


def _pools(view: ClusterView) -> tuple[str, ...]:
    return view.config.value.pod_pool if view.config.value is not None else ()


def _given(view: ClusterView) -> tuple[str, ...]:
    return tuple(cidr for node in view.cilium_nodes.get(()) for cidr in node.pod_cidrs)


def _versions(meshed: Mapping[str, ClusterView]) -> Iterator[Wrong]:
    found: dict[str, set[str]] = {}
    for name, view in meshed.items():
        for seen in view.agents.values():
            if seen.value is not None and seen.value.version:
                found.setdefault(seen.value.version, set()).add(name)
    if len(found) > 1:
        said = "; ".join(f"{version} in {', '.join(sorted(names))}" for version, names in sorted(found.items()))
        yield Wrong(cluster="", what="Cilium", says=f"versions differ: {said}")
