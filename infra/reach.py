"""Which clusters a component's callers reach it in, over its service and the mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.plan import FleetPlan


def declared_flows(plan: FleetPlan) -> tuple[tuple[str, str], ...]:
    """List the flows as (caller, called), each once, in the order of the file."""
    return tuple(dict.fromkeys((flow.from_, flow.to) for flow in plan.fleet.flows))


def joined(plan: FleetPlan, first: str, second: str) -> bool:
    """Say whether pods of two clusters can reach each other at all."""
    return first == second or (plan.clusters[first].meshed and plan.clusters[second].meshed)


def is_global(plan: FleetPlan, component: str) -> bool:
    """Say whether a component's service spans the mesh.

    So it does where a caller has to leave its cluster to reach it, and where it is critical and runs in several.
    """
    spec = plan.fleet.components[component]
    runs = set(spec.clusters)
    meshed = sum(plan.clusters[name].meshed for name in runs)
    if meshed == 0:
        return False
    if spec.critical and meshed > 1:
        return True
    return any(
        plan.clusters[cluster].meshed and cluster not in runs
        for caller, called in declared_flows(plan)
        if called == component
        for cluster in plan.fleet.components[caller].clusters
    )


def reached(plan: FleetPlan, cluster: str, component: str, *, spans: bool) -> tuple[str, ...]:
    """List the clusters whose backends a caller in ``cluster`` may get, in the order of the file.

    Parameters
    ----------
    spans
        Whether the component's service is global (:func:`is_global`).
    """
    runs = set(plan.fleet.components[component].clusters)
    return tuple(
        name for name in plan.clusters if name in runs and (name == cluster or (spans and joined(plan, cluster, name)))
    )
