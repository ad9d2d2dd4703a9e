"""Components and the flows between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.checks.names import Names, suggest
from infra.problems import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model import Component, Fleet


def check(fleet: Fleet, names: Names) -> Iterator[Finding]:
    """Yield what is wrong with components and flows."""
    for name, component in fleet.components.items():
        path = ("components", name)
        if name == "sys":
            yield Finding(
                path=path, message="HMS-SYS is Cilium itself and runs in every cluster", fix="nothing: leave it out"
            )
        for index, cluster in enumerate(component.clusters):
            if cluster not in names.clusters:
                yield Finding(
                    path=(*path, "clusters", index),
                    message=f"there is no cluster {cluster!r}",
                    fix=suggest(cluster, names.clusters),
                )
            elif cluster in component.clusters[:index]:
                yield Finding(
                    path=(*path, "clusters", index),
                    message=f"cluster {cluster!r} stands twice",
                    fix="each cluster once",
                )
        yield from _critical(name, component, fleet)
    yield from _flows(fleet, names)


def _critical(name: str, component: Component, fleet: Fleet) -> Iterator[Finding]:
    if not component.critical:
        return
    path = ("components", name, "critical")
    known = [cluster for cluster in component.clusters if cluster in fleet.clusters]
    if len(known) < len(component.clusters):
        return
    if len({fleet.clusters[cluster].site for cluster in known}) < 2:
        others = sorted(set(fleet.clusters) - set(known)) or ["a cluster on another site"]
        yield Finding(
            path=path,
            message="a critical component runs on two sites at least, so that one may fail",
            fix=f"clusters: [{', '.join([*known, others[0]])}], or critical: false",
        )
    alone = [cluster for cluster in known if not fleet.clusters[cluster].meshed]
    if alone:
        yield Finding(
            path=path,
            message=f"a critical component is reached over the mesh, and {alone[0]!r} is not in it",
            fix=f"meshed: true for {alone[0]}, or another cluster",
        )


def _flows(fleet: Fleet, names: Names) -> Iterator[Finding]:
    seen: dict[tuple[str, str], int] = {}
    for index, flow in enumerate(fleet.flows):
        path = ("flows", index)
        for field, component in (("from", flow.from_), ("to", flow.to)):
            if component not in names.components:
                yield Finding(
                    path=(*path, field),
                    message=f"there is no component {component!r}",
                    fix=suggest(component, names.components),
                )
        if flow.from_ == flow.to:
            yield Finding(
                path=path, message=f"{flow.to!r} calls itself", fix="two components (replicas may always talk)"
            )
        if (flow.from_, flow.to) in seen:
            yield Finding(
                path=path,
                message=f"{flow.from_} to {flow.to} stands twice (first: flows[{seen[(flow.from_, flow.to)]}])",
                fix="each flow once",
            )
        seen.setdefault((flow.from_, flow.to), index)
        yield from _reachable(fleet, index)


def _reachable(fleet: Fleet, index: int) -> Iterator[Finding]:
    flow = fleet.flows[index]
    if flow.from_ not in fleet.components or flow.to not in fleet.components or flow.from_ == flow.to:
        return
    callee = set(fleet.components[flow.to].clusters)
    meshed = {name for name in callee if name in fleet.clusters and fleet.clusters[name].meshed}
    for name in fleet.components[flow.from_].clusters:
        if name not in fleet.clusters or name in callee or not callee <= set(fleet.clusters):
            continue
        if not (fleet.clusters[name].meshed and meshed):
            yield Finding(
                path=("flows", index),
                message=f"{flow.from_!r} in {name!r} cannot reach {flow.to!r}: they share no cluster and no mesh",
                fix=f"{flow.to} in {name} too, or meshed: true for the clusters",
            )
