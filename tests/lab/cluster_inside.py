"""``python -m tests.lab.cluster_inside FOLDER``: a real control plane in namespaces; prints what it did, as JSON.

Runs as the first process of namespaces of its own, so nothing outlives it. A node is only a namespace and an object.
"""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from infra.load import load_fleet
from infra.planner import plan_fleet
from lab.cluster.control_plane import ControlPlane
from lab.cluster.dns import dns_objects
from lab.cluster.pki import write_secret
from lab.cluster.storage import Provisioner
from lab.errors import LabError
from lab.machine.forward import Forward
from lab.machine.processes import Processes
from lab.machine.spaces import network_space
from lab.machine.web import Web
from lab.plan import ClusterLab, NodeLab, plan_lab
from tests.lab.test_cluster_pki import from_kubeconfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.cluster.certificates import KeyPair

SECRET = "a text that no file may hold"

_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "hms-encrypted"},
    "provisioner": "ebs.csi.aws.com",
    "volumeBindingMode": "WaitForFirstConsumer",
    "reclaimPolicy": "Delete",
}

_STATEFUL_SET = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "etl", "namespace": "default"},
    "spec": {
        "serviceName": "etl",
        "replicas": 1,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"},
        "selector": {"matchLabels": {"app": "etl"}},
        "template": {
            "metadata": {"labels": {"app": "etl"}},
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "etl", "image": "etl:1"}],
            },
        },
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "data"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": "hms-encrypted",
                    "resources": {"requests": {"storage": "20Gi"}},
                },
            }
        ],
    },
}


def network(cluster: ClusterLab, node: NodeLab) -> None:
    """Join the control plane and one node by a cable."""
    prefix = 16
    commands = [
        "mount -t tmpfs lab /run",
        "mkdir -p /run/netns",
        "ip link set lo up",
        f"ip netns add {cluster.namespace}",
        f"ip netns add {node.namespace}",
        f"ip -n {cluster.namespace} link add eth0 type veth peer name eth0 netns {node.namespace}",
    ]
    for namespace, address in ((cluster.namespace, cluster.api), (node.namespace, node.address)):
        commands += [
            f"ip -n {namespace} link set lo up",
            f"ip -n {namespace} addr add {address}/{prefix} dev eth0",
            f"ip -n {namespace} link set eth0 up",
            # The service range needs a way out, as the site's router is one.
            f"ip -n {namespace} route add default dev eth0",
        ]
    for command in commands:
        subprocess.run(command.split(), check=True)


def client_context(folder: Path, authority: bytes, pair: KeyPair) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority.decode())
    context.load_cert_chain(write_secret(folder / "client.pem", pair.certificate + pair.key))
    return context


def seconds(action: Callable[[], object]) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


