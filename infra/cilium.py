"""Cilium's Helm values for each cluster, complete, as its release gets them.

Written for the charts 1.19.6 and 1.20.x. A value that only one of them knows is set by version, because the chart's
schema lets unknown keys pass in silence. Reasons that need more than a line stand beside the values they explain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from infra.addresses import NODE_POD_PREFIX, POD_POOL
from infra.clustermesh import Platform, certgen_values, certificate_values, clustermesh_values, trust_annotations

if TYPE_CHECKING:
    from infra.plan import ClusterPlan, FleetPlan

Leaf = TypeVar("Leaf")

NAMESPACE = "kube-system"
"""Where Cilium runs, on both platforms."""

CHART = "cilium"
REPOSITORY = "https://helm.cilium.io"

UNKNOWN_API_HOST = "set-at-deployment.invalid"
"""Stands for the API server's host where nothing was deployed yet (``.invalid`` never resolves: RFC 2606)."""

UNKNOWN_OPERATOR_ROLE = "arn:aws:iam::000000000000:role/set-at-deployment"
"""Stands for the operator's role (eni profile) where nothing was deployed yet."""


@dataclass(frozen=True, kw_only=True)
class CaLeaves(Generic[Leaf]):
    """A certificate authority, as the chart wants it.

    Parameters
    ----------
    certificate
        Base64 of the PEM certificate that signs.
    key
        Base64 of its PEM key (SEC1, PKCS#1 or PKCS#8). Secret.
    bundle
        PEM certificates of all CAs that are trusted, one after the other.
    """

    certificate: Leaf
    key: Leaf
    bundle: Leaf


SECRET_PATHS = ("tls.ca.key",)
"""Values that must never be shown, as dotted paths."""


def strict_cidr(plan: FleetPlan) -> str | None:
    """Give the range inside which pods may only send encrypted packets, or None where no such range exists.

    Strict mode drops what a pod sends to a pod address that the agent does not know yet, which otherwise leaves in
    the clear. It takes one range, and everything inside it that is no pod becomes unreachable from pods. So it is on
    where all pods of the fleet are in the pool that is kept for them, and off where a pinned pod range lies outside
    (the range around both would cover networks that are not ours) and in the eni profile (pods share the VPC's range
    with databases and load balancers). The pool itself, and not the ranges in use, so that a new cluster changes
    nothing in the others.
    """
    if not plan.mesh.encrypted:
        return None
    ranges = [cluster.pod_cidr for cluster in plan.clusters.values()]
    inside = all(pods is not None and pods.subnet_of(POD_POOL) for pods in ranges)
    return str(POD_POOL) if inside else None


def _addressing(plan: FleetPlan, cluster: ClusterPlan, platform: Platform, role: Leaf | None) -> dict[str, Any]:
    """How pods get addresses and how packets between nodes travel."""
    if plan.mesh.profile == "eni":
        return {
            "ipam": {"mode": "eni"},
            "eni": {
                "enabled": True,
                # /28s instead of single addresses: 110 pods on small instance types, fewer EC2 calls.
                "awsEnablePrefixDelegation": True,
                # Interfaces that the operator makes are cloud resources like any other.
                "eniTags": dict(cluster.tags),
                # The chart annotates the operator's service account with it.
                **({} if role is None else {"iamRole": role}),
            },
            "routingMode": "native",
            "endpointRoutes": {"enabled": True},
            # Pods have addresses of the VPC: the NAT gateway and the peering carry them as they are.
            "enableIPv4Masquerade": False,
        }
    return {
        "ipam": {
            "mode": "cluster-pool",
            "operator": {
                # The chart's default pool is 10.0.0.0/8, which covers every site.
                "clusterPoolIPv4PodCIDRList": [str(cluster.pod_cidr)],
                "clusterPoolIPv4MaskSize": NODE_POD_PREFIX,
            },
        },
        "routingMode": "tunnel",
        "tunnelProtocol": "geneve",
        "enableIPv4Masquerade": True,
        **({"aksbyocni": {"enabled": True}} if platform == "aks" else {}),
    }


def _services(plan: FleetPlan, platform: Platform) -> dict[str, Any]:
    """Who answers for service addresses.

    AKS keeps its own kube-proxy: switching it off is a preview of Azure's. Cilium then still balances for pods, and
    the socket load balancer makes global services work from the host's network.
    """
    if platform == "aks":
        return {
            "kubeProxyReplacement": False,
            "socketLB": {"enabled": True, "hostNamespaceOnly": True},
            "bpf": {"masquerade": False},
        }
    # BPF masquerading goes with the replacement, and the agent exits when it is on while masquerading is off (eni).
    return {"kubeProxyReplacement": True, "bpf": {"masquerade": plan.mesh.profile == "overlay"}}


