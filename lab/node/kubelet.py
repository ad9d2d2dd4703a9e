"""kubelet: its configuration and command line.

Source: https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Literal

from lab.node.containerd import SOCKET
from lab.tools import tool

if TYPE_CHECKING:
    from lab.plan import ClusterLab, NodeLab

Cloud = Literal["aws", "azure"]

KEYS = "/run/kubernetes"
"""Folder in the node, in memory, for kubelet's keys and configuration."""

HEALTH_PORT = 10248
"""Where kubelet says on the node's loopback that it is well."""

_MAX_PODS = 110

# What the program gives its EKS node groups (https://docs.cilium.io/en/stable/installation/taints/).
_NOT_READY = {"key": "node.cilium.io/agent-not-ready", "value": "true", "effect": "NoExecute"}

_NO_AZURE = "00000000-0000-0000-0000-000000000000"


def configuration(node: NodeLab, cluster: ClusterLab, cloud: Cloud, cgroup: str) -> str:
    """Write a kubelet's configuration, as JSON.

    Parameters
    ----------
    cgroup
        The node's cgroup; kubelet makes its pods' below it.
    """
    return json.dumps(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": f"{KEYS}/ca.crt"},
            },
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": cgroup,
            "clusterDNS": [cluster.plan.dns_address],
            "clusterDomain": "cluster.local",
            "containerRuntimeEndpoint": f"unix://{SOCKET}",
            "enforceNodeAllocatable": [],
            # The machine's disk and memory are not the node's: it must not judge by them.
            "evictionHard": {
                "memory.available": "64Mi",
                "nodefs.available": "1%",
                "nodefs.inodesFree": "1%",
                "imagefs.available": "1%",
                "imagefs.inodesFree": "1%",
            },
            "failCgroupV1": False,
            "failSwapOn": False,
            "healthzPort": HEALTH_PORT,
            # Images cannot be had again.
            "imageGCHighThresholdPercent": 100,
            "makeIPTablesUtilChains": False,
            "maxPods": _MAX_PODS,
            # Root may lack CAP_SYS_RESOURCE.
            "oomScoreAdj": 0,
            "providerID": provider_id(node, cluster, cloud),
            "registerWithTaints": [_NOT_READY] if cloud == "aws" else [],
            "resolvConf": "",
            "seccompDefault": True,
            "tlsCertFile": f"{KEYS}/kubelet.crt",
            "tlsPrivateKeyFile": f"{KEYS}/kubelet.key",
            "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        },
        indent=2,
    )


def command(node: NodeLab) -> tuple[str, ...]:
    """Give a kubelet's command line; its labels are those that a kubelet may set itself."""
    labels = ",".join(f"{key}={value}" for key, value in node.labels.items())
    return (
        str(tool("kubelet")),
        f"--config={KEYS}/kubelet.json",
        f"--kubeconfig={KEYS}/kubeconfig",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
        f"--node-labels={labels}",
    )


def provider_id(node: NodeLab, cluster: ClusterLab, cloud: Cloud) -> str:
    """Name the machine in the format of its cloud."""
    if cloud == "aws":
        return f"aws:///{node.zone}/i-{hashlib.sha256(node.name.encode()).hexdigest()[:17]}"
    pool = cluster.plan.node_pools[0].name
    number = cluster.nodes.index(node)
    return (
        f"azure:///subscriptions/{_NO_AZURE}/resourceGroups/mc_{cluster.name}/providers/Microsoft.Compute"
        f"/virtualMachineScaleSets/aks-{pool}-vmss/virtualMachines/{number}"
    )
