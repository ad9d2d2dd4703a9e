from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator.kind import Refused
from tests.simulator.kubernetes_manifests import aks_cilium, changed, cilium, deployment, pod, stateful_set
from tests.simulator.kubernetes_names import (
    ACCOUNT,
    CONFIG_MAP,
    DEPLOYMENT,
    NAMESPACE,
    RELEASE,
    SECRET,
    STATEFUL_SET,
    STORAGE_CLASS,
)
from tests.simulator.kubernetes_world import Kube

if TYPE_CHECKING:
    from pathlib import Path

POD = "kubernetes:core/v1:Pod"
DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
JOB = "kubernetes:batch/v1:Job"
PRIORITY = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
CLASS = {"metadata": {"name": "fast"}, "provisioner": "ebs.csi.aws.com", "volumeBindingMode": "WaitForFirstConsumer"}
SPEC = "spec/template/spec"


@pytest.fixture
def kube(tmp_path: Path) -> Kube:
    made = Kube(tmp_path)
    made.ready_eks()
    return made


def reasons(kube: Kube, inputs: dict[str, Any], token: str = DEPLOYMENT) -> str:
    return "; ".join(kube.create(token, inputs).reasons)


def test_a_deployment_becomes_ready(kube: Kube) -> None:
    made = kube.create(DEPLOYMENT, deployment())
    assert made.reasons == ()
    assert made.outputs["status"]["readyReplicas"] == 3
    assert made.outputs["status"]["conditions"][0]["reason"] == "MinimumReplicasAvailable"


def test_no_pod_runs_without_nodes(tmp_path: Path) -> None:
    kube = Kube(tmp_path)
    kube.eks()
    kube.create(RELEASE, cilium())
    kube.namespace("hms-api")
    made = kube.create(DEPLOYMENT, deployment())
    assert made.reasons[0] == "'api' timed out waiting to be Ready"
    assert "[MinimumReplicasUnavailable]" in made.reasons[1]
    assert "no nodes available to schedule pods" in made.reasons[-1]
    assert made.outputs["status"]["readyReplicas"] == 0
    kube.nodes()
    assert kube.update(made, deployment()).reasons == ()  # the next run repairs it


def test_no_pod_runs_without_a_cni(tmp_path: Path) -> None:
    kube = Kube(tmp_path)
    kube.eks()
    kube.nodes()
    kube.namespace("hms-api")
    assert "cni plugin not initialized" in reasons(kube, deployment())


def test_a_refresh_sees_what_became_of_it(kube: Kube) -> None:
    made = kube.create(DEPLOYMENT, deployment())
    for group in kube.world.find("aws:eks/nodeGroup:NodeGroup"):
        kube.remove(group)
    record = kube.read(made)
    assert record is not None
    assert record.outputs["status"]["readyReplicas"] == 0


def test_the_provider_does_not_wait_where_it_is_told_not_to(kube: Kube) -> None:
    inputs = changed(deployment(), f"{SPEC}/serviceAccountName", "nobody")
    inputs["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true"}
    made = kube.create(DEPLOYMENT, inputs)
    assert made.reasons == ()
    assert made.outputs["status"]["readyReplicas"] == 0


