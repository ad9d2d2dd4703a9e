"""The network policies of one HMS component's namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_kubernetes as k8s

from components.workloads.namespace import LABELS
from infra.network_policies import API_VERSION, KIND, network_policies

if TYPE_CHECKING:
    import pulumi

    from infra.workloads import ComponentPlan


def component_policies(
    name: str, plan: ComponentPlan, opts: pulumi.ResourceOptions
) -> list[k8s.apiextensions.CustomResource]:
    """Build the policies: nothing may start in the namespace before they are there."""
    return [
        k8s.apiextensions.CustomResource(
            f"{name}-policy-{policy.name}",
            api_version=API_VERSION,
            kind=KIND,
            metadata=k8s.meta.v1.ObjectMetaArgs(name=policy.name, namespace=plan.namespace, labels=LABELS),
            spec=policy.spec,
            opts=opts,
        )
        for policy in network_policies(plan)
    ]
