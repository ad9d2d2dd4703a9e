"""Reads what Kubernetes knows: one function a part of a :class:`ops.services.observe.snapshot.ClusterView`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra.cilium import NAMESPACE
from infra.network_policies import NAME_LABEL
from ops.services.observe.kubernetes import ApiServer, Node, Pod, Policy, Service, Warn, Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.adapters.cilium_ports import Objects

_PART_OF = "app.kubernetes.io/part-of"
_OURS = f"{_PART_OF}=hms"
_GLOBAL, _SHARED, _AFFINITY = (f"service.cilium.io/{name}" for name in ("global", "shared", "affinity"))
_SERVICE_NAME = "kubernetes.io/service-name"

_WORKLOADS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}

_POLICIES = {
    "CiliumNetworkPolicy": "/apis/cilium.io/v2/ciliumnetworkpolicies",
    "CiliumClusterwideNetworkPolicy": "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/networkpolicies",
}

_EVENTS = "500"
"""Warnings that are read at most; the API server keeps those of the last hour."""


def api(objects: Objects) -> ApiServer:
    """Read the API server's version."""
    return ApiServer(version=objects.get("/version")["gitVersion"])


def nodes(objects: Objects) -> tuple[Node, ...]:
    """Read the nodes."""
    return tuple(map(_node, objects.get("/api/v1/nodes")["items"]))


def pods(objects: Objects) -> tuple[Pod, ...]:
    """Read the pods of Cilium's namespace, and those of components."""
    found = objects.get(f"/api/v1/namespaces/{NAMESPACE}/pods")["items"]
    found += objects.get("/api/v1/pods", labelSelector=_OURS)["items"]
    return tuple(map(_pod, found))


def workloads(objects: Objects) -> tuple[Workload, ...]:
    """Read the workloads of Cilium's namespace, and the components."""
    return tuple(
        _workload(kind, each)
        for kind, plural in _WORKLOADS.items()
        for each in objects.get(f"/apis/apps/v1/{plural}")["items"]
        if each["metadata"]["namespace"] == NAMESPACE or _is_ours(each)
    )


def services(objects: Objects) -> tuple[Service, ...]:
    """Read the global services, each with how many own backends are ready."""
    found = [
        each
        for each in objects.get("/api/v1/services")["items"]
        if each["metadata"].get("annotations", {}).get(_GLOBAL) == "true"
    ]
    ready: dict[tuple[str, str], set[str]] = {}
    if found:
        names = ",".join(sorted({each["metadata"]["name"] for each in found}))
        wanted = f"{_SERVICE_NAME} in ({names})"
        for slice_ in objects.get("/apis/discovery.k8s.io/v1/endpointslices", labelSelector=wanted)["items"]:
            metadata = slice_["metadata"]
            ready.setdefault((metadata["namespace"], metadata["labels"][_SERVICE_NAME]), set()).update(
                address
                for endpoint in slice_.get("endpoints") or ()
                if endpoint.get("conditions", {}).get("ready", True)
                for address in endpoint["addresses"]
            )
    return tuple(_service(each, ready) for each in found)


def node_ports(objects: Objects) -> dict[int, str]:
    """Read which service has which node port."""
    return {
        port["nodePort"]: f"{each['metadata']['namespace']}/{each['metadata']['name']}"
        for each in objects.get("/api/v1/services")["items"]
        for port in each["spec"].get("ports", ())
        if "nodePort" in port
    }


def policies(objects: Objects) -> tuple[Policy, ...]:
    """Read the network policies of all kinds."""
    return tuple(_policy(kind, each) for kind, path in _POLICIES.items() for each in objects.get(path)["items"])


def warnings(objects: Objects) -> tuple[Warn, ...]:
    """Read the warnings that the API server still knows, the latest first."""
    found: dict[tuple[str, str, str], Warn] = {}
    for event in objects.get("/api/v1/events", fieldSelector="type=Warning", limit=_EVENTS)["items"]:
        said = _warning(event)
        key = (said.about, said.reason, said.message)
        known = found.get(key)
        if known is not None:
            last = max(filter(None, (said.last, known.last)), default=None)
            said = Warn(
                about=said.about,
                reason=said.reason,
                message=said.message,
                count=said.count + known.count,
                last=last,
            )
        found[key] = said
    old = datetime.min.replace(tzinfo=UTC)
    return tuple(sorted(found.values(), key=lambda each: each.last or old, reverse=True))


def moment(text: str | None) -> datetime | None:
    """Read a time as Kubernetes and Cilium write it; None for none, and for Go's zero."""
    if not text or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text)


