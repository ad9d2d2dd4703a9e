"""Clusters of a fleet as their API servers and Cilium's programs would answer: whole, until a test breaks something."""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from infra.network_policies import KIND, network_policies
from infra.workloads import plan_workloads
from ops.adapters.cilium_ports import Container
from ops.errors import ClusterError
from ops.services.observe.look import Sight
from tests.ops.fake_certificates import Signer

if TYPE_CHECKING:
    from infra.plan import FleetPlan

NODES = ("a", "b")
STATUS = "etcd: 1/1 connected, leases=0, lock leases=0, has-quorum=true: endpoint status checks are disabled, ID: 2b96"
KUBE_SYSTEM = "/api/v1/namespaces/kube-system"


def ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@dataclass
class FakeCluster:
    """One cluster.

    Parameters
    ----------
    objects
        By path; a list is what ``items`` holds. An error is raised.
    status
        What the agent of each node says.
    mesh
        What kvstoremesh says of each peer.
    ways
        What its diagnosis says of each peer.
    ipcache
        The kernel's table of each node.
    carries
        Octets of the largest packets that come back to it over a link.
    latency
        Seconds that every answer takes.
    silent
        Paths and commands that are never answered, as long as the event is not set.
    """

    name: str
    objects: dict[str, Any]
    status: dict[str, dict[str, Any]]
    mesh: list[dict[str, Any]]
    ways: dict[str, str]
    ipcache: dict[str, dict[str, list[str]]]
    carries: int = 1500
    latency: float = 0.0
    silent: set[str] = field(default_factory=set)
    released: threading.Event = field(default_factory=threading.Event)
    errors: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def get(self, path: str, **query: str) -> dict[str, Any]:
        self._wait(path)
        found = self.objects[path]
        if isinstance(found, list):
            return {"items": [each for each in found if _selected(each, query)]}
        assert isinstance(found, dict)
        return found

    def agents(self) -> dict[str, Container]:
        self._wait("agents")
        return {node: Container(pod=f"cilium-{node}", node=node, name="cilium-agent") for node in self.status}

    def mesh_servers(self) -> tuple[Container, ...]:
        self._wait("mesh servers")
        return (Container(pod="clustermesh-apiserver-0", node="", name="kvstoremesh"),)

    def run(self, container: Container, *command: str, seconds: float) -> str:
        assert seconds > 0
        self._wait(f"{container.pod} {' '.join(command)}", " ".join(command[:2]))
        match command:
            case ("cilium-dbg", "status", "-o", "json"):
                return json.dumps(self.status[container.node])
            case ("cilium-dbg", "bpf", "ipcache", "list", "-o", "json"):
                return json.dumps(self.ipcache[container.node])
            case ("/usr/bin/clustermesh-apiserver", "kvstoremesh-dbg", "status", "-o", "json"):
                return json.dumps(self.mesh)
            case ("/usr/bin/clustermesh-apiserver", "kvstoremesh-dbg", "troubleshoot", peer, "--timeout", "3s"):
                return self.ways[peer]
            case ("perl", "-e", _, _, *words):
                return "".join(self._echo(*word.split(":")) for word in words)
        raise AssertionError(command)

    def _echo(self, kind: str, address: str, sizes: str) -> str:
        assert kind == "echo"
        return "".join(f"echo {address} {size}\n" for size in sizes.split(",") if int(size) <= self.carries)

    def _wait(self, what: str, kind: str = "") -> None:
        self.asked.append(what)
        if self.latency:
            time.sleep(self.latency)
        if {what, kind, "everything"} & self.silent:
            self.released.wait(30)
        for key in (what, kind):
            if key in self.errors:
                raise ClusterError(self.errors[key])


