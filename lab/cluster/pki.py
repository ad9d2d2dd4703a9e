"""Who is who in a lab's cluster: certificates, keys and kubeconfigs of everything that speaks to its API server."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

import yaml

from lab.cluster.certificates import Authority, KeyPair, private_key, private_pem, public_pem

if TYPE_CHECKING:
    from pathlib import Path

    from lab.plan import ClusterLab, NodeLab

API_PORT = 443
"""Where API servers listen, in both clouds."""

ADMINISTRATORS = "system:masters"
"""The group that may do everything; the API server does not ask RBAC about it."""

CONTROLLERS = ("kube-controller-manager", "kube-scheduler")
"""Programs of the control plane that are clients of the API server; their user is ``system:<program>``."""


@dataclass(frozen=True)
class NodeKeys:
    """What a kubelet needs.

    Parameters
    ----------
    kubeconfig
        Makes it ``system:node:<node>``, as the node authorizer demands.
    serving
        With it the kubelet answers the API server (logs, exec, port-forward).
    authority
        PEM; signs the API server and whoever may call the kubelet.
    """

    kubeconfig: str
    serving: KeyPair
    authority: bytes


def kubeconfig(cluster: str, server: str, authority: bytes, client: KeyPair) -> str:
    """Write a kubeconfig that needs no other file.

    Parameters
    ----------
    server
        Address such as ``https://10.16.32.16``.
    authority
        PEM.
    """

    def data(pem: bytes) -> str:
        return base64.b64encode(pem).decode()

    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": cluster, "cluster": {"server": server, "certificate-authority-data": data(authority)}}
            ],
            "users": [
                {
                    "name": cluster,
                    "user": {
                        "client-certificate-data": data(client.certificate),
                        "client-key-data": data(client.key),
                    },
                }
            ],
            "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
            "current-context": cluster,
        },
        sort_keys=False,
    )


def write_secret(path: Path, content: bytes | str) -> Path:
    """Write a file that its owner alone may ever read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        # A file that was there keeps its mode otherwise.
        os.fchmod(descriptor, 0o600)
        file.write(content.encode() if isinstance(content, str) else content)
    return path


def _encryption() -> dict[str, object]:
    """Encrypt Secrets in etcd, whose files lie on a disk (as both clouds do with a key of the owner)."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    providers = [{"secretbox": {"keys": [{"name": "lab", "secret": key}]}}]
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [{"resources": ["secrets"], "providers": providers}],
    }


class ClusterKeys:
    """The certificate authority of a cluster, and all that it signed.

    Parameters
    ----------
    folder
        Is made, with one file for each key of the control plane; must lie in memory (a tmpfs): no key reaches a disk.
    """

    def __init__(self, cluster: ClusterLab, folder: Path) -> None:
        self._cluster = cluster
        self._folder = folder
        self._authority = Authority(f"{cluster.name} Kubernetes")
        self._administrator = self._authority.client("kubernetes-admin", ADMINISTRATORS)
        folder.mkdir(mode=0o700, parents=True)
        self._write()

    @property
    def authority(self) -> bytes:
        """Certificate of the authority, PEM."""
        return self._authority.certificate

    @property
    def server(self) -> str:
        """Address of the API server inside the lab."""
        return f"https://{self._cluster.api}:{API_PORT}"

    def path(self, name: str) -> Path:
        """Give a file of the folder, such as ``ca.crt`` or ``kube-apiserver.key``."""
        return self._folder / name

    def admin_kubeconfig(self, server: str) -> str:
        """Make the administrator's kubeconfig for one way to the API server, which must be 127.0.0.1 or inside."""
        return kubeconfig(self._cluster.name, server, self.authority, self._administrator)

    def for_node(self, node: NodeLab) -> NodeKeys:
        """Make the keys of a node; each call makes new ones, and the old ones stay good."""
        client = self._authority.client(f"system:node:{node.name}", "system:nodes")
        return NodeKeys(
            kubeconfig=kubeconfig(self._cluster.name, self.server, self.authority, client),
            serving=self._authority.server(f"system:node:{node.name}", (node.name, node.address)),
            authority=self.authority,
        )

    def _write(self) -> None:
        write_secret(self.path("ca.crt"), self.authority)
        self._write_pair("admin", self._administrator)
        local = ("localhost", IPv4Address("127.0.0.1"), IPv6Address("::1"))
        service = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
        addresses = (*service, *local, self._cluster.api, self._cluster.kubernetes_service)
        self._write_pair("kube-apiserver", self._authority.server("kube-apiserver", addresses))
        self._write_pair("kubelet-client", self._authority.client("kube-apiserver-kubelet-client", ADMINISTRATORS))
        for program in CONTROLLERS:
            client = self._authority.client(f"system:{program}")
            write_secret(
                self.path(f"{program}.kubeconfig"), kubeconfig(self._cluster.name, self.server, self.authority, client)
            )
            self._write_pair(program, self._authority.server(program, local))
        write_secret(self.path("encryption.json"), json.dumps(_encryption()))
        tokens = private_key()
        write_secret(self.path("service-accounts.key"), private_pem(tokens))
        write_secret(self.path("service-accounts.pub"), public_pem(tokens))

    def _write_pair(self, name: str, pair: KeyPair) -> None:
        write_secret(self.path(f"{name}.crt"), pair.certificate)
        write_secret(self.path(f"{name}.key"), pair.key)
