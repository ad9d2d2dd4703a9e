"""Pods of the tests' own, one on each node, beside the fleet's components: what they call goes through the real mesh.

They are one global service that prefers its own cluster, and a policy lets guests of all clusters in. A second service,
``beacon``, has no pods: its address in one cluster is set by hand, to see whether a change arrives in the others.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from kubernetes.client import ApiException, DiscoveryV1Api
from urllib3.exceptions import HTTPError

from lab.images import AGNHOST
from ops.adapters.kubernetes_ports import Place, Pod
from ops.adapters.lab import program
from ops.errors import ClusterError, HmsError
from tests.live import dial
from tests.live.lab import Caller, until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.live.lab import LiveLab

NAMESPACE = "hms-live"
PORT = 8080
GUEST = "guest"
BEACON = "beacon"
APP = "app"

_RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def pod_manifest(name: str, labels: dict[str, str], node: str = "") -> dict[str, Any]:
    """Write a pod that answers HTTP on :data:`PORT` with its name, and calls others when asked to."""
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {
            **({"nodeName": node} if node else {}),
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "agnhost",
                    "image": AGNHOST.name,
                    "imagePullPolicy": "IfNotPresent",
                    "args": ["netexec", f"--http-port={PORT}", "--udp-port=-1"],
                    "securityContext": _RESTRICTED,
                    "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
                }
            ],
        },
    }


@dataclass(frozen=True)
class Guests:
    """The guests of a lab."""

    lab: LiveLab
    clusters: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, lab: LiveLab) -> Guests:
        nodes = {name: tuple(sorted(lab.look(name).nodes)) for name in lab.plan.clusters}
        return cls(lab, nodes)

    def __enter__(self) -> Self:
        self.make()
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def make(self) -> None:
        for cluster, nodes in self.clusters.items():
            namespace = {
                "metadata": {
                    "name": NAMESPACE,
                    "annotations": {"clustermesh.cilium.io/global": "true"},
                    "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
                }
            }
            core = self.lab.core(cluster)
            core.create_namespace(namespace)
            until(f"{cluster} has an account for pods", partial(_has_account, core))
            core.create_namespaced_service(NAMESPACE, _service("guests", "local", {"selector": {APP: GUEST}}))
            core.create_namespaced_service(NAMESPACE, _service(BEACON, "none", {}))
            DiscoveryV1Api(core.api_client).create_namespaced_endpoint_slice(NAMESPACE, _slice(_address(0, 0)))
            policy(self.lab, cluster, "guests", {APP: GUEST}, {APP: GUEST}, tuple(self.clusters))
            for node in nodes:
                core.create_namespaced_pod(NAMESPACE, pod_manifest(f"{GUEST}-{node}", {APP: GUEST}, node))
        until(
            "guests are ready", lambda: all(len(self.pods(name)) == len(self.clusters[name]) for name in self.clusters)
        )

    def remove(self) -> None:
        """Remove them, where the lab has not ended."""
        for cluster in self.clusters:
            with suppress(ApiException, HTTPError, HmsError):
                self.lab.core(cluster).delete_namespace(NAMESPACE)

    def pods(self, cluster: str) -> list[Pod]:
        """Give the guests of a cluster that are ready; none where its API server does not answer."""
        return ready_pods(self.lab, cluster, f"{APP}={GUEST}")

    def service(self, cluster: str) -> str:
        """Give the address of the global service in a cluster."""
        return str(self.lab.core(cluster).read_namespaced_service("guests", NAMESPACE).spec.cluster_ip)

    def shine(self, cluster: str) -> str:
        """Change the beacon's address in a cluster to one that it never had, and give it."""
        address = _address(list(self.clusters).index(cluster), int(time.time() * 10))
        discovery = DiscoveryV1Api(self.lab.core(cluster).api_client)
        discovery.patch_namespaced_endpoint_slice(BEACON, NAMESPACE, {"endpoints": _slice(address)["endpoints"]})
        return address

    def sees(self, node: str, address: str) -> bool:
        """Say whether the agent of a node has an address of a beacon."""
        told = self.lab.lab.run(node, program("cilium-dbg"), "service", "list", "-o", "json")
        return address in {
            backend["ip"] for service in json.loads(told) for backend in service["spec"].get("backend-addresses") or ()
        }


def caller(lab: LiveLab, pod: Pod) -> Caller:
    """Call from a pod of :func:`pod_manifest`, over the API server."""
    return Caller(lab.api(pod.place.cluster), pod, PORT)


def dial_from_node(lab: LiveLab, source: Pod, calls: Iterable[dial.Call], seconds: float) -> list[list[str]]:
    """Let a pod call, without its API server: its node asks it to. Gives who answered each call."""
    asked = {"by": f"{source.address}:{PORT}", "seconds": seconds, "calls": list(calls)}
    told = lab.lab.run(source.node, sys.executable, str(Path(dial.__file__).resolve()), json.dumps(asked))
    found: list[list[str]] = json.loads(told)
    return found


def ready_pods(lab: LiveLab, cluster: str, labels: str, namespace: str = NAMESPACE) -> list[Pod]:
    """Give the pods with some labels that are ready; none where the API server does not answer."""
    try:
        found = lab.api(cluster).get(f"/api/v1/namespaces/{namespace}/pods", labelSelector=labels)["items"]
    except ClusterError:
        return []
    return [
        Pod(
            place=Place(cluster=cluster, component=pod["metadata"]["name"]),
            namespace=namespace,
            name=pod["metadata"]["name"],
            node=pod["spec"]["nodeName"],
            address=pod["status"]["podIP"],
        )
        for pod in found
        if any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ()))
    ]


def policy(
    lab: LiveLab, cluster: str, name: str, pods: dict[str, str], callers: dict[str, str], clusters: tuple[str, ...]
) -> None:
    """Let only callers of some clusters in; of none named is what Cilium makes of a policy that names none.

    A policy of that name is replaced.
    """
    where = [{"key": "io.cilium.k8s.policy.cluster", "operator": "In", "values": list(clusters)}]
    selector = {"matchLabels": callers, **({"matchExpressions": where} if clusters else {})}
    body = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"endpointSelector": {"matchLabels": pods}, "ingress": [{"fromEndpoints": [selector]}]},
    }
    place = ("cilium.io", "v2", NAMESPACE, "ciliumnetworkpolicies")
    with suppress(ApiException):
        lab.objects(cluster).delete_namespaced_custom_object(*place, name)
    lab.objects(cluster).create_namespaced_custom_object(*place, body)


def _service(name: str, affinity: str, extra: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "annotations": {"service.cilium.io/global": "true", "service.cilium.io/affinity": affinity},
        },
        "spec": {"ports": [{"port": PORT, "name": "http"}], **extra},
    }


def _slice(address: str) -> dict[str, Any]:
    return {
        "metadata": {"name": BEACON, "labels": {"kubernetes.io/service-name": BEACON}},
        "addressType": "IPv4",
        "ports": [{"port": PORT, "name": "http", "protocol": "TCP"}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
    }


def _address(cluster: int, number: int) -> str:
    """Give an address of the ranges for benchmarks (198.18.0.0/15, RFC 2544), which nobody has."""
    return f"198.{18 + cluster % 2}.{number // 250 % 250}.{1 + number % 250}"


def _has_account(core: Any) -> bool:
    try:
        core.read_namespaced_service_account("default", NAMESPACE)
    except ApiException:
        return False
    return True
