"""Command lines of a control plane: what a managed one would run, on one machine and for one fleet.

Sources: the reference pages of the programs, https://kubernetes.io/docs/reference/command-line-tools-reference/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.cluster.pki import API_PORT, CONTROLLERS
from lab.tools import tool

if TYPE_CHECKING:
    from pathlib import Path

    from lab.cluster.pki import ClusterKeys
    from lab.plan import ClusterLab

ETCD_PORT = 12379
"""etcd of Kubernetes; 2379 and 2380 of the same namespace are for the etcd of the mesh API server."""

_ETCD_PEER_PORT = 12380

CONTROLLER_MANAGER_PORT = 10257
SCHEDULER_PORT = 10259

NODE_GRACE_SECONDS = 20
"""Without a sign of life for so long a node is NotReady; 50 by default. Kubelets renew their lease every 10."""

EVICTION_SECONDS = 30
"""Pods leave a node that is NotReady after this; 300 by default."""


def etcd(data: Path) -> tuple[str, ...]:
    """Run one member, reached over loopback, that trusts the kernel to write: a lab does not outlive its machine."""
    client = f"http://127.0.0.1:{ETCD_PORT}"
    peer = f"http://127.0.0.1:{_ETCD_PEER_PORT}"
    return (
        str(tool("etcd")),
        f"--data-dir={data}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    )


def api_server(cluster: ClusterLab, keys: ClusterKeys) -> tuple[str, ...]:
    """Listen on the cluster's address in its site; that address is also what Service ``kubernetes`` leads to."""
    return (
        str(tool("kube-apiserver")),
        f"--etcd-servers=http://127.0.0.1:{ETCD_PORT}",
        f"--encryption-provider-config={keys.path('encryption.json')}",
        f"--bind-address={cluster.api}",
        f"--advertise-address={cluster.api}",
        f"--secure-port={API_PORT}",
        f"--service-cluster-ip-range={cluster.plan.service_cidr}",
        f"--client-ca-file={keys.path('ca.crt')}",
        f"--tls-cert-file={keys.path('kube-apiserver.crt')}",
        f"--tls-private-key-file={keys.path('kube-apiserver.key')}",
        f"--kubelet-certificate-authority={keys.path('ca.crt')}",
        f"--kubelet-client-certificate={keys.path('kubelet-client.crt')}",
        f"--kubelet-client-key={keys.path('kubelet-client.key')}",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={keys.path('service-accounts.pub')}",
        f"--service-account-signing-key-file={keys.path('service-accounts.key')}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--default-not-ready-toleration-seconds={EVICTION_SECONDS}",
        f"--default-unreachable-toleration-seconds={EVICTION_SECONDS}",
        "--profiling=false",
    )


def controller_manager(keys: ClusterKeys) -> tuple[str, ...]:
    """Run every controller that needs no cloud; Cilium gives nodes their pod ranges."""
    name = CONTROLLERS[0]
    return (
        *_client(name, CONTROLLER_MANAGER_PORT, keys),
        f"--root-ca-file={keys.path('ca.crt')}",
        f"--service-account-private-key-file={keys.path('service-accounts.key')}",
        "--use-service-account-credentials=true",
        "--allocate-node-cidrs=false",
        "--node-monitor-period=2s",
        f"--node-monitor-grace-period={NODE_GRACE_SECONDS}s",
        # By default it lets 20 requests a second through, and starting takes hundreds.
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    )


def scheduler(keys: ClusterKeys) -> tuple[str, ...]:
    """Run the default scheduler."""
    return _client(CONTROLLERS[1], SCHEDULER_PORT, keys)


def _client(name: str, port: int, keys: ClusterKeys) -> tuple[str, ...]:
    return (
        str(tool(name)),
        f"--kubeconfig={keys.path(f'{name}.kubeconfig')}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={keys.path(f'{name}.crt')}",
        f"--tls-private-key-file={keys.path(f'{name}.key')}",
        "--leader-elect=false",
        "--profiling=false",
    )
