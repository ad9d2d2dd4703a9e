"""The part of Cilium's Helm values that joins a cluster to the others: complete from the first install on.

Every peer is in the values before it exists, because addresses, ports and the CA are known from the plan. So nobody
runs ``cilium clustermesh connect``, which would change releases behind the program's back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from infra.ports import MESH_API_PORT

if TYPE_CHECKING:
    from infra.plan import ClusterPlan, FleetPlan

Platform = Literal["eks", "aks"]

MESH_SUBNET = "mesh"
"""Name in Azure of the subnet that the load balancers of mesh API servers stand in."""

MESH_CACHE_TTL = "15m"
"""How long backends of a cluster that cannot be reached stay; the chart's default keeps them for ever."""

LEAF_VALIDITY_DAYS = 365
"""Validity of the certificates that certgen makes from the CA; certgen refuses a CA that would expire before them."""

CERTIFICATE_SCHEDULE = "0 0 1 */4 *"
"""When certgen renews them: every four months, so that two renewals may fail before one expires."""


TRUST_ANNOTATION = "hms/trusted-ca"
"""Annotation of pods that read the trust bundle: the generations in it."""

_OWN_CA = "own"
"""Stands for the generation where a cluster outside the mesh has a CA of its own."""


def chart_version(version: str) -> tuple[int, int, int]:
    """Read a version of the chart, ``1.19.6`` or ``1.20.0-rc.1``, as numbers.

    Raises
    ------
    ValueError
        If it does not begin with three numbers.
    """
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if match is None:
        raise ValueError(f"{version!r} is not a version of the Cilium chart; write one such as 1.19.6")
    major, minor, patch = (int(part) for part in match.groups())
    return major, minor, patch


def _mesh_service(plan: FleetPlan, cluster: ClusterPlan, platform: Platform) -> dict[str, Any]:
    """Behind which load balancer the mesh API server stands: its address is known before anything is built."""
    if platform == "eks":
        # The load balancer is a resource of the program, with a fixed address in each zone, to this port.
        return {"type": "NodePort", "nodePort": cluster.mesh_node_port}
    sites = {plan.clusters[name].site for name in (cluster.name, *(peer.name for peer in plan.peers(cluster.name)))}
    sources = [str(cidr) for name in plan.sites if name in sites for cidr in plan.sites[name].addresses.node_ranges]
    return {
        "type": "LoadBalancer",
        "annotations": {
            "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
            "service.beta.kubernetes.io/azure-load-balancer-internal-subnet": MESH_SUBNET,
            "service.beta.kubernetes.io/azure-load-balancer-ipv4": cluster.mesh_addresses[0],
        },
        # Nodes of the mesh's sites and nobody else, the same ranges that the security groups open.
        "loadBalancerSourceRanges": sources,
    }


def clustermesh_values(plan: FleetPlan, cluster: ClusterPlan, platform: Platform) -> dict[str, Any]:
    """Make the values below ``clustermesh``; of a cluster outside the mesh, only the mesh's size.

    Raises
    ------
    ValueError
        If the version of the chart cannot be read.
    """
    # The number is baked into every identity, so a cluster outside the mesh has it too: it may join later.
    alone = {"maxConnectedClusters": plan.mesh.max_clusters}
    if not cluster.meshed:
        return alone
    values: dict[str, Any] = {
        **alone,
        "useAPIServer": True,
        "cacheTTL": MESH_CACHE_TTL,
        # A policy that names no cluster means its own: what the generated policies are written for.
        "policyDefaultLocalCluster": True,
        "config": {
            "enabled": True,
            # Addresses and not names: the certificate is for <cluster>.mesh.cilium.io, which the chart maps to them.
            "clusters": {
                peer.name: {"ips": list(peer.mesh_addresses), "port": MESH_API_PORT}
                for peer in plan.peers(cluster.name)
            },
        },
        "apiserver": {
            "service": _mesh_service(plan, cluster, platform),
            "podAnnotations": trust_annotations(plan, cluster),
            "tls": {
                # Each peer is a user of its own in etcd: remote-<cluster>.
                "authMode": "cluster",
                "auto": certificate_values(),
            },
        },
    }
    if chart_version(plan.mesh.cilium) >= (1, 20, 0):
        # Otherwise a new peer restarts every mesh API server; 1.19 has no such switch.
        values["disableKubernetesHostAliases"] = True
    return values


def trust_annotations(plan: FleetPlan, cluster: ClusterPlan) -> dict[str, str]:
    """Give what pods that read the trust bundle are annotated with: they read it when they start, and never again.

    So another set of trusted CAs rolls them; another order in it does not, since certificates are read anew for each
    connection (etcd ``transport.TLSInfo``, Cilium ``pkg/kvstore/etcd.go``).
    """
    trusted = [str(one) for one in sorted(plan.mesh.trust.trusted)] if cluster.meshed else [_OWN_CA]
    return {TRUST_ANNOTATION: ",".join(trusted)}


def certgen_values(plan: FleetPlan, cluster: ClusterPlan) -> dict[str, Any]:
    """Let certgen sign anew where another CA signs.

    The chart names its Jobs after a hash of what they run, in which the CA is not: certificates would keep their old
    one until the schedule comes round, for four months at most. An empty volume is what both Jobs take, and no pod
    that goes on running does.
    """
    signing = str(plan.mesh.trust.signing) if cluster.meshed else _OWN_CA
    return {"extraVolumes": [{"name": f"signed-by-ca-{signing}", "emptyDir": {}}]}


def certificate_values() -> dict[str, Any]:
    """Certificates by certgen in the cluster: Helm's own would be new at every render, and never renewed."""
    return {
        "enabled": True,
        "method": "cronJob",
        "certValidityDuration": LEAF_VALIDITY_DAYS,
        "schedule": CERTIFICATE_SCHEDULE,
    }
