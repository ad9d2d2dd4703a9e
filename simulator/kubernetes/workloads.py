"""Deployments, StatefulSets, DaemonSets, Jobs, CronJobs and Pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulator.kind import Duration, Inputs, Kind, Outputs, Refused, get
from simulator.kubernetes.names import label_problem
from simulator.kubernetes.nodes import node_count, unschedulable
from simulator.kubernetes.objects import Api, namespace_of, object_kind, object_name
from simulator.kubernetes.pods import child, items
from simulator.kubernetes.readiness import forbidden, missing, pod_problems, storage_class_exists
from simulator.kubernetes.workload_checks import (
    cron_job_checks,
    daemon_set_checks,
    deployment_checks,
    job_checks,
    pod_checks,
    stateful_set_checks,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.context import Context
    from simulator.world import Record

DEPLOYMENT: Final = Api(group_version="apps/v1", kind="Deployment", plural="deployments")
STATEFUL_SET: Final = Api(group_version="apps/v1", kind="StatefulSet", plural="statefulsets")
DAEMON_SET: Final = Api(group_version="apps/v1", kind="DaemonSet", plural="daemonsets")
JOB: Final = Api(group_version="batch/v1", kind="Job", plural="jobs")
CRON_JOB: Final = Api(group_version="batch/v1", kind="CronJob", plural="cronjobs")
POD: Final = Api(group_version="v1", kind="Pod", plural="pods")

_ROLLOUT: Final = Duration(create=35.0, update=40.0, delete=10.0)


def _replicas(inputs: Inputs) -> int:
    given = get(inputs, "spec.replicas")
    return 1 if given is None else int(given)


def _deployment(context: Context, cluster: Record, inputs: Inputs) -> tuple[Outputs, list[str]]:
    replicas = _replicas(inputs)
    problems = pod_problems(context, cluster, inputs, replicas)
    ready = 0 if problems else replicas
    status: Outputs = {
        "observedGeneration": 1,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "conditions": [
            {
                "type": "Available",
                "status": "True" if ready == replicas else "False",
                "reason": "MinimumReplicasAvailable" if ready == replicas else "MinimumReplicasUnavailable",
            }
        ],
    }
    if problems:
        status["unavailableReplicas"] = replicas
        problems = [
            "[MinimumReplicasUnavailable] Deployment does not have minimum availability.",
            "Minimum number of live Pods was not attained",
            *problems,
        ]
    return {"status": status}, problems


def _volume_problems(context: Context, cluster: Record, inputs: Inputs) -> Iterator[str]:
    for _, claim in items(get(inputs, "spec.volumeClaimTemplates"), ""):
        name = get(claim, "spec.storageClassName")
        if name and not storage_class_exists(context, cluster, str(name)):
            yield f'[FailedBinding] storageclass.storage.k8s.io "{name}" not found'
        elif not name and not _default_class(context, cluster):
            yield "[FailedBinding] no persistent volumes available for this claim and no storage class is set"


def _default_class(context: Context, cluster: Record) -> bool:
    if cluster.token.startswith("azure-native:"):
        return True  # AKS makes one; EKS stopped to with 1.30
    marked = "storageclass.kubernetes.io/is-default-class"
    classes = context.find("kubernetes:storage.k8s.io/v1:StorageClass")
    return any((get(record.outputs, "metadata.annotations") or {}).get(marked) == "true" for record in classes)


def _stateful_set(context: Context, cluster: Record, inputs: Inputs) -> tuple[Outputs, list[str]]:
    replicas, name = _replicas(inputs), object_name(inputs)
    problems = pod_problems(context, cluster, inputs, replicas)
    if replicas and not problems:
        problems = list(_volume_problems(context, cluster, inputs))
    ready = 0 if problems else replicas
    revision = f"{name}-{context.hex(10, 'revision')}"
    status = {
        "replicas": replicas,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "currentReplicas": ready,
        "updatedReplicas": ready,
        "currentRevision": revision,
        "updateRevision": revision,
    }
    if problems:
        problems = [f"{ready} out of {replicas} replicas succeeded readiness checks", *problems]
    return {"status": status}, problems


def _daemon_set(context: Context, cluster: Record, inputs: Inputs) -> tuple[Outputs, list[str]]:
    wanted = node_count(context.world, cluster)
    problems = pod_problems(context, cluster, inputs, wanted)
    ready = 0 if problems else wanted
    status = {
        "currentNumberScheduled": wanted,
        "desiredNumberScheduled": wanted,
        "numberMisscheduled": 0,
        "numberReady": ready,
        "numberAvailable": ready,
    }
    return {"status": status}, problems


def _job(context: Context, cluster: Record, inputs: Inputs) -> tuple[Outputs, list[str]]:
    problems = pod_problems(context, cluster, inputs, 1)
    done = {"type": "Complete", "status": "True"}
    return {"status": {"active": 1} if problems else {"succeeded": 1, "conditions": [done]}}, problems


def _pod(context: Context, cluster: Record, inputs: Inputs) -> tuple[Outputs, list[str]]:
    spec, namespace = child(inputs, "spec"), namespace_of(context, inputs)
    problems = unschedulable(context.world, cluster, inputs, 1) or list(missing(context, namespace, spec))
    return {"status": {"phase": "Pending" if problems else "Running"}}, problems


def _admitted(context: Context, inputs: Inputs) -> None:
    for reason in forbidden(context, namespace_of(context, inputs), child(inputs, "spec")):
        raise Refused("Forbidden", f'pods "{object_name(inputs)}" is forbidden: {reason}', status=403)


_CHANGEABLE: Final = frozenset(
    {
        "replicas",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
        "ordinals",
    }
)


def _stateful_set_update(context: Context, inputs: Inputs) -> None:
    if context.old is None:
        return
    before, after = child(context.old.inputs, "spec"), child(inputs, "spec")
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if changed - _CHANGEABLE:
        raise Refused(
            "Invalid",
            f'StatefulSet.apps "{object_name(inputs)}" is invalid: spec: Forbidden: updates to statefulset spec for '
            "fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
            "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
            status=422,
        )


def _short_name(limit: int) -> Any:  # noqa: ANN401 - a judge of names
    def problem(name: str) -> str | None:
        return label_problem(name) or (f"must be no more than {limit} characters" if len(name) > limit else None)

    return problem


# What of a Pod may change in place is its image, which the provider replaces all the same.
_POD_IMMUTABLE: Final = ("spec",)

KINDS: Final[tuple[Kind, ...]] = (
    object_kind(
        DEPLOYMENT, checks=(deployment_checks,), live=_deployment, immutable=("spec.selector",), duration=_ROLLOUT
    ),
    object_kind(
        STATEFUL_SET,
        checks=(stateful_set_checks,),
        admits=(_stateful_set_update,),
        live=_stateful_set,
        immutable=(
            "spec.podManagementPolicy",
            "spec.revisionHistoryLimit",
            "spec.selector",
            "spec.serviceName",
            "spec.volumeClaimTemplates",
        ),
        duration=Duration(create=60.0, update=60.0, delete=20.0),
    ),
    object_kind(
        DAEMON_SET, checks=(daemon_set_checks,), live=_daemon_set, immutable=("spec.selector",), duration=_ROLLOUT
    ),
    object_kind(
        JOB,
        name_problem=_short_name(63),
        checks=(job_checks,),
        live=_job,
        immutable=("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
        duration=_ROLLOUT,
    ),
    object_kind(CRON_JOB, name_problem=_short_name(52), checks=(cron_job_checks,)),
    object_kind(POD, checks=(pod_checks,), admits=(_admitted,), live=_pod, immutable=_POD_IMMUTABLE, duration=_ROLLOUT),
)
