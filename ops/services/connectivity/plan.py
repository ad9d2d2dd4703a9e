"""What a connectivity test tries and what has to come of it: all from the plan, nothing asked of a cluster."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from infra.reach import declared_flows
from infra.workloads import flow_matrix, namespace_of, plan_workloads
from ops.adapters.kubernetes_ports import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.plan import FleetPlan
    from infra.workloads import ComponentPlan, FlowPair
    from ops.services.connectivity.only import Only

Kind = Literal["flow", "denied", "prefer", "split", "name", "large"]
"""What a case shows.

``flow``
    A declared flow passes.
``denied``
    What no flow allows is refused, by a network policy.
``prefer``
    A global service answers from the caller's own cluster alone, while that is healthy.
``split``
    A global service answers from every cluster that has it.
``name``
    The name of a service resolves.
``large``
    Full packets pass over a link.
"""

PREFER_CALLS = 20
"""A service that did not prefer its own of two clusters would pass once in 2^20 tests."""

MISS = 1e-6
"""Chance that a service which does split is found not to."""

LARGE_CALLS = 12
LARGE_OCTETS = 900_000
"""Octets of one large request: just below what an HTTP server of Go's takes as its head (1 MiB). Twelve are 10.8 MB."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One thing to try from a pod. Several cases may look at one.

    Parameters
    ----------
    host
        Name of a service; empty where a pod is called by its address.
    target
        The component called; its cluster is empty where a service decides that.
    calls
        How often.
    octets
        Size of each request; 0 for an ordinary one.
    """

    source: Place
    target: Place
    port: int
    host: str = ""
    calls: int = 1
    octets: int = 0


@dataclass(frozen=True, kw_only=True)
class Case:
    """A probe and what has to come of it.

    Parameters
    ----------
    answers
        Clusters that may answer; none where nobody may.
    link
        The link that it crosses, where that is what it is about.
    """

    kind: Kind
    probe: Probe
    answers: tuple[str, ...] = ()
    link: str = ""

    @property
    def source(self) -> str:
        """Who calls."""
        return str(self.probe.source)

    @property
    def destination(self) -> str:
        """Who is called, and how."""
        target = self.probe.target
        if self.kind == "name":
            return self.probe.host
        return f"{target} (pod)" if not self.probe.host else f"{target.component} (service)"


@dataclass(frozen=True, kw_only=True)
class CasePlan:
    """All cases, and what could not be made one."""

    cases: tuple[Case, ...]
    notes: tuple[str, ...]

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Every probe once, in the order of the cases."""
        return tuple(dict.fromkeys(case.probe for case in self.cases))


def plan_cases(plan: FleetPlan, clusters: frozenset[str], only: Only | None = None) -> CasePlan:
    """List every case.

    Parameters
    ----------
    clusters
        The clusters that can be asked: calls are made from them, and to pods in them. Services may answer from any.
    only
        Which flows; None for all.
    """
    planned = {name: {each.name: each for each in plan_workloads(plan, name).components} for name in plan.clusters}
    pairs = [
        pair
        for pair in flow_matrix(plan)
        if pair.source_cluster in clusters
        and pair.destination_cluster in clusters
        and (only is None or only.has(pair.source, pair.destination))
    ]
    cases: list[Case] = []
    for cluster in plan.clusters:
        if cluster not in clusters:
            continue
        for component in planned[cluster].values():
            if component.runs:
                cases += _called_by_name(component, planned[cluster], only)
                cases += _denied_by_name(plan, component, planned[cluster], only)
    cases += [_by_address(pair) for pair in pairs]
    large, notes = _large(plan, pairs, clusters)
    cases += [*_names(cases), *large]
    order = ("flow", "prefer", "split", "name", "denied", "large")
    return CasePlan(
        cases=tuple(sorted(cases, key=lambda case: order.index(case.kind))), notes=notes if only is None else ()
    )