class FakeFleet:
    """All clusters of a plan, meshed as planned."""

    def __init__(self, plan: FleetPlan) -> None:
        self.plan = plan
        self.signer = Signer.make("Cilium CA")
        self.pods = {name: _endpoints(plan, name) for name in plan.clusters}
        self.clusters = {name: self._cluster(name) for name in plan.clusters}

    def __getitem__(self, name: str) -> FakeCluster:
        return self.clusters[name]

    def sights(self) -> dict[str, Sight | ClusterError]:
        return {name: Sight(objects=each, cilium=each) for name, each in self.clusters.items()}

    def peer_of(self, name: str, peer: str) -> tuple[dict[str, Any], ...]:
        """Give what all of a cluster's programs say of a peer, kvstoremesh first, to be changed."""
        said = [*self[name].mesh]
        for status in self[name].status.values():
            said += status["cluster-mesh"]["clusters"]
        return tuple(each for each in said if each["name"] == peer)

    def release(self) -> None:
        for each in self.clusters.values():
            each.released.set()

    def _cluster(self, name: str) -> FakeCluster:
        nodes = [f"{name}-{letter}" for letter in NODES]
        peers = [peer.name for peer in self.plan.peers(name)]
        return FakeCluster(
            name=name,
            objects=self._objects(name, nodes),
            status={node: self._status(name) for node in nodes},
            mesh=[self._remote(peer) for peer in peers],
            ways={peer: f'Cluster "{peer}":\n   ✅ Etcd connection successfully established\n' for peer in peers},
            ipcache={node: self._table() for node in nodes},
        )

    def _remote(self, peer: str) -> dict[str, Any]:
        """As go-swagger writes it: what is empty is left out."""
        return {
            "config": {"cluster-id": self.plan.clusters[peer].id, "required": True, "retrieved": True},
            "connected": True,
            "last-failure": "0001-01-01T00:00:00.000Z",
            "name": peer,
            "num-endpoints": len(self.pods[peer]),
            "num-identities": 4,
            "num-nodes": len(NODES),
            "num-shared-services": 2,
            "ready": True,
            "status": STATUS,
            "synced": dict.fromkeys(("endpoints", "identities", "nodes", "services"), True),
        }

    def _status(self, name: str) -> dict[str, Any]:
        return {
            "cilium": {"state": "Ok", "msg": "1.19.6 (v1.19.6-1a2b3c4d)"},
            "cluster": {"ciliumHealth": {"state": "Ok"}},
            "cluster-mesh": {"clusters": [self._remote(peer.name) for peer in self.plan.peers(name)]},
            "hubble": {"state": "Ok"},
            "encryption": {"mode": "Wireguard", "wireguard": {"interfaces": [{"name": "cilium_wg0", "peer-count": 3}]}},
            "kube-proxy-replacement": {"mode": "True"},
            "routing": {"inter-host-routing-mode": "Tunnel", "tunnel-protocol": "geneve"},
        }

    def _table(self) -> dict[str, list[str]]:
        return {
            f"{pod['status']['networking']['addressing'][0]['ipv4']}/32": [
                f"identity={pod['status']['identity']['id']} encryptkey=255 tunnelendpoint=10.16.0.17 flags=hastunnel"
            ]
            for pods in self.pods.values()
            for pod in pods
        }

    def _objects(self, name: str, nodes: list[str]) -> dict[str, Any]:
        planned = self.plan.clusters[name]
        components = plan_workloads(self.plan, name).components
        workloads = [_workload(each.name, each.namespace) for each in components if each.runs]
        return {
            "/version": {"gitVersion": "v1.35.2"},
            "/api/v1/nodes": [_node(node) for node in nodes],
            f"{KUBE_SYSTEM}/pods": [_pod("kube-system", f"cilium-{node}", node) for node in nodes],
            "/api/v1/pods": [_pod(each.namespace, f"{each.name}-0", nodes[0]) for each in components if each.runs],
            "/apis/apps/v1/deployments": [_workload("clustermesh-apiserver", "kube-system", ours=False), *workloads],
            "/apis/apps/v1/statefulsets": [],
            "/apis/apps/v1/daemonsets": [
                {
                    **_workload("cilium", "kube-system", ours=False),
                    "status": {"desiredNumberScheduled": 2, "numberReady": 2, "updatedNumberScheduled": 2},
                }
            ],
            "/api/v1/services": [
                {
                    "metadata": {
                        "namespace": "hms-api",
                        "name": "api",
                        "annotations": {"service.cilium.io/global": "true", "service.cilium.io/affinity": "local"},
                    },
                    "spec": {"clusterIP": "10.64.0.9"},
                }
            ],
            "/apis/discovery.k8s.io/v1/endpointslices": [
                {
                    "metadata": {"namespace": "hms-api", "labels": {"kubernetes.io/service-name": "api"}},
                    "endpoints": [
                        {"addresses": ["10.0.0.1"], "conditions": {"ready": True}},
                        {"addresses": ["10.0.0.2"], "conditions": {"ready": False}},
                    ],
                }
            ],
            "/apis/cilium.io/v2/ciliumnetworkpolicies": [
                {"kind": KIND, "metadata": {"namespace": each.namespace, "name": policy.name}, "spec": policy.spec}
                for each in components
                for policy in network_policies(each)
            ],
            "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies": [],
            "/apis/networking.k8s.io/v1/networkpolicies": [],
            "/api/v1/events": [],
            "/api/v1/namespaces": [],
            "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations": [],
            "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": [],
            "/apis/apiregistration.k8s.io/v1/apiservices": [],
            f"{KUBE_SYSTEM}/configmaps/cilium-config": {
                "data": {
                    "cluster-name": name,
                    "cluster-id": str(planned.id),
                    "max-connected-clusters": "255",
                    "cluster-pool-ipv4-cidr": str(planned.pod_cidr),
                    "routing-mode": "tunnel",
                    "tunnel-protocol": "geneve",
                    "enable-wireguard": "true",
                    "enable-hubble": "true",
                    "mtu": "1400",
                }
            },
            f"{KUBE_SYSTEM}/secrets": self._secrets(name),
            "/apis/cilium.io/v2/ciliumnodes": [
                {
                    "metadata": {"name": node, "annotations": {"network.cilium.io/wg-pub-key": f"key-of-{node}"}},
                    "spec": {
                        "addresses": [{"ip": "10.16.0.17", "type": "InternalIP"}],
                        "ipam": {"podCIDRs": [str(list(planned.pod_cidr.subnets(new_prefix=24))[number])]},
                    },
                }
                for number, node in enumerate(nodes)
                if planned.pod_cidr
            ],
            "/apis/cilium.io/v2/ciliumendpoints": self.pods[name],
            "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases": [
                {
                    "metadata": {"name": "cilium-operator-resource-lock"},
                    "spec": {"holderIdentity": "operator-0", "renewTime": ago(1), "leaseDurationSeconds": 15},
                }
            ],
        }

    def _secrets(self, name: str) -> list[Any]:
        peers = {
            peer.name: encoded(f"endpoints:\n- https://{peer.name}.mesh.cilium.io:2379\nkey-file: /k\n")
            for peer in self.plan.peers(name)
        }
        leaves = {
            "clustermesh-apiserver-server-cert": "clustermesh-apiserver.cilium.io",
            "clustermesh-apiserver-remote-cert": f"remote-{name}",
        }
        return [
            *(
                {"metadata": {"name": secret}, "type": "Opaque", "data": dict(peers)}
                for secret in ("cilium-clustermesh", "cilium-kvstoremesh")
            ),
            *(
                {"metadata": {"name": secret}, "type": "kubernetes.io/tls", "data": self.signer.data(subject)}
                for secret, subject in leaves.items()
            ),
        ]


