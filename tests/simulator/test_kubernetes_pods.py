from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulator.kubernetes.names import quantity
from simulator.kubernetes.pod_security import violations
from tests.simulator.kubernetes_manifests import changed, deployment, pod, stateful_set
from tests.simulator.kubernetes_names import DEPLOYMENT, STATEFUL_SET
from tests.simulator.kubernetes_world import Kube

if TYPE_CHECKING:
    from pathlib import Path

C = "spec/template/spec/containers/0"
AT = "spec.template.spec"
PATH = f"{AT}.containers[0]"


@pytest.fixture
def kube(tmp_path: Path) -> Kube:
    return Kube(tmp_path)


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (f"{C}/image", None, f"{PATH}.image"),
        (f"{C}/name", "Api", f"{PATH}.name"),
        (f"{C}/imagePullPolicy", "Sometimes", f"{PATH}.imagePullPolicy"),
        (f"{C}/ports/0/containerPort", 70000, f"{PATH}.ports[0].containerPort"),
        (f"{C}/ports/0/name", "too-long-a-port-name", f"{PATH}.ports[0].name"),
        (f"{C}/ports/0/name", "123", f"{PATH}.ports[0].name"),
        (f"{C}/ports/0/protocol", "tcp", f"{PATH}.ports[0].protocol"),
        (
            f"{C}/ports",
            [{"name": "http", "containerPort": 1}, {"name": "http", "containerPort": 2}],
            f"{PATH}.ports[1].name",
        ),
        (f"{C}/env", [{"name": "A=B", "value": "c"}], f"{PATH}.env[0].name"),
        (
            f"{C}/env",
            [{"name": "A", "value": "c", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}],
            f"{PATH}.env[0].valueFrom",
        ),
        (f"{C}/volumeMounts/0/name", "tnp", f"{PATH}.volumeMounts[0].name"),
        (
            f"{C}/volumeMounts",
            [{"name": "tmp", "mountPath": "/a"}, {"name": "tmp", "mountPath": "/a"}],
            f"{PATH}.volumeMounts[1].mountPath",
        ),
        (f"{C}/resources/requests/cpu", "2", f"{PATH}.resources.requests"),
        (f"{C}/resources/limits/memory", "256MB", f"{PATH}.resources.limits.memory"),
        (f"{C}/readinessProbe/tcpSocket", {"port": 1}, f"{PATH}.readinessProbe.tcpSocket"),
        (f"{C}/readinessProbe/httpGet", None, f"{PATH}.readinessProbe"),
        (f"{C}/readinessProbe/periodSeconds", 0, f"{PATH}.readinessProbe.periodSeconds"),
        (f"{C}/readinessProbe/httpGet/port", 0, f"{PATH}.readinessProbe.httpGet.port"),
        (
            f"{C}/livenessProbe",
            {"httpGet": {"port": 80}, "successThreshold": 2},
            f"{PATH}.livenessProbe.successThreshold",
        ),
        (f"{C}/securityContext/privileged", True, f"{PATH}.securityContext"),
        (f"{C}/securityContext/runAsUser", -1, f"{PATH}.securityContext.runAsUser"),
        ("spec/template/spec/containers", [], f"{AT}.containers"),
        ("spec/template/spec/initContainers", [{"name": "api", "image": "x"}], f"{AT}.containers[0].name"),
        ("spec/template/spec/restartPolicy", "Never", f"{AT}.restartPolicy"),
        ("spec/template/spec/dnsPolicy", "Cluster", f"{AT}.dnsPolicy"),
        ("spec/template/spec/serviceAccountName", "Api", f"{AT}.serviceAccountName"),
        (
            "spec/template/spec/securityContext/seccompProfile/type",
            "Default",
            f"{AT}.securityContext.seccompProfile.type",
        ),
        (
            "spec/template/spec/securityContext/fsGroupChangePolicy",
            "Never",
            f"{AT}.securityContext.fsGroupChangePolicy",
        ),
        ("spec/template/spec/terminationGracePeriodSeconds", -1, f"{AT}.terminationGracePeriodSeconds"),
        ("spec/template/spec/volumes/0/emptyDir", None, f"{AT}.volumes[0]"),
        ("spec/template/spec/volumes/0/secret", {"secretName": "x"}, f"{AT}.volumes[0].secret"),
        ("spec/template/spec/volumes/0/emptyDir/sizeLimit", "lots", f"{AT}.volumes[0].emptyDir.sizeLimit"),
        ("spec/template/spec/tolerations", [{"key": "a", "operator": "In"}], f"{AT}.tolerations[0].operator"),
        (
            "spec/template/spec/tolerations",
            [{"key": "a", "operator": "Exists", "value": "b"}],
            f"{AT}.tolerations[0].operator",
        ),
        (
            "spec/template/spec/topologySpreadConstraints",
            [{"maxSkew": 0, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}],
            f"{AT}.topologySpreadConstraints[0].maxSkew",
        ),
        (
            "spec/template/spec/topologySpreadConstraints",
            [{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "Never"}],
            f"{AT}.topologySpreadConstraints[0].whenUnsatisfiable",
        ),
        (f"{C}/ports/0/containerPort", 0, f"{PATH}.ports[0].containerPort"),
        (
            "spec/template/spec/topologySpreadConstraints",
            [{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 2}],
            f"{AT}.topologySpreadConstraints[0].minDomains",
        ),
        ("spec/template/metadata/labels", {"app": "other"}, "spec.template.metadata.labels"),
        ("spec/selector/matchLabels", {}, "spec.selector"),
        (
            "spec/selector/matchExpressions",
            [{"key": "a", "operator": "In"}],
            "spec.selector.matchExpressions[0].values",
        ),
        (
            "spec/selector/matchExpressions",
            [{"key": "a", "operator": "Exists", "values": ["b"]}],
            "spec.selector.matchExpressions[0].values",
        ),
        ("spec/replicas", -1, "spec.replicas"),
        ("spec/strategy", {"type": "BlueGreen"}, "spec.strategy.type"),
        ("spec/strategy", {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}, "spec.strategy.rollingUpdate"),
        (
            "spec/strategy",
            {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}},
            "spec.strategy.rollingUpdate.maxUnavailable",
        ),
    ],
)
def test_what_the_api_server_refuses_in_a_deployment(kube: Kube, path: str, value: object, where: str) -> None:
    assert kube.refusals(DEPLOYMENT, deployment()) == {}
    assert where in kube.refusals(DEPLOYMENT, changed(deployment(), path, value))


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (f"{C}/volumeMounts/0/name", "date", f"{PATH}.volumeMounts[0].name"),
        ("spec/podManagementPolicy", "Serial", "spec.podManagementPolicy"),
        (
            "spec/persistentVolumeClaimRetentionPolicy",
            {"whenDeleted": "Keep"},
            "spec.persistentVolumeClaimRetentionPolicy.whenDeleted",
        ),
        (
            "spec/volumeClaimTemplates/0/spec/accessModes",
            ["ReadWrite"],
            "spec.volumeClaimTemplates[0].spec.accessModes[0]",
        ),
        (
            "spec/volumeClaimTemplates/0/spec/resources/requests/storage",
            "0",
            "spec.volumeClaimTemplates[0].spec.resources.requests.storage",
        ),
        ("spec/volumeClaimTemplates/0/spec/resources", None, "spec.volumeClaimTemplates[0].spec.resources[storage]"),
    ],
)
def test_what_the_api_server_refuses_in_a_stateful_set(kube: Kube, path: str, value: object, where: str) -> None:
    mounted = changed(stateful_set(), f"{C}/volumeMounts/0/name", "data")
    assert kube.refusals(STATEFUL_SET, mounted) == {}
    assert where in kube.refusals(STATEFUL_SET, changed(mounted, path, value))


