"""Faults of what a cluster's mesh is configured with: certificates, ids and ranges."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from lab.cilium.certificates import Authority
from lab.errors import LabError
from lab.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.running import RunningLab

OTHER_MAXIMUM = {255: 511, 511: 255}
"""The two values that ``maxConnectedClusters`` can have."""


def _expired(lab: RunningLab, name: str) -> None:
    lab.cluster(name).release.sign(expired=True)


def _strange(lab: RunningLab, name: str) -> None:
    lab.cluster(name).release.sign(Authority.new())


def _signed(lab: RunningLab, name: str) -> None:
    lab.cluster(name).release.sign()


def _peer(lab: RunningLab, name: str) -> str:
    """Give the first other cluster of the mesh, whose values the cluster takes by mistake."""
    for other, cluster in lab.clusters.items():
        if other != name and cluster.plan.plan.meshed:
            return other
    raise LabError(f"{name} has no peer in the mesh", "this fault needs two clusters")


def _with(change: Callable[[RunningLab, str, dict[str, Any]], None]) -> Callable[[RunningLab, str], None]:
    """Make a fault of a change of the Helm values."""

    def apply(lab: RunningLab, name: str) -> None:
        release = lab.cluster(name).release
        values = copy.deepcopy(release.values)
        change(lab, name, values)
        release.try_values(values)

    return apply


def _id_of_peer(lab: RunningLab, name: str, values: dict[str, Any]) -> None:
    values["cluster"]["id"] = lab.cluster(_peer(lab, name)).plan.id


def _range_of_peer(lab: RunningLab, name: str, values: dict[str, Any]) -> None:
    pool = lab.cluster(_peer(lab, name)).plan.plan.pod_cidr
    values["ipam"]["operator"]["clusterPoolIPv4PodCIDRList"] = [str(pool)]


def _other_maximum(_: RunningLab, __: str, values: dict[str, Any]) -> None:
    maximum = values["clustermesh"]["maxConnectedClusters"]
    values["clustermesh"]["maxConnectedClusters"] = OTHER_MAXIMUM[int(maximum)]


def _planned(lab: RunningLab, name: str) -> None:
    release = lab.cluster(name).release
    release.try_values(release.values)


FAULTS = (
    Fault(
        name="certificate",
        target="cluster",
        means="the certificates of the cluster's mesh API server have expired",
        break_=_expired,
        mend=_signed,
    ),
    Fault(
        name="ca",
        target="cluster",
        means="another CA than the mesh's has signed the cluster's certificates",
        break_=_strange,
        mend=_signed,
    ),
    Fault(
        name="cluster-id",
        target="cluster",
        means="the cluster has the id of another",
        break_=_with(_id_of_peer),
        mend=_planned,
    ),
    Fault(
        name="pod-range",
        target="cluster",
        means="the cluster's new nodes get pod ranges of another cluster",
        break_=_with(_range_of_peer),
        mend=_planned,
    ),
    Fault(
        name="maximum",
        target="cluster",
        means="the cluster has another maxConnectedClusters than its mesh",
        break_=_with(_other_maximum),
        mend=_planned,
    ),
)
