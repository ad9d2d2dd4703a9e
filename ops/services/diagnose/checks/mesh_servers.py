"""Whether every cluster's mesh API server serves: its etcd, behind its addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.ports import MESH_API_PORT
from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find mesh API servers that accept no connection, not even from their own site."""
    for name in case.meshed:
        cluster, view = case.clusters[name]
        ears = case.ears(site=case.site(name))
        if not ears:
            continue
        said = {
            address: {heard.ports.get((address, MESH_API_PORT), "silent") for heard in ears.values()}
            for address in cluster.mesh_addresses
        }
        shut = {address: words for address, words in said.items() if "open" not in words}
        if not shut:
            continue
        told = ", ".join(f"{address} {'/'.join(sorted(words))}" for address, words in shut.items())
        if len(shut) < len(said):
            yield Finding(
                severity="warning",
                about=(name,),
                saw=f"{len(shut)} of {len(said)} addresses of {name}'s mesh API server accept nothing on TCP "
                f"{MESH_API_PORT}: {told}",
                why="peers try the addresses in turn: each reconnection that meets these takes longer",
                run=case.commands.kubectl(name, "--namespace kube-system get service,endpoints clustermesh-apiserver"),
                needs=frozenset({things.mesh(name)}),
            )
            continue
        works = any(seen.known for seen in view.mesh_servers.values())
        pods = _pods(case, name)
        yield Finding(
            about=(name,),
            saw=f"nothing accepts connections at the addresses of {name}'s mesh API server, not even from its own site "
            f"({told}){'; its kvstoremesh answers' if works else '; its kvstoremesh does not answer either'}{pods}",
            why="no peer hears of changes in this cluster, nor its agents of changes in any other: all go on with what "
            "they know" + (", and the load balancer before it has no backend" if works else ""),
            run=case.commands.hms(f"logs clustermesh-apiserver --cluster {name}"),
            needs=frozenset({things.mesh(name)}),
            breaks=frozenset(
                {
                    things.mesh(name),
                    things.copier(name),
                    *(way for other in case.meshed for way in things.both_ways(name, other)),
                }
            ),
        )


def _pods(case: Case, cluster: str) -> str:
    bad = [
        f"{pod.name} {pod.reason or pod.phase}"
        for pod in case.clusters[cluster][1].pods.get(())
        if pod.component == "clustermesh-apiserver" and not pod.ready
    ]
    return f"; pods: {', '.join(bad)}" if bad else ""


CHECK = Check(
    id="mesh-servers",
    title="Every mesh API server accepts connections",
    covers="a killed mesh API server, a dead etcd in it, a load balancer without backends",
    look=look,
)
