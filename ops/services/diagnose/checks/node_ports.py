"""Whether the node port of every mesh API server is its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case

_MESH = "kube-system/clustermesh-apiserver"


def look(case: Case) -> Iterator[Finding]:
    """Find mesh API servers with another node port than planned, and say who has that, or another cluster's."""
    for name in case.meshed:
        cluster, view = case.clusters[name]
        ports = view.node_ports.get({})
        # On Azure the load balancer is the Service's own, whatever port it takes.
        if not ports or case.plan.sites[cluster.site].cloud != "aws":
            continue
        holder = ports.get(cluster.mesh_node_port)
        own = next((port for port, service in ports.items() if service == _MESH), None)
        if holder == _MESH:
            continue
        others = [other for other in case.meshed if other != name and case.plan.clusters[other].mesh_node_port == own]
        yield Finding(
            about=(name, *others),
            saw=f"the mesh API server of {name} has {f'the node port {own}' if own else 'no node port'}; planned is "
            f"{cluster.mesh_node_port}"
            + (f", which {holder} has" if holder else "")
            + (f"; {own} is that of {', '.join(others)}" if others else ""),
            why="the load balancer sends peers to the planned port; where two clusters have one, nodes without "
            "kube-proxy answer for the peer themselves (cilium/cilium#24692)",
            run=case.commands.kubectl(name, "get services -A"),
            needs=frozenset({things.api(name)}),
            breaks=frozenset({things.mesh(name), *(things.way(other, name) for other in case.meshed)}),
        )


CHECK = Check(
    id="node-ports",
    title="Every mesh API server has its planned node port",
    covers="a node port that another service has, one port in two clusters",
    look=look,
)
