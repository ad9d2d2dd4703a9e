"""Whether anything in the mesh is about to be full."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding
from ops.services.diagnose.places import identities_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case

_FULL = 0.9

_POD_PREFIX = 24
"""Prefix length of a node's pod range."""

_ALLOCATED = re.compile(r"(\d+)/(\d+) allocated")


def look(case: Case) -> Iterator[Finding]:
    """Find nodes with few pod addresses left, clusters with few pod ranges left, and with few identities left."""
    for name, (cluster, view) in case.clusters.items():
        needs = frozenset({things.api(name)})
        for node, seen in view.agents.items():
            status = str((seen.value.raw.get("ipam") or {}).get("status", "")) if seen.value is not None else ""
            found = _ALLOCATED.search(status)
            if found and int(found[1]) >= _FULL * int(found[2]):
                yield Finding(
                    severity="warning",
                    about=(node, name),
                    saw=f"{node} of {name} has given out {found[1]} of {found[2]} pod addresses",
                    why="the next pods there will not start",
                    run=case.commands.kubectl(name, f"get pods -A --field-selector spec.nodeName={node}"),
                    needs=needs,
                )
        ranges = 2 ** (_POD_PREFIX - cluster.pod_cidr.prefixlen) if cluster.pod_cidr is not None else 0
        nodes = len(view.cilium_nodes.get(()))
        if ranges and nodes >= _FULL * ranges:
            yield Finding(
                severity="warning",
                about=(name,),
                saw=f"{nodes} nodes of {name} have used up {nodes} of its {ranges} pod ranges ({cluster.pod_cidr})",
                why="the next nodes will have no addresses for pods",
                run=case.commands.kubectl(name, "get ciliumnodes"),
                needs=needs,
            )
        identities = len({each.identity for each in view.endpoints.get(()) if each.identity})
        most = identities_of(case.plan.mesh.max_clusters)
        if identities >= _FULL * most:
            yield Finding(
                severity="warning",
                about=(name,),
                saw=f"{name} uses {identities} of {most} identities",
                why="pods with a new set of labels will not start; labels that differ from pod to pod use one each",
                run=case.commands.kubectl(name, "get ciliumidentities"),
                needs=needs,
            )


CHECK = Check(
    id="capacity",
    title="Addresses and identities are left",
    covers="a node without pod addresses, a cluster without pod ranges or identities",
    look=look,
)
