"""All HMS components of one cluster: the one entry point for the composition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.workloads.component import HmsComponent, HmsComponentArgs
from infra.workloads import plan_workloads

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi

    from components.contracts import Cloud, Cluster
    from infra.plan import FleetPlan


def deploy_workloads(
    plan: FleetPlan,
    cluster: Cluster,
    cloud: Cloud,
    *,
    ready: Sequence[pulumi.Resource],
    storage_class: pulumi.Resource | None,
) -> dict[str, HmsComponent]:
    """Build every component that runs on a cluster, and the stubs of those that it only calls.

    Parameters
    ----------
    ready
        Resources that exist only once ordinary pods run on the cluster: what :meth:`Cloud.nodes` returns.
    storage_class
        What :meth:`Cloud.storage_class` returns; None where no component keeps state on the cluster.

    Returns
    -------
    The components by name, in the order of the fleet file.
    """
    built = {}
    for component in plan_workloads(plan, cluster.plan.name).components:
        name = f"{cluster.plan.name}-{component.name}"
        identity = (
            cloud.identity(cluster, name=component.name, namespace=component.namespace, service_account=component.name)
            if component.runs
            else None
        )
        built[component.name] = HmsComponent(
            name,
            HmsComponentArgs(
                plan=component,
                cluster=cluster,
                identity=identity,
                ready=ready,
                storage_class=storage_class,
            ),
        )
    return built