def split_calls(clusters: int) -> int:
    """Say how many calls show a split over equal clusters, but for one test in a million."""
    return math.ceil(math.log(MISS / clusters) / math.log(1 - 1 / clusters))


def _called_by_name(caller: ComponentPlan, here: dict[str, ComponentPlan], only: Only | None) -> Iterator[Case]:
    """List what a component calls, at the address that its environment has."""
    source = Place(cluster=caller.cluster, component=caller.name)
    may = {policy.peer: policy.clusters for policy in caller.policies if policy.direction == "egress"}
    for called, address in caller.calls.items():
        if only is not None and not only.has(caller.name, called):
            continue
        host, _, port = address.rpartition(":")
        target = Place(cluster="", component=called)
        service = here[called].service
        prefers = service.affinity == "local" and here[called].runs
        yield Case(
            kind="flow",
            probe=Probe(source=source, target=target, host=host, port=int(port)),
            answers=may[called],
        )
        if not service.is_global or len(may[called]) == 1:
            continue
        calls = PREFER_CALLS if prefers else split_calls(len(may[called]))
        yield Case(
            kind="prefer" if prefers else "split",
            probe=Probe(source=source, target=target, host=host, port=int(port), calls=calls),
            answers=(caller.cluster,) if prefers else may[called],
        )


def _denied_by_name(
    plan: FleetPlan, caller: ComponentPlan, here: dict[str, ComponentPlan], only: Only | None
) -> Iterator[Case]:
    """List what a component must not call, though its cluster has the service."""
    declared = set(declared_flows(plan))
    for name, called in here.items():
        # A pod that gets itself behind its own service is let through, always: that shows nothing.
        if name == caller.name or (caller.name, name) in declared:
            continue
        if only is None or only.has(caller.name, name):
            yield Case(
                kind="denied",
                probe=Probe(
                    source=Place(cluster=caller.cluster, component=caller.name),
                    target=Place(cluster="", component=name),
                    host=f"{called.service.name}.{namespace_of(name)}.svc.cluster.local",
                    port=called.service.port,
                ),
            )


def _by_address(pair: FlowPair) -> Case:
    probe = Probe(
        source=Place(cluster=pair.source_cluster, component=pair.source),
        target=Place(cluster=pair.destination_cluster, component=pair.destination),
        port=pair.port,
    )
    if pair.allowed:
        return Case(kind="flow", probe=probe, answers=(pair.destination_cluster,))
    return Case(kind="denied", probe=probe)


def _names(cases: list[Case]) -> list[Case]:
    """Every name that a component calls: whether it resolves, the same probes tell."""
    first: dict[tuple[Place, str], Case] = {}
    for case in cases:
        if case.probe.host:
            first.setdefault((case.probe.source, case.probe.host), Case(kind="name", probe=case.probe))
    return list(first.values())


def _large(
    plan: FleetPlan, pairs: list[FlowPair], clusters: frozenset[str]
) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """Choose a flow over each link in each direction: requests are what is large, so each direction needs one."""
    cases, notes = [], []
    site = {name: cluster.site for name, cluster in plan.clusters.items()}
    for link in plan.links.values():
        for start, end in (link.sites, link.sites[::-1]):
            if not any(site[name] == start for name in clusters) or not any(site[name] == end for name in clusters):
                continue
            crossing = next(
                (
                    pair
                    for pair in pairs
                    if pair.allowed and (site[pair.source_cluster], site[pair.destination_cluster]) == (start, end)
                ),
                None,
            )
            if crossing is None:
                notes.append(f"link {link.name}: no flow leads from {start} to {end}, so no large packet was tried")
                continue
            probe = Probe(
                source=Place(cluster=crossing.source_cluster, component=crossing.source),
                target=Place(cluster=crossing.destination_cluster, component=crossing.destination),
                port=crossing.port,
                calls=LARGE_CALLS,
                octets=LARGE_OCTETS,
            )
            cases.append(Case(kind="large", probe=probe, answers=(crossing.destination_cluster,), link=link.name))
    return tuple(cases), tuple(notes)
