"""The namespace of one HMS component: restricted pods, and known to the mesh only where a flow needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_kubernetes as k8s

if TYPE_CHECKING:
    import pulumi

    from infra.plan import ClusterPlan
    from infra.workloads import ComponentPlan

LABELS = {"app.kubernetes.io/part-of": "hms", "app.kubernetes.io/managed-by": "pulumi"}
"""On every object."""

GLOBAL = "clustermesh.cilium.io/global"
"""Whether other clusters learn of the namespace's pods and services. Cilium 1.20 and later; before, all are known."""


def component_namespace(
    name: str, plan: ComponentPlan, cluster: ClusterPlan, opts: pulumi.ResourceOptions
) -> k8s.core.v1.Namespace:
    """Build the namespace. Its name is the same in every cluster: global services are paired by it."""
    level = {}
    for mode in ("enforce", "audit", "warn"):
        level[f"pod-security.kubernetes.io/{mode}"] = "restricted"
        # Pinned: an upgrade of the cluster must not refuse pods that ran before.
        level[f"pod-security.kubernetes.io/{mode}-version"] = f"v{cluster.kubernetes}"
    return k8s.core.v1.Namespace(
        f"{name}-namespace",
        metadata=k8s.meta.v1.ObjectMetaArgs(
            name=plan.namespace,
            labels={**LABELS, **level},
            annotations={GLOBAL: str(plan.crosses).lower()} if cluster.meshed else None,
        ),
        opts=opts,
    )