def internal_address(addresses: list[dict[str, str]]) -> str:
    """Find the internal address of a node; empty if it has none."""
    return next((each.get("address") or each.get("ip", "") for each in addresses if each["type"] == "InternalIP"), "")


def _is_ours(found: Mapping[str, Any]) -> bool:
    return bool(found["metadata"].get("labels", {}).get(_PART_OF) == "hms")


def _node(found: dict[str, Any]) -> Node:
    status = found.get("status", {})
    ready: dict[str, Any] = next((each for each in status.get("conditions", ()) if each["type"] == "Ready"), {})
    good = ready.get("status") == "True"
    return Node(
        name=found["metadata"]["name"],
        ready=good,
        reason="" if good else str(ready.get("message") or ready.get("reason") or "its kubelet has said nothing yet"),
        version=status.get("nodeInfo", {}).get("kubeletVersion", ""),
        zone=found["metadata"].get("labels", {}).get("topology.kubernetes.io/zone", ""),
        address=internal_address(status.get("addresses", [])),
        pod_cidrs=tuple(found.get("spec", {}).get("podCIDRs", ())),
        taints=tuple(
            f"{each['key']}={each.get('value', '')}:{each['effect']}"
            for each in found.get("spec", {}).get("taints", ())
        ),
    )


def _pod(found: dict[str, Any]) -> Pod:
    status, labels = found.get("status", {}), found["metadata"].get("labels", {})
    containers = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    waiting = (each.get("state", {}).get("waiting", {}).get("reason") for each in containers)
    return Pod(
        namespace=found["metadata"]["namespace"],
        name=found["metadata"]["name"],
        node=found["spec"].get("nodeName", ""),
        phase=status.get("phase", ""),
        ready=any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", ())),
        restarts=sum(each.get("restartCount", 0) for each in containers),
        reason=status.get("reason") or next(filter(None, waiting), "") or _unschedulable(status),
        address=status.get("podIP", ""),
        component=labels.get(NAME_LABEL) or labels.get("k8s-app", ""),
        images=tuple(each["image"] for each in found["spec"]["containers"]),
        containers=tuple(each["name"] for each in found["spec"]["containers"]),
    )


def _unschedulable(status: Mapping[str, Any]) -> str:
    conditions = status.get("conditions", ())
    return next(
        (
            str(each.get("message", ""))
            for each in conditions
            if each["type"] == "PodScheduled" and each["status"] == "False"
        ),
        "",
    )


def _workload(kind: str, found: dict[str, Any]) -> Workload:
    status = found.get("status", {})
    if kind == "DaemonSet":
        desired, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
        updated = status.get("updatedNumberScheduled", 0)
    else:
        desired, ready = found["spec"].get("replicas", 1), status.get("readyReplicas", 0)
        updated = status.get("updatedReplicas", 0)
    return Workload(
        kind=kind,
        namespace=found["metadata"]["namespace"],
        name=found["metadata"]["name"],
        desired=desired,
        ready=ready,
        updated=updated,
        image=found["spec"]["template"]["spec"]["containers"][0]["image"],
        ours=_is_ours(found),
    )


def _service(found: dict[str, Any], ready: Mapping[tuple[str, str], set[str]]) -> Service:
    metadata = found["metadata"]
    return Service(
        namespace=metadata["namespace"],
        name=metadata["name"],
        shared=metadata["annotations"].get(_SHARED, "true") == "true",
        affinity=metadata["annotations"].get(_AFFINITY, "none"),
        cluster_ip=found["spec"].get("clusterIP", ""),
        backends=len(ready.get((metadata["namespace"], metadata["name"]), ())),
    )


def _policy(kind: str, found: dict[str, Any]) -> Policy:
    valid: dict[str, Any] = next(
        (each for each in found.get("status", {}).get("conditions", ()) if each["type"] == "Valid"), {}
    )
    specs = [found["spec"]] if found.get("spec") else []
    return Policy(
        kind=kind,
        namespace=found["metadata"].get("namespace", ""),
        name=found["metadata"]["name"],
        valid=str(valid.get("message", "")) if valid.get("status") == "False" else "",
        specs=(*specs, *found.get("specs", ())),
    )


def _warning(event: dict[str, Any]) -> Warn:
    about = event["involvedObject"]
    name = "/".join(filter(None, (about.get("namespace"), about.get("name"))))
    series = event.get("series") or {}
    last = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return Warn(
        about=f"{about.get('kind', '')} {name}",
        reason=event.get("reason", ""),
        message=event.get("message", ""),
        count=series.get("count") or event.get("count") or 1,
        last=moment(last),
    )
