"""Why the pods behind an object are not ready, as pulumi-kubernetes tells it, and what the cluster warns of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.kind import get
from simulator.kubernetes.live.ready import conditions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.kubernetes.live.ready import Fetch, Object

_REVISION: Final = "deployment.kubernetes.io/revision"
_MOST: Final = 10
"""Reasons shown; a hundred pods fail for the same one."""


def pod_reasons(live: Object, fetch: Fetch) -> list[str]:
    """Tell why the pods of a workload, or of a claim or service, are not ready; each reason once."""
    namespace = get(live, "metadata.namespace")
    sets = [one for one in _owned(live, fetch, "/apis/apps/v1", "replicasets") if _is_current(live, one)]
    pods = [live] if live.get("kind") == "Pod" else []
    for owner in (live, *sets):
        pods += _owned(owner, fetch, "/api/v1", "pods")
    told = [reason for pod in sorted(pods, key=_name) for reason in _of_pod(pod)]
    related = {get(one, "metadata.uid") for one in (live, *sets, *pods)}
    told += _warnings(fetch(f"/api/v1/namespaces/{namespace}/events") or {}, related)
    return list(dict.fromkeys(told))[:_MOST]


def _name(live: Object) -> str:
    return str(get(live, "metadata.name"))


def _is_current(live: Object, replica_set: Object) -> bool:
    wanted = (get(live, "metadata.annotations") or {}).get(_REVISION)
    return wanted is None or (get(replica_set, "metadata.annotations") or {}).get(_REVISION) == wanted


def _owned(owner: Object, fetch: Fetch, group: str, plural: str) -> list[Object]:
    """Give the objects of a kind whose controller is another object; only for owners that select by labels."""
    labels = get(owner, "spec.selector.matchLabels")
    if not labels:
        return []
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    path = f"{group}/namespaces/{get(owner, 'metadata.namespace')}/{plural}"
    uid = get(owner, "metadata.uid")
    return [
        one
        for one in (fetch(path, {"labelSelector": selector}) or {}).get("items") or ()
        if any(reference.get("uid") == uid for reference in get(one, "metadata.ownerReferences") or ())
    ]


def _of_pod(pod: Object) -> Iterator[str]:
    name = f"[Pod {get(pod, 'metadata.namespace')}/{_name(pod)}]"
    found = conditions(pod)
    for kind in ("PodScheduled", "Initialized", "Ready"):
        condition = found.get(kind) or {}
        if condition.get("status") == "False" and condition.get("message"):
            yield f"{name}: {condition['message']}"
    for group in ("initContainerStatuses", "containerStatuses"):
        for status in get(pod, f"status.{group}") or ():
            yield from (f"{name}: {reason}" for reason in _of_container(status))


def _of_container(status: Object) -> Iterator[str]:
    if status.get("ready") is True:
        return
    waiting, ended = get(status, "state.waiting") or {}, get(status, "state.terminated") or {}
    if waiting.get("reason") not in {None, "ContainerCreating", "PodInitializing"}:
        yield f"[{waiting['reason']}] {waiting.get('message', '')}".strip()
    if ended.get("exitCode"):
        yield f'[{ended.get("reason", "Error")}] container "{status.get("name")}" ended with {ended["exitCode"]}'
    if last := get(status, "lastState.terminated"):
        yield (
            f'container "{status.get("name")}" terminated before ({last.get("reason")}: exit code '
            f"{last.get('exitCode')})"
        )


def _warnings(events: Object, related: set[object]) -> list[str]:
    warnings = [
        event
        for event in events.get("items") or ()
        if event.get("type") == "Warning" and get(event, "involvedObject.uid") in related
    ]
    warnings.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    # A controller that tries again says the same with another name of a pod in it.
    latest = {(get(event, "involvedObject.uid"), event.get("reason")): event for event in warnings}
    return [f"[{reason}] {event.get('message')}" for (_, reason), event in latest.items()]