def test_zero_replicas_are_ready_anywhere(kube: Kube) -> None:
    assert reasons(kube, changed(deployment(replicas=0), f"{SPEC}/serviceAccountName", "nobody")) == ""


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (
            f"{SPEC}/serviceAccountName",
            "nobody",
            'pods "api-" is forbidden: error looking up service account hms-api/nobody',
        ),
        (f"{SPEC}/priorityClassName", "high", "no PriorityClass with name high was found"),
        (f"{SPEC}/volumes/0", {"name": "tmp", "secret": {"secretName": "s"}}, 'secret "s" not found'),
        (f"{SPEC}/volumes/0", {"name": "tmp", "configMap": {"name": "c"}}, 'configmap "c" not found'),
        (
            f"{SPEC}/volumes/0",
            {"name": "tmp", "projected": {"sources": [{"configMap": {"name": "c"}}]}},
            'configmap "c" not found',
        ),
        (
            f"{SPEC}/volumes/0",
            {"name": "tmp", "persistentVolumeClaim": {"claimName": "p"}},
            'persistentvolumeclaim "p" not found',
        ),
        (f"{SPEC}/containers/0/envFrom", [{"secretRef": {"name": "s"}}], 'secret "s" not found'),
        (
            f"{SPEC}/containers/0/env",
            [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}],
            'configmap "c" not found',
        ),
    ],
)
def test_a_pod_waits_for_what_it_names(kube: Kube, path: str, value: object, words: str) -> None:
    broken = changed(deployment(), path, value)
    made = kube.create(DEPLOYMENT, broken)
    assert words in "; ".join(made.reasons)
    place = {"namespace": "hms-api"}
    kube.create(ACCOUNT, {"metadata": {"name": "nobody", **place}})
    kube.create(
        PRIORITY,
        {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1},
    )
    kube.create(SECRET, {"metadata": {"name": "s", **place}})
    kube.create(CONFIG_MAP, {"metadata": {"name": "c", **place}})
    claim = {"accessModes": ["ReadWriteOnce"], "storageClassName": "gp2", "resources": {"requests": {"storage": "1Gi"}}}
    kube.create(
        "kubernetes:core/v1:PersistentVolumeClaim",
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "p", **place}, "spec": claim},
    )
    assert kube.update(made, broken).reasons == ()


def test_what_is_optional_is_not_waited_for(kube: Kube) -> None:
    source = {"secretRef": {"name": "s", "optional": True}}
    assert reasons(kube, changed(deployment(), f"{SPEC}/containers/0/envFrom", [source])) == ""


def test_taints_must_be_tolerated(tmp_path: Path) -> None:
    kube = Kube(tmp_path)
    kube.eks()
    kube.create(RELEASE, cilium())
    cilium_taint = {"key": "node.cilium.io/agent-not-ready", "value": "true", "effect": "NO_EXECUTE"}
    kube.nodes(taints=[cilium_taint, {"key": "team", "value": "other", "effect": "NO_SCHEDULE"}])
    kube.namespace("hms-api")
    made = kube.create(DEPLOYMENT, deployment())
    assert "untolerated taint(s) {team: other}" in made.reasons[-1]
    for toleration in (
        {"key": "team", "operator": "Exists"},
        {"key": "team", "value": "other", "effect": "NoSchedule"},
    ):
        assert kube.update(made, changed(deployment(), f"{SPEC}/tolerations", [toleration])).reasons == ()
    wrong = [{"key": "team", "value": "mine"}]
    assert kube.update(made, changed(deployment(), f"{SPEC}/tolerations", wrong)).reasons


def test_taints_of_agent_pools_count_too(tmp_path: Path) -> None:
    kube = Kube(tmp_path)
    cluster = kube.aks()
    profiles = [
        {**profile, "nodeTaints": ["CriticalAddonsOnly=true:NoSchedule"]}
        for profile in cluster.outputs["agentPoolProfiles"]
    ]
    kube.put(cluster.token, cluster.scope, cluster.id, **{**cluster.outputs, "agentPoolProfiles": profiles})
    kube.create(RELEASE, aks_cilium())
    kube.namespace("hms-api")
    made = kube.create(DEPLOYMENT, deployment())
    assert "untolerated taint(s) {CriticalAddonsOnly: true}" in made.reasons[-1]
    kube.put(
        "azure-native:containerservice:AgentPool",
        "hms",
        f"{cluster.id}/agentPools/work",
        minCount=2,
        enableAutoScaling=True,
    )
    assert kube.update(made, deployment()).reasons == ()


def test_pods_that_will_not_share_a_node_need_as_many(kube: Kube) -> None:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "api"}}}
    alone = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    made = kube.create(DEPLOYMENT, changed(deployment(replicas=4), f"{SPEC}/affinity", alone))
    assert "didn't match pod anti-affinity rules" in made.reasons[-1]
    assert kube.update(made, changed(deployment(replicas=3), f"{SPEC}/affinity", alone)).reasons == ()


