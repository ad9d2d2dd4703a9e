"""When an object counts as ready: statuses as a real cluster writes them, each once whole and once with one fault."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.kubernetes.live.ready import Failed, is_awaited, lacks
from tests.simulator.kubernetes_manifests import changed

AVAILABLE = {"type": "Available", "status": "True"}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"generation": 2},
    "spec": {"replicas": 3},
    "status": {
        "observedGeneration": 2,
        "replicas": 3,
        "updatedReplicas": 3,
        "availableReplicas": 3,
        "conditions": [AVAILABLE],
    },
}
STATEFUL_SET: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"generation": 1},
    "spec": {"replicas": 2},
    "status": {
        "observedGeneration": 1,
        "replicas": 2,
        "readyReplicas": 2,
        "currentReplicas": 2,
        "currentRevision": "a",
        "updateRevision": "a",
    },
}
DAEMON_SET: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"generation": 1},
    "status": {
        "observedGeneration": 1,
        "desiredNumberScheduled": 2,
        "currentNumberScheduled": 2,
        "updatedNumberScheduled": 2,
        "numberAvailable": 2,
        "numberReady": 2,
    },
}
JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {},
    "status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]},
}
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {},
    "status": {
        "phase": "Running",
        "conditions": [{"type": name, "status": "True"} for name in ("PodScheduled", "Initialized", "Ready")],
    },
}
CLAIM: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data"},
    "spec": {"storageClassName": "fast"},
    "status": {"phase": "Pending"},
}
SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "api", "namespace": "hms-api"},
    "spec": {"selector": {"app": "api"}, "clusterIP": "10.0.0.1"},
}
SLICES = "/apis/discovery.k8s.io/v1/namespaces/hms-api/endpointslices"
CLASS = "/apis/storage.k8s.io/v1/storageclasses/fast"
LATE = {"volumeBindingMode": "WaitForFirstConsumer"}
HERE = {"endpoints": [{"conditions": {"ready": True}}]}
AWAY = {**HERE, "metadata": {"labels": {"multicluster.kubernetes.io/source-cluster": "azure-1"}}}
DOWN = {"endpoints": [{"conditions": {"ready": False}}]}


def problems(live: dict[str, Any], *, created: bool = True, **found: dict[str, Any]) -> list[str]:
    def fetch(path: str, query: object = None) -> dict[str, Any] | None:
        assert query is None or query == {"labelSelector": "kubernetes.io/service-name=api"}
        return {SLICES: found.get("slices"), CLASS: found.get("storage_class")}[path]

    return lacks(live, fetch, created=created)


@pytest.mark.parametrize("live", [DEPLOYMENT, STATEFUL_SET, DAEMON_SET, JOB, POD], ids=lambda live: live["kind"])
def test_ready(live: dict[str, Any]) -> None:
    assert is_awaited(live["apiVersion"], live["kind"])
    assert problems(live) == []


@pytest.mark.parametrize(
    ("live", "path", "value", "words"),
    [
        (DEPLOYMENT, "status/observedGeneration", 1, "Minimum number of live Pods was not attained"),
        (DEPLOYMENT, "status/updatedReplicas", 2, "Minimum number of live Pods"),
        (DEPLOYMENT, "status/availableReplicas", 2, "Minimum number of live Pods"),
        (DEPLOYMENT, "status/replicas", 4, "Minimum number of live Pods"),
        (
            DEPLOYMENT,
            "status/conditions",
            [{**AVAILABLE, "status": "False", "reason": "MinimumReplicasUnavailable", "message": "too few"}],
            "[MinimumReplicasUnavailable] too few",
        ),
        (
            DEPLOYMENT,
            "status/conditions",
            [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "late"}],
            "[ProgressDeadlineExceeded] late",
        ),
        (
            DEPLOYMENT,
            "status/conditions",
            [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}],
            "[FailedCreate] quota",
        ),
        (STATEFUL_SET, "status/observedGeneration", 0, "2 out of 2 replicas succeeded readiness checks"),
        (STATEFUL_SET, "status/readyReplicas", 1, "1 out of 2 replicas succeeded readiness checks"),
        (STATEFUL_SET, "status/currentReplicas", 1, "2 out of 2 replicas"),
        (STATEFUL_SET, "status/updateRevision", "b", 'failed to advance from revision "a" to revision "b"'),
        (DAEMON_SET, "status/numberReady", 1, "1 out of 2 pods are ready"),
        (DAEMON_SET, "status/updatedNumberScheduled", 1, "2 out of 2 pods are ready"),
        (JOB, "status/conditions", [], "1 pods have succeeded, 0 are active"),
        (POD, "status/conditions", [], "condition PodScheduled"),
        (
            POD,
            "status/conditions",
            [
                *POD["status"]["conditions"][:2],
                {"type": "Ready", "status": "False", "reason": "No", "message": "probe"},
            ],
            "[No] probe",
        ),
    ],
)
def test_not_ready(live: dict[str, Any], path: str, value: object, words: str) -> None:
    assert any(words in problem for problem in problems(changed(live, path, value)))


def test_none_wanted_is_ready_and_none_said_is_one() -> None:
    status = {"observedGeneration": 2, "conditions": [AVAILABLE]}
    assert problems({**DEPLOYMENT, "spec": {"replicas": 0}, "status": status}) == []
    assert problems({**DEPLOYMENT, "spec": {}, "status": status}) != []


def test_a_stateful_set_that_changes_by_hand_is_not_waited_for() -> None:
    by_hand = changed(STATEFUL_SET, "spec/updateStrategy", {"type": "OnDelete"})
    by_hand = changed(changed(by_hand, "metadata/generation", 2), "status/observedGeneration", 2)
    assert problems(changed(by_hand, "status/updateRevision", "b")) == []


def test_a_job_that_failed_never_gets_ready() -> None:
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}
    with pytest.raises(Failed, match=r"\[BackoffLimitExceeded\] too often"):
        problems(changed(JOB, "status/conditions", [failed]))


def test_a_pod_that_has_done_its_work_is_ready() -> None:
    assert problems({**POD, "status": {"phase": "Succeeded"}}) == []


def test_claims_wait_as_their_class_says() -> None:
    assert problems(CLAIM, storage_class=LATE) == []
    assert problems(CLAIM, storage_class=LATE, created=False) != []
    assert problems(CLAIM, storage_class={"volumeBindingMode": "Immediate"}) == [
        "PersistentVolumeClaim: [data] is not ready. status.phase currently at: Pending"
    ]
    assert problems(CLAIM) != []
    assert problems(changed(CLAIM, "status/phase", "Bound")) == []


@pytest.mark.parametrize(
    ("slices", "is_ready"),
    [([HERE], True), ([HERE, AWAY], True), ([], False), ([AWAY], False), ([DOWN], False), ([HERE, DOWN], False)],
)
def test_services_wait_for_endpoints_of_their_own_cluster(slices: list[dict[str, Any]], *, is_ready: bool) -> None:
    assert (problems(SERVICE, slices={"items": slices}) == []) is is_ready


@pytest.mark.parametrize(
    ("path", "value"), [("spec/type", "ExternalName"), ("spec/clusterIP", "None"), ("spec/selector", None)]
)
def test_services_without_endpoints_of_their_own(path: str, value: object) -> None:
    assert problems(changed(SERVICE, path, value)) == []


def test_nothing_is_expected_of_other_kinds() -> None:
    assert not is_awaited("v1", "ConfigMap")
    assert problems({"apiVersion": "v1", "kind": "ConfigMap"}) == []
