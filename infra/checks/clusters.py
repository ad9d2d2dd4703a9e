"""Clusters: their site, id, version and nodes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from infra.addresses import NODE_POD_PREFIX, POD_PREFIX, aws_addresses, azure_addresses, largest_id, pod_cidr
from infra.checks.names import Names, suggest
from infra.model import AwsSite
from infra.problems import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model import Cluster, Fleet

KUBERNETES_VERSIONS = ("1.33", "1.34", "1.35", "1.36")
"""Minors that both clouds run under standard support and Cilium 1.19 and 1.20 are tested with (looked at 2026-11)."""


def check(fleet: Fleet, names: Names) -> Iterator[Finding]:
    """Yield what is wrong with each cluster, and ids that two clusters share."""
    holders: dict[int, str] = {}
    free = next(number for number in range(1, 1024) if number not in {c.id for c in fleet.clusters.values()})
    for name, cluster in fleet.clusters.items():
        path = ("clusters", name)
        if name == "default":
            yield Finding(path=path, message="Cilium refuses the name 'default' in a mesh", fix="another name")
        if cluster.site not in names.sites:
            yield Finding(
                path=(*path, "site"),
                message=f"there is no site {cluster.site!r}",
                fix=suggest(cluster.site, names.sites),
            )
        if not 1 <= cluster.id <= fleet.mesh.max_clusters:
            yield Finding(
                path=(*path, "id"),
                message=f"id {cluster.id} is out of range",
                fix=f"a number from 1 to {fleet.mesh.max_clusters}, such as {free}",
            )
        elif cluster.id in holders:
            yield Finding(
                path=(*path, "id"),
                message=f"id {cluster.id} is that of cluster {holders[cluster.id]!r} too",
                fix=f"id: {free}",
            )
        holders.setdefault(cluster.id, name)
        yield from _version(name, cluster)
        yield from _pools(name, cluster, fleet)
        yield from _mesh_address(name, cluster, fleet)


def _version(name: str, cluster: Cluster) -> Iterator[Finding]:
    version = cluster.kubernetes
    if version in KUBERNETES_VERSIONS:
        return
    minor = re.match(r"v?(1\.\d+)", version)
    fix = minor[1] if minor and minor[1] in KUBERNETES_VERSIONS else f"one of {', '.join(KUBERNETES_VERSIONS)}"
    yield Finding(
        path=("clusters", name, "kubernetes"), message=f"Kubernetes {version!r} is not offered", fix=f'"{fix}"'
    )


def _pools(name: str, cluster: Cluster, fleet: Fleet) -> Iterator[Finding]:
    for pool, spec in cluster.node_pools.items():
        path = ("clusters", name, "nodePools", pool)
        if spec.min > spec.max:
            yield Finding(
                path=(*path, "min"), message=f"min {spec.min} is more than max {spec.max}", fix=f"min: {spec.max}"
            )
        site = fleet.sites.get(cluster.site)
        if spec.size and site and spec.size.startswith("Standard_") == isinstance(site, AwsSite):
            example = "m6i.xlarge" if isinstance(site, AwsSite) else "Standard_D4s_v5"
            yield Finding(
                path=(*path, "size"), message=f"{spec.size!r} is a size of the other cloud", fix=f"size: {example}"
            )
    if fleet.mesh.profile != "overlay" or fleet.mesh.max_clusters not in POD_PREFIX:
        return
    if not 1 <= cluster.id <= fleet.mesh.max_clusters:
        return
    pods = cluster.pod_cidr or pod_cidr(cluster.id, fleet.mesh.max_clusters)
    nodes = sum(spec.max for spec in cluster.node_pools.values())
    room = max(0, 1 << max(0, NODE_POD_PREFIX - pods.prefixlen)) if pods.prefixlen <= NODE_POD_PREFIX else 0
    if nodes > room:
        needed = NODE_POD_PREFIX - (nodes - 1).bit_length()
        yield Finding(
            path=("clusters", name, "podCidr" if cluster.pod_cidr else "nodePools"),
            message=f"pod range {pods} has a /{NODE_POD_PREFIX} for {room} nodes, the pools grow to {nodes}",
            fix=f"a podCidr of /{needed} or wider, or pools of at most {room} nodes together",
        )


def _mesh_address(name: str, cluster: Cluster, fleet: Fleet) -> Iterator[Finding]:
    site = fleet.sites.get(cluster.site)
    if site is None or site.cidr.prefixlen not in range(16, 21):
        return
    cut = aws_addresses(site.cidr) if isinstance(site, AwsSite) else azure_addresses(site.cidr)
    most = largest_id(cut.mesh_ranges[0].prefixlen)
    if most < cluster.id <= fleet.mesh.max_clusters:
        yield Finding(
            path=("clusters", name, "id"),
            message=f"site {cluster.site!r} ({site.cidr}) has mesh addresses for ids up to {most}, not {cluster.id}",
            fix=f"an id of at most {most}, or a wider range for the site",
        )