def test_ports_of_the_host_are_those_of_the_container(kube: Kube) -> None:
    host = changed(deployment(), "spec/template/spec/hostNetwork", value=True)
    assert kube.refusals(DEPLOYMENT, changed(host, f"{C}/ports/0/hostPort", 8080)) == {}
    assert f"{PATH}.ports[0].containerPort" in kube.refusals(DEPLOYMENT, changed(host, f"{C}/ports/0/hostPort", 80))


def test_jobs_run_to_their_end(kube: Kube) -> None:
    template = {"spec": {**pod(), "restartPolicy": "OnFailure"}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": template}}
    assert kube.refusals("kubernetes:batch/v1:Job", job) == {}
    without = kube.refusals("kubernetes:batch/v1:Job", changed(job, "spec/template/spec/restartPolicy", None))
    assert "Unsupported value" in without["spec.template.spec.restartPolicy"]
    assert "metadata.name" in kube.refusals("kubernetes:batch/v1:Job", changed(job, "metadata/name", "j" * 64))
    cron = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "c"},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}},
    }
    assert kube.refusals("kubernetes:batch/v1:CronJob", cron) == {}
    assert "spec.schedule" in kube.refusals("kubernetes:batch/v1:CronJob", changed(cron, "spec/schedule", "daily"))


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("500m", 0.5), ("2Ki", 2048), ("1.5Gi", 1.5 * 2**30), ("1k", 1000), ("1e3", 1000), ("2E", 2e18), (3, 3)],
)
def test_quantities(text: object, number: float) -> None:
    found = quantity(text)
    assert found is not None
    assert float(found) == number


