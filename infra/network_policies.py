"""Cilium network policies of one component's namespace, as the plan wants them.

What is not allowed here is refused, in both directions. Probes need no rule: Cilium always admits the node that a pod
runs on (``allow-localhost``), and that is where the kubelet's probes come from. No rule looks into HTTP: layer-7
rules go through a proxy that sees, and can log, what components say to each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.workloads import namespace_of

if TYPE_CHECKING:
    from infra.workloads import ComponentPlan, FlowPolicy

API_VERSION = "cilium.io/v2"
KIND = "CiliumNetworkPolicy"

NAME_LABEL = "app.kubernetes.io/name"
"""Label that carries a component's name on its pods."""

NAMESPACE_KEY = "k8s:io.kubernetes.pod.namespace"
CLUSTER_KEY = "io.cilium.k8s.policy.cluster"
"""Label that carries the cluster in an identity. Since 1.19 a selector without it means the own cluster alone."""


@dataclass(frozen=True, kw_only=True)
class NetworkPolicy:
    """A policy's name and its ``spec``, plain data."""

    name: str
    spec: dict[str, Any]


DEFAULT_DENY = NetworkPolicy(
    name="default-deny",
    # A rule that names nobody: it selects every pod of the namespace and lets nothing through, either way.
    spec={"endpointSelector": {}, "ingress": [{}], "egress": [{}]},
)

ALLOW_DNS = NetworkPolicy(
    name="allow-dns",
    spec={
        "endpointSelector": {},
        "egress": [
            {
                # CoreDNS of the own cluster; both platforms label it so.
                "toEndpoints": [{"matchLabels": {NAMESPACE_KEY: "kube-system", "k8s-app": "kube-dns"}}],
                "toPorts": [{"ports": [{"port": "53", "protocol": "UDP"}, {"port": "53", "protocol": "TCP"}]}],
            }
        ],
    },
)


def flow_policy(policy: FlowPolicy) -> NetworkPolicy:
    """Write one end of a flow."""
    peers = [
        {
            "matchLabels": {NAMESPACE_KEY: namespace_of(policy.peer), NAME_LABEL: policy.peer},
            "matchExpressions": [{"key": CLUSTER_KEY, "operator": "In", "values": sorted(policy.clusters)}],
        }
    ]
    ports = [{"ports": [{"port": str(policy.port), "protocol": "TCP"}]}]
    rule = (
        {"egress": [{"toEndpoints": peers, "toPorts": ports}]}
        if policy.direction == "egress"
        else {"ingress": [{"fromEndpoints": peers, "toPorts": ports}]}
    )
    selector = {"matchLabels": {NAME_LABEL: policy.component}}
    return NetworkPolicy(name=policy.name, spec={"endpointSelector": selector, **rule})


def network_policies(component: ComponentPlan) -> tuple[NetworkPolicy, ...]:
    """List all policies of a component's namespace in one cluster; a stub's namespace only denies."""
    if not component.runs:
        return (DEFAULT_DENY,)
    return (DEFAULT_DENY, ALLOW_DNS, *(flow_policy(policy) for policy in component.policies))
