"""Settings of the mesh: versions, profile, MTU, how many clusters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from infra.model import AzureSite
from infra.planner import UNDERLAY_MTU, path_mtu
from infra.problems import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model import Fleet

LEAST_PATCH = {19: 5, 20: 0}
"""Least patch release of each supported Cilium minor: 1.19.5 corrected the WireGuard MTU (cilium PR 45940)."""

LEAST_MTU = 1280
"""IPv6 and Azure both want 1280 at least."""

MOST_ENI_ID = 127
"""With ENI addressing a cluster id of 128 or more breaks packet marks (cilium issue 21330)."""


def check(fleet: Fleet) -> Iterator[Finding]:
    """Yield what is wrong with the mesh as a whole."""
    yield from _version(fleet.mesh.cilium)
    yield from _profile(fleet)
    yield from _mtu(fleet)
    most = fleet.mesh.max_clusters
    if most not in (255, 511):
        yield Finding(
            path=("mesh", "maxClusters"),
            message=f"{most} is not offered by Cilium",
            fix="255, or 511 where more clusters may come (half as many identities a cluster)",
        )
    elif len(fleet.clusters) > most:
        yield Finding(
            path=("clusters",),
            message=f"{len(fleet.clusters)} clusters are more than maxClusters {most}",
            fix="fewer clusters, or maxClusters: 511 before the first deployment",
        )


def _version(version: str) -> Iterator[Finding]:
    match = re.fullmatch(r"1\.(\d+)\.(\d+)", version)
    if match is None:
        yield Finding(path=("mesh", "cilium"), message=f"{version!r} is no release of Cilium", fix="1.19.6")
        return
    minor, patch = int(match[1]), int(match[2])
    if minor not in LEAST_PATCH:
        yield Finding(
            path=("mesh", "cilium"), message=f"Cilium {version} is not supported", fix="1.19.6, or a 1.20 release"
        )
    elif patch < LEAST_PATCH[minor]:
        yield Finding(
            path=("mesh", "cilium"),
            message=f"Cilium {version} computes the WireGuard MTU wrongly",
            fix=f"1.{minor}.{LEAST_PATCH[minor]} or newer",
        )


def _profile(fleet: Fleet) -> Iterator[Finding]:
    if fleet.mesh.profile != "eni":
        return
    azure = [name for name, cluster in fleet.clusters.items() if isinstance(fleet.sites.get(cluster.site), AzureSite)]
    if azure:
        yield Finding(
            path=("mesh", "profile"),
            message=f"profile eni exists on AWS only, and all clusters of a mesh share one datapath; on Azure are "
            f"{', '.join(azure)}",
            fix="overlay",
        )
    if fleet.mesh.encryption.type == "none":
        yield Finding(
            path=("mesh", "encryption"),
            message="profile eni without encryption would need every pod port open between sites",
            fix="type: wireguard",
        )
    for name, cluster in fleet.clusters.items():
        if MOST_ENI_ID < cluster.id <= fleet.mesh.max_clusters:
            yield Finding(
                path=("clusters", name, "id"),
                message=f"id {cluster.id} does not work with ENI addressing (cilium issue 21330)",
                fix=f"an id from 1 to {MOST_ENI_ID}",
            )
        if cluster.pod_cidr is not None:
            yield Finding(
                path=("clusters", name, "podCidr"),
                message="in profile eni pods have addresses of the VPC",
                fix="nothing: leave podCidr out",
            )


def _mtu(fleet: Fleet) -> Iterator[Finding]:
    mtu = fleet.mesh.mtu
    if mtu is None:
        return
    known = [link for link in fleet.links if all(site in fleet.sites for site in link.sites)]
    fits = path_mtu(fleet.model_copy(update={"links": tuple(known)}))
    if mtu > fits:
        why = "an IPsec tunnel between the clouds" if fits == UNDERLAY_MTU else "the network between sites"
        yield Finding(
            path=("mesh", "mtu"), message=f"{mtu} bytes do not fit through {why}, which carries {fits}", fix=f"{fits}"
        )
    elif mtu < LEAST_MTU:
        yield Finding(path=("mesh", "mtu"), message=f"{mtu} bytes are too few for a node", fix=f"{LEAST_MTU} to {fits}")
