"""The objects of Cilium's chart that others rely on: the service of the mesh API server and the CA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulator.kind import Inputs, Outputs, get
from simulator.kubernetes.readiness import SECRET
from simulator.kubernetes.services import SERVICE, load_balancer, node_port

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.world import Record

MESH_SERVICE: Final = "clustermesh-apiserver"
_MESH_PORT: Final = 2379


def make_cilium_objects(context: Context, cluster: Record, namespace: str, inputs: Inputs) -> str:
    """Record what the chart makes along with the release.

    Returns
    -------
    Why the load balancer of the mesh API server gets no address; empty if it has one or needs none.
    """
    values: Any = inputs.get("values") or {}
    if get(values, "tls.ca.cert") and get(values, "tls.ca.key"):
        # Only that it is there: the key itself is in the release's values, and nobody needs it twice.
        context.implicit(
            SECRET, f"{namespace}/cilium-ca", {"type": "Opaque", "metadata": _metadata("cilium-ca", namespace)}
        )
    if get(values, "clustermesh.useAPIServer") is not True:
        return ""
    service = get(values, "clustermesh.apiserver.service") or {}
    if service.get("externallyCreated") is True:
        return ""
    kind = service.get("type") or "NodePort"
    port: Outputs = {"port": _MESH_PORT, "protocol": "TCP"}
    if kind in {"NodePort", "LoadBalancer"}:
        # The chart's own default is one port in every cluster.
        fixed = int(service.get("nodePort") or 32379)
        port["nodePort"] = (
            fixed if kind == "NodePort" else _kept(context, namespace) or node_port(context, "mesh", set())
        )
    ingress: list[Outputs] = []
    problem = ""
    annotations = service.get("annotations") or {}
    if kind == "LoadBalancer":
        ingress, problem = load_balancer(context, cluster, annotations, service)
    context.implicit(
        SERVICE.token,
        f"{namespace}/{MESH_SERVICE}",
        {
            "metadata": {**_metadata(MESH_SERVICE, namespace), "annotations": annotations},
            "spec": {"type": kind, "selector": {"k8s-app": MESH_SERVICE}, "ports": [port]},
            "status": {"loadBalancer": {"ingress": ingress} if ingress else {}},
        },
    )
    return problem


def _metadata(name: str, namespace: str) -> Outputs:
    return {"name": name, "namespace": namespace}


def _kept(context: Context, namespace: str) -> int | None:
    """Give the node port that the service had before this update."""
    before = context.one(SERVICE.token, f"{namespace}/{MESH_SERVICE}") if context.old else None
    ports = get(before.outputs, "spec.ports") if before else None
    return int(ports[0]["nodePort"]) if ports and ports[0].get("nodePort") else None