class Run:
    """One control plane, and what is asked of it."""

    def __init__(self, folder: Path) -> None:
        plan = plan_lab(plan_fleet(load_fleet(Path("fleets/dev.yaml"))), depth="datapath")
        self.cluster = plan.clusters["aws-1"]
        self.node = self.cluster.nodes[0]
        network(self.cluster, self.node)
        self.processes = Processes(folder / "logs")
        self.data = folder / "etcd"
        self.plane = ControlPlane(self.cluster, self.processes, keys=Path("/run/keys"), data=self.data)
        self.api = self.plane.api

    def everything(self) -> dict[str, Any]:
        found: dict[str, Any] = {"start": seconds(self.plane.start)}
        self.api.wait(
            "controllers work", lambda: self.api.get("v1", "ServiceAccount", "default", "default") is not None
        )
        found["kubernetes"] = self.api.objects("v1", "Endpoints", "default")[0]["subsets"]
        self.add_node()
        found["as node"] = self.as_node()
        found["from outside"] = self.from_outside()
        found["unknown field"] = self.refusal({"data": {}, "dota": {}})
        found["secret on disk"] = self.secret_on_disk()
        found["dns on"] = self.dns()
        found["volume"] = self.volume()
        found["to node"] = self.to_node()
        self.processes.kill("aws-1/kube-apiserver")
        found["answers when dead"] = self.api.web.says("/readyz")
        found["restart"] = seconds(self.plane.start)
        found["nodes after restart"] = len(self.api.objects("v1", "Node"))
        self.plane.stop()
        found["left running"] = [name for name in self.processes.names() if self.processes.running(name)]
        return found

    def as_node(self) -> dict[str, int]:
        keys = self.plane.keys.for_node(self.node)
        context = client_context(Path("/run"), keys.authority, from_kubeconfig(keys.kubeconfig))
        web = Web(self.node.namespace, str(self.cluster.api), 443, context)
        nodes = (f"/api/v1/nodes/{node.name}" for node in self.cluster.nodes)
        paths = (*nodes, "/api/v1/services", "/api/v1/secrets")
        return {path: web.request("GET", path).status for path in paths}

    def from_outside(self) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        address = listener.getsockname()
        text = self.plane.keys.admin_kubeconfig(f"https://127.0.0.1:{address[1]}")
        context = client_context(Path("/run"), self.plane.keys.authority, from_kubeconfig(text))
        server = yaml.safe_load(text)["clusters"][0]["cluster"]["server"]
        forward = Forward(listener, self.cluster.namespace, str(self.cluster.api), 443)
        with (
            closing(forward),
            socket.create_connection(address, 5) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            connection.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
            return f"{server.rpartition(':')[0]} {connection.recv(4096).splitlines()[0].decode()}"

    def refusal(self, wrong: dict[str, Any]) -> str:
        metadata = {"name": "wrong", "namespace": "default"}
        try:
            self.api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **wrong})
        except LabError as error:
            return error.message
        return "accepted"

    def secret_on_disk(self) -> list[str]:
        for kind, data in (("Secret", "stringData"), ("ConfigMap", "data")):
            metadata = {"name": "kept", "namespace": "default"}
            text = SECRET if kind == "Secret" else "a text that shows where to look"
            self.api.apply({"apiVersion": "v1", "kind": kind, "metadata": metadata, data: {"text": text}})
        content = b"".join(file.read_bytes() for file in self.data.rglob("*") if file.is_file())
        return [text for text in (SECRET, "a text that shows where to look") if text.encode() in content]

    def add_node(self) -> None:
        labels = {**self.node.labels, "kubernetes.io/hostname": self.node.name}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self.node.name}}
        self.api.apply({**node, "metadata": {"name": self.node.name, "labels": labels}})
        room = {"cpu": "4", "memory": "8Gi", "pods": "50"}
        ready = {"type": "Ready", "status": "True", "reason": "Test", "message": "", "lastHeartbeatTime": None}
        status = {
            "addresses": [{"type": "InternalIP", "address": str(self.node.address)}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "allocatable": room,
            "capacity": room,
            "conditions": [ready],
        }
        self.api.patch({**node, "status": status}, "status")

    def placed(self, namespace: str, labels: str) -> list[str]:
        pods = self.api.objects("v1", "Pod", namespace, labels)
        return [pod["spec"]["nodeName"] for pod in pods if "nodeName" in pod["spec"]]

    def dns(self) -> list[str]:
        for one in dns_objects(self.cluster, "registry.k8s.io/coredns/coredns:v1.13.1"):
            self.api.apply(one)
        self.api.wait("CoreDNS has nodes", lambda: len(self.placed("kube-system", "k8s-app=kube-dns")) == 2)
        return self.placed("kube-system", "k8s-app=kube-dns")

    def volume(self) -> dict[str, Any]:
        made: list[tuple[str, str]] = []
        provisioner = Provisioner(self.api, lambda node, path: made.append((node, path)))
        provisioner.start()
        with closing(provisioner):
            self.api.apply(_CLASS)
            self.api.apply(_STATEFUL_SET)
            self.api.wait("the pod with a volume has a node", lambda: bool(self.placed("default", "app=etl")))
            (claim,) = self.api.objects("v1", "PersistentVolumeClaim")
            self.api.delete("apps/v1", "StatefulSet", "etl", "default")
            self.api.wait("the volume is gone", lambda: not self.api.objects("v1", "PersistentVolume"))
        return {"made": made, "claim": claim["status"]["phase"], "path": f"pvc-{claim['metadata']['uid']}"}

    def to_node(self) -> str:
        keys = self.plane.keys.for_node(self.node)
        write_secret(Path("/run/serving.pem"), keys.serving.certificate + keys.serving.key)
        write_secret(Path("/run/authority.pem"), keys.authority)
        server = (sys.executable, "-m", "tests.lab.kubelet_alike", str(self.node.address))
        with subprocess.Popen((*network_space(self.node.namespace).prefix, *server)) as process:
            path = f"/api/v1/nodes/{self.node.name}/proxy/who"
            self.api.wait("the node answers", lambda: self.api.web.request("GET", path).status == 200, 20)
            answer = self.api.web.request("GET", path)
            process.kill()
        return answer.body.decode()


if __name__ == "__main__":
    json.dump(Run(Path(sys.argv[1])).everything(), sys.stdout)
