"""When an object is ready, as pulumi-kubernetes waits for it (``provider/pkg/await``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from simulator.kind import get

_NO_ENDPOINTS: Final = (
    "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels "
    "on any Pods"
)
Object = Mapping[str, Any]
Fetch = Callable[..., "dict[str, Any] | None"]
"""``(path, query=None)``: an object or a list of the cluster, or ``None``."""


class Failed(Exception):  # noqa: N818  (a job that has failed will not be waited for)
    """The object never gets ready."""


def _count(live: Object, path: str) -> int:
    return int(get(live, path) or 0)


def _wanted(live: Object) -> int:
    given = get(live, "spec.replicas")
    return 1 if given is None else int(given)


def _observed(live: Object) -> bool:
    """Whether the status is about this generation of the object, and not about the one before."""
    return _count(live, "status.observedGeneration") >= _count(live, "metadata.generation")


def conditions(live: Object) -> dict[str, Object]:
    """Give the conditions of an object by type."""
    return {str(one.get("type")): one for one in get(live, "status.conditions") or ()}


def told(condition: Object) -> str:
    """Give a condition as the provider words it."""
    return f"[{condition.get('reason', '')}] {condition.get('message', '')}".strip()


def _deployment(live: Object, _fetch: Fetch, _created: bool) -> list[str]:  # noqa: FBT001
    wanted, found = _wanted(live), conditions(live)
    counts = {_count(live, f"status.{name}") for name in ("replicas", "updatedReplicas", "availableReplicas")}
    if _observed(live) and get(found.get("Available", {}), "status") == "True" and counts == {wanted}:
        return []
    problems = [
        told(found[name])
        for name in ("Available", "Progressing", "ReplicaFailure")
        if name in found and (found[name].get("status") == "True") is (name == "ReplicaFailure")
    ]
    return [*problems, "Minimum number of live Pods was not attained"]


def _stateful_set(live: Object, _fetch: Fetch, _created: bool) -> list[str]:  # noqa: FBT001
    wanted, ready = _wanted(live), _count(live, "status.readyReplicas")
    before, after = get(live, "status.currentRevision"), get(live, "status.updateRevision")
    names = ["replicas", "readyReplicas"]
    on_delete = get(live, "spec.updateStrategy.type") == "OnDelete" and _count(live, "metadata.generation") > 1
    if not on_delete:
        names.append("currentReplicas")
    problems = []
    if not _observed(live) or {_count(live, f"status.{name}") for name in names} != {wanted}:
        problems.append(f"{ready} out of {wanted} replicas succeeded readiness checks")
    if not on_delete and (not before or before != after):
        problems.append(f'StatefulSet controller failed to advance from revision "{before}" to revision "{after}"')
    return problems


def _daemon_set(live: Object, _fetch: Fetch, _created: bool) -> list[str]:  # noqa: FBT001
    wanted = get(live, "status.desiredNumberScheduled")
    names = ("currentNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady")
    counts = {name: _count(live, f"status.{name}") for name in names}
    if _observed(live) and wanted is not None and set(counts.values()) == {int(wanted)}:
        return []
    return [f"{counts['numberReady']} out of {wanted or 0} pods are ready"]


def _job(live: Object, _fetch: Fetch, _created: bool) -> list[str]:  # noqa: FBT001
    found = conditions(live)
    if get(found.get("Failed", {}), "status") == "True":
        raise Failed(told(found["Failed"]))
    if get(found.get("Complete", {}), "status") == "True":
        return []
    return [f"{_count(live, 'status.succeeded')} pods have succeeded, {_count(live, 'status.active')} are active"]


def _pod(live: Object, _fetch: Fetch, _created: bool) -> list[str]:  # noqa: FBT001
    if get(live, "status.phase") == "Succeeded":
        return []
    found = conditions(live)
    wanted = ("PodScheduled", "Initialized", "Ready")
    missing = [name for name in wanted if get(found.get(name, {}), "status") != "True"]
    return [told(found[name]) for name in missing if name in found] or [f"condition {name}" for name in missing]


def _claim(live: Object, fetch: Fetch, created: bool) -> list[str]:  # noqa: FBT001
    phase, name = get(live, "status.phase"), get(live, "spec.storageClassName")
    if phase == "Bound":
        return []
    found = fetch(f"/apis/storage.k8s.io/v1/storageclasses/{name}") if name else None
    if created and phase == "Pending" and get(found, "volumeBindingMode") == "WaitForFirstConsumer":
        return []
    return [f"PersistentVolumeClaim: [{get(live, 'metadata.name')}] is not ready. status.phase currently at: {phase}"]


def _service(live: Object, fetch: Fetch, _created: bool) -> list[str]:  # noqa: FBT001
    """Wait for endpoints; no cloud gives a load balancer of the lab an address, so none is waited for."""
    spec = get(live, "spec") or {}
    if spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None" or not spec.get("selector"):
        return []
    name, namespace = get(live, "metadata.name"), get(live, "metadata.namespace")
    slices = fetch(
        f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
        {"labelSelector": f"kubernetes.io/service-name={name}"},
    )
    # Cilium imports the slices of other clusters under the same name: they are not what this cluster serves.
    imported = "multicluster.kubernetes.io/source-cluster"
    endpoints = [
        endpoint
        for one in (slices or {}).get("items") or ()
        if imported not in (get(one, "metadata.labels") or {})
        for endpoint in one.get("endpoints") or ()
    ]
    if endpoints and all(get(one, "conditions.ready") is not False for one in endpoints):
        return []
    return [_NO_ENDPOINTS]


_JUDGES: Final[Mapping[tuple[str, str], Callable[[Object, Fetch, bool], list[str]]]] = {
    ("apps/v1", "Deployment"): _deployment,
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("batch/v1", "Job"): _job,
    ("v1", "Pod"): _pod,
    ("v1", "PersistentVolumeClaim"): _claim,
    ("v1", "Service"): _service,
}


def is_awaited(api_version: str, kind: str) -> bool:
    """Whether objects of this kind are waited for; all of those need nodes."""
    return (api_version, kind) in _JUDGES


def lacks(live: Object, fetch: Fetch, *, created: bool) -> list[str]:
    """Tell what a live object still lacks; empty when it is ready.

    Parameters
    ----------
    live
        As the API server gives it.
    fetch
        Reads what else the judgement needs.
    created
        Whether it was just made, and not changed: a claim may then wait for its first consumer.

    Raises
    ------
    Failed
        It never gets ready.
    """
    judge = _JUDGES.get((str(live.get("apiVersion")), str(live.get("kind"))))
    return judge(live, fetch, created) if judge else []