def test_a_deployment_with_forbidden_pods_is_made_and_never_ready(kube: Kube) -> None:
    made = kube.create(DEPLOYMENT, changed(deployment(), f"{SPEC}/securityContext/runAsNonRoot", None))
    assert '[FailedCreate] pods "api-" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot' in "".join(
        made.reasons
    )
    assert kube.world.one(DEPLOYMENT, "hms-api/api") is not None


def test_the_version_of_the_standard_is_the_namespaces(kube: Kube) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/enforce-version": "v1.35"}
    kube.create(NAMESPACE, {"metadata": {"name": "base", "labels": labels}})
    host = changed(deployment(), f"{SPEC}/hostNetwork", value=True)
    host["spec"]["template"]["spec"]["containers"][0]["ports"] = []
    host["metadata"]["namespace"] = "base"
    host["spec"]["template"]["spec"]["serviceAccountName"] = "default"
    assert 'violates PodSecurity "baseline:v1.35": host namespaces (hostNetwork=true)' in reasons(kube, host)


def test_a_forbidden_pod_is_refused(kube: Kube) -> None:
    inputs = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "hms-api"}, "spec": pod()}
    with pytest.raises(Refused, match='pods "p" is forbidden: violates PodSecurity'):
        kube.create(POD, changed(inputs, "spec/securityContext/seccompProfile", None))
    assert kube.create(POD, inputs).outputs["status"] == {"phase": "Running"}


def test_a_stateful_set_needs_its_storage_class(kube: Kube) -> None:
    made = kube.create(STATEFUL_SET, stateful_set())
    assert made.reasons[1] == "0 out of 3 replicas succeeded readiness checks"
    assert 'storageclass.storage.k8s.io "fast" not found' in made.reasons[2]
    kube.create(STORAGE_CLASS, CLASS)
    done = kube.update(made, stateful_set())
    assert done.reasons == ()
    assert done.outputs["status"]["readyReplicas"] == 3


def test_without_a_class_eks_has_none_and_aks_one(kube: Kube, tmp_path: Path) -> None:
    nameless = changed(stateful_set(), "spec/volumeClaimTemplates/0/spec/storageClassName", None)
    assert "no storage class is set" in reasons(kube, nameless, STATEFUL_SET)
    aks = Kube(tmp_path / "aks")
    cluster = aks.aks()
    aks.remove(cluster)
    plugin = {**cluster.outputs, "networkProfile": {"networkPlugin": "azure"}}
    aks.put(cluster.token, cluster.scope, cluster.id, **plugin)
    aks.namespace("hms-api")
    assert reasons(aks, nameless, STATEFUL_SET) == ""
    built_in = changed(stateful_set(), "spec/volumeClaimTemplates/0/spec/storageClassName", "managed-csi")
    assert reasons(aks, changed(built_in, "metadata/name", "b"), STATEFUL_SET) == ""


def test_only_some_fields_of_a_stateful_set_change_in_place(kube: Kube) -> None:
    kube.create(STORAGE_CLASS, CLASS)
    made = kube.create(STATEFUL_SET, stateful_set())
    kube.update(made, stateful_set(replicas=2))
    with pytest.raises(Refused, match="updates to statefulset spec for fields other than"):
        kube.update(made, stateful_set(serviceName="other"))


def test_daemon_sets_and_jobs(kube: Kube) -> None:
    spec = {"selector": {"matchLabels": {"app": "api"}}, "template": deployment()["spec"]["template"]}
    place = {"metadata": {"name": "d", "namespace": "hms-api"}}
    daemons = kube.create(DAEMON_SET, {"apiVersion": "apps/v1", "kind": "DaemonSet", **place, "spec": spec})
    assert daemons.outputs["status"]["numberReady"] == 3
    template = {"spec": {**pod(), "restartPolicy": "Never"}}
    job = {"apiVersion": "batch/v1", "kind": "Job", **place, "spec": {"template": template}}
    assert kube.create(JOB, job).outputs["status"]["succeeded"] == 1
    lost = changed(changed(job, "metadata/name", "lost"), "spec/template/spec/serviceAccountName", "nobody")
    assert "nobody" in reasons(kube, lost, JOB)