@pytest.mark.parametrize("text", ["", "1GB", "one", "1 Gi", None, "Mi"])
def test_what_is_no_quantity(text: object) -> None:
    assert quantity(text) is None


# --- pod security


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("securityContext/runAsNonRoot", None, 'runAsNonRoot != true (pod or container "api" must set'),
        ("containers/0/securityContext/runAsNonRoot", False, 'runAsNonRoot != true (container "api" must not set'),
        ("securityContext/runAsUser", 0, "runAsUser=0 (pod must not set runAsUser=0)"),
        ("containers/0/securityContext/runAsUser", 0, 'runAsUser=0 (container "api" must not set runAsUser=0)'),
        (
            "containers/0/securityContext/allowPrivilegeEscalation",
            None,
            'allowPrivilegeEscalation != false (container "api"',
        ),
        (
            "containers/0/securityContext/allowPrivilegeEscalation",
            True,
            'allowPrivilegeEscalation != false (container "api"',
        ),
        (
            "containers/0/securityContext/capabilities",
            None,
            'unrestricted capabilities (container "api" must set securityContext.capabilities.drop=["ALL"])',
        ),
        ("containers/0/securityContext/capabilities/drop", ["NET_RAW"], "unrestricted capabilities"),
        (
            "containers/0/securityContext/capabilities/add",
            ["CHOWN"],
            'must not include "CHOWN" in securityContext.capabilities.add',
        ),
        ("securityContext/seccompProfile", None, 'seccompProfile (pod or container "api" must set'),
        ("containers/0/securityContext/seccompProfile", {"type": "Unconfined"}, None),
        (
            "volumes/0",
            {"name": "h", "hostPath": {"path": "/"}},
            'restricted volume types (volume "h" uses restricted volume type "hostPath")',
        ),
        ("volumes/0", {"name": "n", "nfs": {"path": "/", "server": "x"}}, "restricted volume types"),
        ("hostNetwork", True, "host namespaces (hostNetwork=true)"),
        ("hostPID", True, "host namespaces (hostPID=true)"),
        ("hostIPC", True, "host namespaces (hostIPC=true)"),
        ("containers/0/ports/0/hostPort", 80, 'hostPort (container "api" uses hostPort 80)'),
        ("containers/0/securityContext/privileged", True, 'privileged (container "api" must not set'),
        ("containers/0/securityContext/procMount", "Unmasked", "procMount"),
        ("securityContext/sysctls", [{"name": "kernel.msgmax", "value": "1"}], "forbidden sysctls (kernel.msgmax)"),
        ("containers/0/readinessProbe/httpGet/host", "10.0.0.1", "hostProbesAndHostLifecycle"),
        (
            "initContainers",
            [{"name": "init", "image": "x"}],
            'container "init" must set securityContext.allowPrivilegeEscalation=false',
        ),
    ],
)
def test_what_restricted_forbids(path: str, value: object, words: str | None) -> None:
    assert violations(pod(), "restricted") == []
    found = "; ".join(violations(changed(pod(), path, value), "restricted"))
    if words is None:  # the pod's own profile holds for containers that name another only in `baseline`
        assert violations(changed(pod(), path, value), "baseline")
    else:
        assert words in found


def test_levels_are_ordered() -> None:
    plain = {"containers": [{"name": "a", "image": "x"}]}
    host = {**plain, "hostNetwork": True, "volumes": [{"name": "h", "hostPath": {"path": "/"}}]}
    assert violations(plain, "baseline") == []
    assert len(violations(plain, "restricted")) == 4
    assert len(violations(host, "baseline")) == 2
    assert violations(host, "privileged") == []


def test_baseline_knows_the_usual_capabilities() -> None:
    usual = changed(pod(), "containers/0/securityContext/capabilities/add", ["CHOWN"])
    more = changed(pod(), "containers/0/securityContext/capabilities/add", ["CHOWN", "NET_ADMIN"])
    unconfined = changed(pod(), "securityContext/seccompProfile/type", "Unconfined")
    assert violations(usual, "baseline") == []
    assert 'must not include "NET_ADMIN"' in violations(more, "baseline")[0]
    assert "seccompProfile (pod must not" in violations(unconfined, "baseline")[0]


def test_binding_a_low_port_is_allowed() -> None:
    bound = changed(pod(), "containers/0/securityContext/capabilities/add", ["NET_BIND_SERVICE"])
    assert violations(bound, "restricted") == []
