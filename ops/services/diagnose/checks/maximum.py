"""Whether all clusters agree on how many there may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find clusters with another ``max-connected-clusters`` than the mesh's."""
    planned = case.plan.mesh.max_clusters
    for name in case.meshed:
        config = case.clusters[name][1].config.value
        if config is None or config.max_connected_clusters == planned:
            continue
        yield Finding(
            about=(name,),
            saw=f"{name} has max-connected-clusters {config.max_connected_clusters}; the mesh has {planned}",
            why="the number says how many bits of an identity are the cluster's: agents refuse peers that count "
            "otherwise, and it cannot be changed while pods run",
            run=case.commands.kubectl(
                name, "--namespace kube-system get configmap cilium-config -o jsonpath='{.data.max-connected-clusters}'"
            ),
            needs=frozenset({things.api(name)}),
            breaks=frozenset(way for other in case.meshed for way in things.both_ways(name, other)),
        )


CHECK = Check(
    id="maximum",
    title="All clusters have the mesh's maxConnectedClusters",
    covers="different maxima of connected clusters",
    look=look,
)
