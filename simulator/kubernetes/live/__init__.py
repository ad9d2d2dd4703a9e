"""Kubernetes for real: with a lab beside the simulated clouds, objects go to its API servers as well.

The simulated kinds know nothing of it. Their own rules come first, so what the clouds refuse is refused here too; then
the object is applied and waited for, outside of the world's transaction; then it is recorded, as it is in the cluster.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from simulator.kubernetes.cluster import RELEASE
from simulator.kubernetes.live.cluster import LiveCluster
from simulator.kubernetes.live.gates import CORE_DNS, NODES
from simulator.kubernetes.live.lab import cluster_named, lab_cluster
from simulator.kubernetes.live.objects import LiveObject
from simulator.kubernetes.live.release import LiveRelease
from simulator.variables import LAB

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.kind import Kind, Real
    from simulator.kubernetes.live.gates import Gate

_CORE: Final = "core/"
"""How Pulumi's tokens spell the API group that has no name."""


def emptied_in_lab(kind: Kind) -> Kind:
    """Return the kind of a cloud's cluster, whose deletion takes along all that is in the lab's cluster."""

    def real(context: Context) -> Real | None:
        if context.old is None:
            return None
        cluster = cluster_named(str(context.old.outputs.get("name")))
        return LiveCluster(cluster) if cluster is not None else None

    return replace(kind, real=real)


def waits_in_lab(kind: Kind, gate: Gate) -> Kind:
    """Return a kind of a cloud that calls its resources made once something works in the lab's cluster."""
    return replace(kind, real=lambda _: gate if os.environ.get(LAB) else None)


def in_lab(kind: Kind) -> Kind:
    """Return a kind whose resources are made in the lab too, where one runs."""
    _, api_version, name = kind.token.split(":")

    def real(context: Context) -> Real | None:
        cluster = lab_cluster(context)
        if cluster is None:
            return None
        if kind.token == RELEASE:
            return LiveRelease(cluster)
        return LiveObject(cluster, api_version.removeprefix(_CORE), name)

    return replace(kind, real=real)


__all__ = ["CORE_DNS", "NODES", "emptied_in_lab", "in_lab", "waits_in_lab"]
