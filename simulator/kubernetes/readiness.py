"""Whether the pods of a workload would run: what it needs in its namespace and of the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulator.kind import get
from simulator.kubernetes.nodes import unschedulable
from simulator.kubernetes.objects import NAMESPACE, namespace_of, object_name
from simulator.kubernetes.pod_security import refusal
from simulator.kubernetes.pods import Object, child, items

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from simulator.context import Context
    from simulator.kind import Inputs
    from simulator.world import Record

SERVICE_ACCOUNT: Final = "kubernetes:core/v1:ServiceAccount"
CONFIG_MAP: Final = "kubernetes:core/v1:ConfigMap"
SECRET: Final = "kubernetes:core/v1:Secret"  # noqa: S105 - a type token
CLAIM: Final = "kubernetes:core/v1:PersistentVolumeClaim"
STORAGE_CLASS: Final = "kubernetes:storage.k8s.io/v1:StorageClass"
PRIORITY_CLASS: Final = "kubernetes:scheduling.k8s.io/v1:PriorityClass"

_BUILT_IN_PRIORITIES: Final = frozenset({"system-cluster-critical", "system-node-critical"})
_BUILT_IN_CLASSES: Final = {
    "aws": frozenset({"gp2"}),
    "azure-native": frozenset(
        {
            "default", "managed", "managed-csi", "managed-csi-premium", "managed-premium",
            "azurefile", "azurefile-csi", "azurefile-csi-premium", "azurefile-premium",
        }
    ),
}  # fmt: skip
_IN_EVERY_NAMESPACE: Final = {SERVICE_ACCOUNT: "default", CONFIG_MAP: "kube-root-ca.crt"}


def exists(context: Context, token: str, namespace: str, name: object) -> bool:
    """Whether a namespaced object is there; those that Kubernetes itself makes count."""
    return _IN_EVERY_NAMESPACE.get(token) == name or context.one(token, f"{namespace}/{name}") is not None


def storage_class_exists(context: Context, cluster: Record, name: str) -> bool:
    """Whether a storage class is there; those that the cloud makes with the cluster count."""
    built_in = _BUILT_IN_CLASSES[cluster.token.partition(":")[0]]
    return name in built_in or context.one(STORAGE_CLASS, name) is not None


def namespace_labels(context: Context, namespace: str) -> Mapping[str, Any]:
    """Labels of a namespace."""
    record = context.one(NAMESPACE, namespace)
    return (get(record.outputs, "metadata.labels") or {}) if record else {}


def forbidden(context: Context, namespace: str, pod: Object) -> Iterator[str]:
    """Why the API server refuses to create the pod at all (``pods "x" is forbidden: ...``)."""
    account = pod.get("serviceAccountName") or "default"
    if not exists(context, SERVICE_ACCOUNT, namespace, account):
        yield f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
    priority = pod.get("priorityClassName")
    if priority and priority not in _BUILT_IN_PRIORITIES and context.one(PRIORITY_CLASS, str(priority)) is None:
        yield f"no PriorityClass with name {priority} was found"
    if (violated := refusal(pod, namespace_labels(context, namespace))) is not None:
        yield violated


def _references(pod: Object) -> Iterator[tuple[str, str, Object]]:
    """(token, name, reference) of every object that a pod mounts or reads."""
    for _, volume in items(pod.get("volumes"), ""):
        projected = items(child(volume, "projected").get("sources"), "")
        for source in (volume, *(source for _, source in projected)):
            secret, config = child(source, "secret"), child(source, "configMap")
            yield from _named(SECRET, secret.get("secretName") or secret.get("name"), secret)
            yield from _named(CONFIG_MAP, config.get("name"), config)
        yield from _named(CLAIM, child(volume, "persistentVolumeClaim").get("claimName"), {})
    for _, container in (*items(pod.get("initContainers"), ""), *items(pod.get("containers"), "")):
        sources = [source for _, source in items(container.get("envFrom"), "")]
        sources += [child(variable, "valueFrom") for _, variable in items(container.get("env"), "")]
        for source in sources:
            for token, keys in (
                (SECRET, ("secretRef", "secretKeyRef")),
                (CONFIG_MAP, ("configMapRef", "configMapKeyRef")),
            ):
                for key in keys:
                    yield from _named(token, child(source, key).get("name"), child(source, key))


def _named(token: str, name: object, reference: Object) -> Iterator[tuple[str, str, Object]]:
    if name:
        yield token, str(name), reference


def missing(context: Context, namespace: str, pod: Object) -> Iterator[str]:
    """Tell what the pod waits for in its namespace, as the kubelet says it."""
    for token, name, reference in _references(pod):
        if reference.get("optional") is not True and not exists(context, token, namespace, name):
            yield f'{token.rpartition(":")[2].lower()} "{name}" not found'


def pod_problems(context: Context, cluster: Record, inputs: Inputs, replicas: int) -> list[str]:
    """Why the pods of a workload do not run; empty if they do.

    Parameters
    ----------
    context, cluster
        Where.
    inputs
        The workload, with its pod template in ``spec.template``.
    replicas
        How many pods it wants.
    """
    if replicas == 0:
        return []
    template, namespace, name = get(inputs, "spec.template"), namespace_of(context, inputs), object_name(inputs)
    pod = child(template, "spec")
    refused = list(forbidden(context, namespace, pod))
    if refused:
        return [f'[FailedCreate] pods "{name}-" is forbidden: {reason}' for reason in refused]
    pending = unschedulable(context.world, cluster, template, replicas)
    if pending:
        return [f"[Pod {namespace}/{name}-]: unready: [Unschedulable] {reason}" for reason in pending]
    return [
        f"[Pod {namespace}/{name}-]: containers with unready status: [ContainerCreating] {reason}"
        for reason in missing(context, namespace, pod)
    ]
