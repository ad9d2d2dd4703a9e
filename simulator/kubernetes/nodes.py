"""The nodes of a cluster, as the scheduler sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from simulator.kind import get
from simulator.kubernetes.cluster import AGENT_POOL, EKS, NODE_GROUP, cni_works

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulator.world import Record, World

_EFFECTS: Final = {
    "NO_SCHEDULE": "NoSchedule",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
    "NO_EXECUTE": "NoExecute",
}
_CILIUM_TAINT: Final = "node.cilium.io/agent-not-ready"
"""Cilium's operator takes it off a node whose agent runs."""


class Taint(NamedTuple):
    """A taint in the spelling of Kubernetes."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True)
class Pool:
    """Nodes of one group.

    Attributes
    ----------
    name
        Of the node group or agent pool.
    count
        How many nodes it has.
    taints
        That pods must tolerate; Cilium's own left out.
    """

    name: str
    count: int
    taints: tuple[Taint, ...]


def _eks_pool(group: Record) -> Pool:
    taints = [
        Taint(
            str(taint.get("key")), str(taint.get("value") or ""), _EFFECTS.get(str(taint.get("effect")), "NoSchedule")
        )
        for taint in group.outputs.get("taints") or ()
    ]
    return Pool(str(group.id), int(get(group.outputs, "scalingConfig.desiredSize") or 0), _kept(taints))


def _aks_taint(text: str) -> Taint:
    pair, _, effect = text.rpartition(":")
    key, _, value = pair.partition("=")
    return Taint(key, value, effect)


def _aks_pool(name: object, profile: Mapping[str, Any]) -> Pool:
    taints = [_aks_taint(str(taint)) for taint in profile.get("nodeTaints") or ()]
    count = profile.get("count")
    if count is None:
        count = profile.get("minCount") if profile.get("enableAutoScaling") else 1
    return Pool(str(name), int(count or 0), _kept(taints))


def _kept(taints: Sequence[Taint]) -> tuple[Taint, ...]:
    return tuple(taint for taint in taints if taint.key != _CILIUM_TAINT and taint.effect != "PreferNoSchedule")


def pools(world: World, cluster: Record) -> list[Pool]:
    """Give the pools that have nodes."""
    found: dict[str, Pool] = {}
    if cluster.token == EKS:
        for group in world.find(NODE_GROUP, scope=cluster.scope, clusterName=cluster.outputs.get("name")):
            if group.outputs.get("status") not in {"CREATE_FAILED", "DELETING"}:
                found[group.id] = _eks_pool(group)
    else:
        for profile in cluster.outputs.get("agentPoolProfiles") or ():
            found[str(profile.get("name"))] = _aks_pool(profile.get("name"), profile)
        prefix = f"{cluster.id}/agentpools/".casefold()
        for record in world.find(AGENT_POOL, scope=cluster.scope):
            if record.id.casefold().startswith(prefix):
                name = record.id.rpartition("/")[2]
                found[name] = _aks_pool(name, record.outputs)
    return [pool for pool in found.values() if pool.count > 0]


def node_count(world: World, cluster: Record) -> int:
    """Give the number of nodes, Ready or not."""
    return sum(pool.count for pool in pools(world, cluster))


def _tolerated(taint: Taint, tolerations: Sequence[Mapping[str, Any]]) -> bool:
    for toleration in tolerations:
        exists = toleration.get("operator") == "Exists"
        key_fits = toleration.get("key") in {None, "", taint.key} and (exists or toleration.get("key"))
        value_fits = exists or (toleration.get("value") or "") == taint.value
        if key_fits and value_fits and toleration.get("effect") in {None, "", taint.effect}:
            return True
    return False


def _own_hosts(pod: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether pods of this template refuse to share a node."""
    terms = get(pod, "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution") or ()
    return any(
        term.get("topologyKey") == "kubernetes.io/hostname"
        and all(labels.get(key) == value for key, value in (get(term, "labelSelector.matchLabels") or {}).items())
        for term in terms
    )


def unschedulable(world: World, cluster: Record, template: Mapping[str, Any], replicas: int) -> list[str]:
    """Why pods of a template stay Pending, in the scheduler's words; empty if they run.

    Parameters
    ----------
    world, cluster
        Where.
    template
        A pod template: ``metadata`` and ``spec``.
    replicas
        How many pods.
    """
    found = pools(world, cluster)
    total = sum(pool.count for pool in found)
    if total == 0:
        return ["no nodes available to schedule pods"]
    if not cni_works(world, cluster):
        return [
            (
                f"0/{total} nodes are available: {total} node(s) had untolerated taint(s) "
                "{node.kubernetes.io/not-ready: } (container runtime network not ready: cni plugin not initialized)"
            )
        ]
    pod, labels = template.get("spec") or {}, get(template, "metadata.labels") or {}
    tolerations = pod.get("tolerations") or ()
    fitting = [pool for pool in found if all(_tolerated(taint, tolerations) for taint in pool.taints)]
    if not fitting:
        names = sorted({f"{{{taint.key}: {taint.value}}}" for pool in found for taint in pool.taints})
        return [f"0/{total} nodes are available: {total} node(s) had untolerated taint(s) {', '.join(names)}"]
    if replicas > sum(pool.count for pool in fitting) and _own_hosts(pod, labels):
        return [f"0/{total} nodes are available: {total} node(s) didn't match pod anti-affinity rules"]
    return []