def _encryption(plan: FleetPlan) -> dict[str, Any]:
    if not plan.mesh.encrypted:
        return {"enabled": False}
    cidr = strict_cidr(plan)
    values: dict[str, Any] = {
        "enabled": True,
        "type": "wireguard",
        # With a tunnel it loses the first reply of node ports (cilium#31209) and ignores MTU (cilium#37919).
        "nodeEncryption": False,
    }
    if cidr is not None:
        values["strictMode"] = {
            "egress": {
                "enabled": True,
                "cidr": cidr,
                # Pods to remote nodes travel in the plain tunnel.
                "allowRemoteNodeIdentities": True,
            }
        }
    return values


def _operator(cluster: ClusterPlan) -> dict[str, Any]:
    nodes = sum(pool.min for pool in cluster.node_pools)
    return {
        # Replicas refuse to share a node, so a second one on a single node would stay Pending for ever.
        "replicas": min(nodes, 2),
        "rollOutPods": True,
        # It is what makes a node ready, so it has to tolerate a node that is not; AKS marks its system pools.
        "tolerations": [
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists"},
            {"key": "node.cloudprovider.kubernetes.io/uninitialized", "operator": "Exists"},
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
        ],
        # Nothing scrapes, so no port is open on the nodes.
        "prometheus": {"enabled": False},
    }


def helm_values(  # noqa: PLR0913 - what only a deployment knows is named one by one
    plan: FleetPlan,
    cluster: str,
    *,
    platform: Platform,
    api_host: Leaf,
    ca: CaLeaves[Leaf] | None,
    operator_role_arn: Leaf | None = None,
) -> dict[str, Any]:
    """Make the values of a cluster's Cilium release.

    Parameters
    ----------
    platform
        Which switches the chart needs: ``eks`` (no kube-proxy) or ``aks`` (bring your own CNI).
    api_host
        Host of the API server, without scheme: agents reach it before service addresses work.
    ca
        The mesh's CA, or the own one of a cluster outside; None leaves it out.
    operator_role_arn
        Profile eni only: role of the operator, which makes network interfaces.

    Raises
    ------
    ValueError
        If the version of the chart cannot be read.
    """
    own = plan.clusters[cluster]
    values: dict[str, Any] = {
        "cluster": {"name": own.name, "id": own.id},
        "k8sServiceHost": api_host,
        "k8sServicePort": 443,
        **_addressing(plan, own, platform, operator_role_arn),
        **_services(plan, platform),
        # The underlay's: Cilium takes tunnel and encryption off. One value in the mesh, for the narrowest link.
        "MTU": plan.mesh.mtu,
        "encryption": _encryption(plan),
        "clustermesh": clustermesh_values(plan, own, platform),
        "policyEnforcementMode": "default",
        "cni": {"exclusive": True},
        # A node that comes up, new or again, takes pods only once its agent runs.
        "agentNotReadyTaintKey": "node.cilium.io/agent-not-ready",
        # A changed value takes effect by the release alone.
        "rollOutCiliumPods": True,
        "podAnnotations": trust_annotations(plan, own),
        "operator": _operator(own),
        "certgen": certgen_values(plan, own),
        "hubble": {
            "enabled": True,
            "relay": {
                "enabled": True,
                "rollOutPods": True,
                "podAnnotations": trust_annotations(plan, own),
                "tls": {"server": {"enabled": True}},
            },
            "ui": {"enabled": False},
            "tls": {"enabled": True, "auto": certificate_values()},
        },
        "prometheus": {"enabled": False},
    }
    if ca is not None:
        values["tls"] = {
            "ca": {"cert": ca.certificate, "key": ca.key},
            # Always, and not only while two are trusted: pods not yet rolled would lose the file when it goes, and
            # with it their peers at the next connection.
            "caBundle": {"enabled": True, "content": ca.bundle},
        }
    return values


def public_values(plan: FleetPlan, cluster: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Make the values of a cluster as far as they follow from the fleet file, and name what is not in them.

    What only a deployment knows has a placeholder (:data:`UNKNOWN_API_HOST`, :data:`UNKNOWN_OPERATOR_ROLE`) so that
    the chart accepts the values as they are; the CA is left out.

    Returns
    -------
    The values, and the dotted paths that a deployment fills in or replaces.
    """
    own = plan.clusters[cluster]
    eni = plan.mesh.profile == "eni"
    values = helm_values(
        plan,
        cluster,
        platform="eks" if plan.sites[own.site].cloud == "aws" else "aks",
        api_host=UNKNOWN_API_HOST,
        ca=None,
        operator_role_arn=UNKNOWN_OPERATOR_ROLE if eni else None,
    )
    left_out = (
        "k8sServiceHost",
        *(("eni.iamRole",) if eni else ()),
        *("tls.ca.cert", *SECRET_PATHS, "tls.caBundle"),
    )
    return values, left_out
