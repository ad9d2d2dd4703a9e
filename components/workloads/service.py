"""The service of one HMS component, spanning the mesh where a flow needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_kubernetes as k8s

from components.workloads.namespace import LABELS
from infra.network_policies import NAME_LABEL

if TYPE_CHECKING:
    import pulumi

    from infra.workloads import ComponentPlan, ServicePlan

PORT_NAME = "http"
"""Name of the components' port."""

# Pulumi waits until a service has endpoints: one without local pods would keep it waiting until it fails.
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}


def mesh_annotations(service: ServicePlan) -> dict[str, str]:
    """Write what Cilium reads off a service; nothing for one that is the cluster's own."""
    if not service.is_global:
        return {}
    return {
        "service.cilium.io/global": "true",
        "service.cilium.io/shared": str(service.shared).lower(),
        "service.cilium.io/affinity": service.affinity,
    }


def component_service(name: str, plan: ComponentPlan, opts: pulumi.ResourceOptions) -> k8s.core.v1.Service:
    """Build the service; in a stub's namespace it selects pods that are only in other clusters."""
    service = plan.service
    return k8s.core.v1.Service(
        f"{name}-service",
        metadata=k8s.meta.v1.ObjectMetaArgs(
            name=service.name,
            namespace=service.namespace,
            labels={**LABELS, NAME_LABEL: plan.name},
            annotations={**mesh_annotations(service), **({} if plan.runs else SKIP_AWAIT)},
        ),
        spec=k8s.core.v1.ServiceSpecArgs(
            type="ClusterIP",
            selector={NAME_LABEL: plan.name},
            ports=[
                k8s.core.v1.ServicePortArgs(name=PORT_NAME, port=service.port, target_port=PORT_NAME, protocol="TCP")
            ],
        ),
        opts=opts,
    )


def peer_service(name: str, plan: ComponentPlan, opts: pulumi.ResourceOptions) -> k8s.core.v1.Service:
    """Build the headless service that gives each replica of a stateful component its own name."""
    return k8s.core.v1.Service(
        f"{name}-peers",
        metadata=k8s.meta.v1.ObjectMetaArgs(
            name=f"{plan.name}-peers",
            namespace=plan.namespace,
            labels={**LABELS, NAME_LABEL: plan.name},
            # Its pods only start once it is there.
            annotations=SKIP_AWAIT,
        ),
        spec=k8s.core.v1.ServiceSpecArgs(
            cluster_ip="None",
            selector={NAME_LABEL: plan.name},
            ports=[
                k8s.core.v1.ServicePortArgs(name=PORT_NAME, port=plan.spec.port, target_port=PORT_NAME, protocol="TCP")
            ],
        ),
        opts=opts,
    )
