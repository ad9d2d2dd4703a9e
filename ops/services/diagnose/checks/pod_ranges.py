"""Whether pods of every cluster get addresses that no other has."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find pod ranges that are not the planned ones, and say whose they are."""
    for name, (cluster, view) in case.clusters.items():
        planned = cluster.pod_cidr
        if planned is None:
            continue
        pools = _networks(view.config.value.pod_pool if view.config.value is not None else ())
        wrong = [pool for pool in pools if not pool.subnet_of(planned)]
        nodes = {
            node.name: strange
            for node in view.cilium_nodes.get(())
            if (strange := [each for each in _networks(node.pod_cidrs) if not each.subnet_of(planned)])
        }
        if not wrong and not nodes:
            continue
        given = sorted({each for strange in nodes.values() for each in strange})
        whose = sorted(
            other
            for other, (theirs, _) in case.clusters.items()
            if other != name
            and theirs.pod_cidr is not None
            and any(each.overlaps(theirs.pod_cidr) for each in (*wrong, *given))
        )
        told = [f"its pool is {', '.join(map(str, wrong))}"] if wrong else []
        told += [f"{', '.join(nodes)} already have {', '.join(map(str, given))}"] if nodes else []
        yield Finding(
            about=(name, *whose),
            saw=f"pods of {name} do not get addresses of its planned range {planned}: {'; '.join(told)}"
            + (f"; that is the range of {', '.join(whose)}" if whose else ""),
            why="two pods with one address: packets go to whichever is nearer, and nothing in the mesh says so",
            run=case.commands.kubectl(
                name, "get ciliumnodes -o custom-columns=NAME:.metadata.name,PODS:.spec.ipam.podCIDRs"
            ),
            needs=frozenset({things.api(name)}),
        )


def _networks(texts: tuple[str, ...]) -> list[IPv4Network]:
    return [IPv4Network(text) for text in texts if ":" not in text]


CHECK = Check(
    id="pod-ranges",
    title="Every cluster's pods have addresses of its own range",
    covers="overlapping pod ranges, a range that is not the planned one",
    look=look,
)
