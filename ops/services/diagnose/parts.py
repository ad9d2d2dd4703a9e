"""The parts of a cluster's view, by the thing that has to work for them to be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ops.services.diagnose import things

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case
    from ops.services.observe.seen import Seen
    from ops.services.observe.snapshot import ClusterView

_OF_THE_API = (
    "nodes",
    "pods",
    "workloads",
    "services",
    "policies",
    "warnings",
    "config",
    "peers",
    "certificates",
    "cilium_nodes",
    "endpoints",
    "operator",
    "node_ports",
    "hooks",
)
"""Fields of a view that its API server answers for."""

_REFUSED = re.compile(r"\b(forbidden|403)\b", re.IGNORECASE)


def refused(seen: Seen[Any]) -> bool:
    """Say whether a part was not read since the account may not read it."""
    return seen.failed and bool(_REFUSED.search(seen.error))


def of_the_api(view: ClusterView) -> Iterator[tuple[str, Seen[Any]]]:
    """Give the parts that the API server answers for, by what they are called in a sentence."""
    for name in _OF_THE_API:
        yield name.replace("_", " "), getattr(view, name)


def of_programs(case: Case, cluster: str) -> Iterator[tuple[str, Seen[Any], frozenset[str]]]:
    """Give the parts that programs of Cilium answer for, each with what has to work for that."""
    _, view = case.clusters[cluster]
    own = {things.api(cluster)}
    for node, addresses in view.addresses.items():
        yield f"kernel's addresses on {node}", addresses, frozenset({*own, things.node(node), things.agent(node)})
    for server, ways in view.ways.items():
        for peer, way in ways.items():
            yield f"the way from {server} to {peer}", way, frozenset({*own, things.copier(cluster)})
    for node, heard in case.tried.get(cluster, {}).items():
        yield f"ways over the network from {node}", heard, frozenset({*own, things.node(node), things.agent(node)})