def _selected(found: dict[str, Any], query: dict[str, str]) -> bool:
    kind = query.get("fieldSelector", "").removeprefix("type=")
    return "type" not in found or found["type"] == kind


def _node(name: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": "us-east-1a"}},
        "spec": {},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"kubeletVersion": "v1.35.2"},
            "addresses": [{"type": "InternalIP", "address": "10.16.0.17"}],
        },
    }


def _pod(namespace: str, name: str, node: str) -> dict[str, Any]:
    return {
        "metadata": {"namespace": namespace, "name": name, "labels": {"k8s-app": "cilium"}},
        "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i:1"}]},
        "status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
    }


def _workload(name: str, namespace: str, *, ours: bool = True) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": namespace,
            "name": name,
            "labels": {"app.kubernetes.io/part-of": "hms"} if ours else {},
        },
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"image": "i:1"}]}}},
        "status": {"readyReplicas": 2, "updatedReplicas": 2},
    }


def _endpoints(plan: FleetPlan, cluster: str) -> list[dict[str, Any]]:
    """Pods of three minutes, two minutes and one: the youngest is the last."""
    planned = plan.clusters[cluster]
    assert planned.pod_cidr is not None
    return [
        {
            "metadata": {"namespace": "hms-api", "name": f"api-{number}", "creationTimestamp": ago(180 - 60 * number)},
            "status": {
                "identity": {"id": (planned.id << 16) + 7},
                "networking": {"addressing": [{"ipv4": str(planned.pod_cidr[10 + number])}], "node": "10.16.0.17"},
            },
        }
        for number in range(3)
    ]
