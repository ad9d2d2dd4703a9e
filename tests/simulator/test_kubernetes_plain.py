from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator.kind import Refused
from tests.simulator.kubernetes_manifests import changed
from tests.simulator.kubernetes_names import CONFIG_MAP, NAMESPACE, SECRET, STORAGE_CLASS
from tests.simulator.kubernetes_world import Kube

if TYPE_CHECKING:
    from pathlib import Path

ONE_RULE = {
    "metadata": {"name": "api", "namespace": "default"},
    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
}
CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
ROLE = "kubernetes:rbac.authorization.k8s.io/v1:Role"
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
CLUSTER_BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
JOB = "kubernetes:batch/v1:Job"
CRON_JOB = "kubernetes:batch/v1:CronJob"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
PRIORITY = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
NAMED = {"metadata": {"name": "api", "namespace": "default"}}
RBAC = "rbac.authorization.k8s.io"


DATA = {**NAMED, "data": {"a": "Yg=="}}
CLASS = {"metadata": {"name": "fast"}, "provisioner": "p", "parameters": {"type": "gp3"}}


@pytest.fixture
def kube(tmp_path: Path) -> Kube:
    made = Kube(tmp_path)
    made.eks()
    return made


@pytest.mark.parametrize(
    ("token", "good", "path", "value", "where"),
    [
        (SECRET, DATA, "data/a", "not base64!", "data.a"),
        (SECRET, DATA, "data/a b", "Yg==", "data[a b]"),
        (SECRET, DATA, "type", "kubernetes.io/tls", "data[tls.crt]"),
        (CONFIG_MAP, DATA, "data/a", "x" * (1024 * 1024 + 1), "data"),
        (CONFIG_MAP, DATA, "binaryData", {"a": "Yg=="}, "data[a]"),
        (ROLE, ONE_RULE, "rules/0/verbs", [], "rules[0].verbs"),
        (ROLE, ONE_RULE, "rules/0/apiGroups", None, "rules[0].apiGroups"),
        (ROLE, ONE_RULE, "rules/0/nonResourceURLs", ["/x"], "rules[0].nonResourceURLs"),
        (
            BINDING,
            {**NAMED, "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "r"}},
            "roleRef/kind",
            "Rolle",
            "roleRef.kind",
        ),
        (
            BINDING,
            {**NAMED, "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "r"}},
            "subjects",
            [{"kind": "ServiceAccount", "name": "a"}],
            "subjects[0].namespace",
        ),
        (
            CLUSTER_BINDING,
            {"metadata": {"name": "a"}, "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "r"}},
            "roleRef/kind",
            "Role",
            "roleRef.kind",
        ),
        (BUDGET, {**NAMED, "spec": {"maxUnavailable": 1}}, "spec/minAvailable", 1, "spec"),
        (BUDGET, {**NAMED, "spec": {"maxUnavailable": 1}}, "spec/maxUnavailable", "many", "spec.maxUnavailable"),
        (BUDGET, {**NAMED, "spec": {"maxUnavailable": 1}}, "spec/maxUnavailable", -1, "spec.maxUnavailable"),
        (STORAGE_CLASS, CLASS, "volumeBindingMode", "Later", "volumeBindingMode"),
        (ROLE, ONE_RULE, "rules/0/resources", [], "rules[0].resources"),
        (CLUSTER_ROLE, {"metadata": {"name": "a"}}, "rules", [{"verbs": []}], "rules[0].verbs"),
        (CLUSTER_ROLE, {"metadata": {"name": "a"}}, "metadata/name", "a/b", "metadata.name"),
        (CLUSTER_ROLE, {"metadata": {"name": "a"}}, "metadata/name", "..", "metadata.name"),
        (
            BINDING,
            {**NAMED, "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "r"}},
            "subjects",
            [{"kind": "User", "name": "a", "apiGroup": "v1"}],
            "subjects[0].apiGroup",
        ),
        (STORAGE_CLASS, CLASS, "provisioner", "", "provisioner"),
        (
            NETWORK_POLICY,
            {**NAMED, "spec": {"podSelector": {}}},
            "spec/egress",
            [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}],
            "spec.egress[0].to[0]",
        ),
        (PRIORITY, {"metadata": {"name": "high"}, "value": 1000}, "value", 2_000_000_000, "value"),
        (
            NETWORK_POLICY,
            {**NAMED, "spec": {"podSelector": {}}},
            "spec/policyTypes",
            ["Outgress"],
            "spec.policyTypes[0]",
        ),
        (
            NETWORK_POLICY,
            {**NAMED, "spec": {"podSelector": {}}},
            "spec/ingress",
            [{"from": [{}]}],
            "spec.ingress[0].from[0]",
        ),
        (
            NAMESPACE,
            {"metadata": {"name": "a"}},
            "metadata/labels",
            {"pod-security.kubernetes.io/enforce": "strict"},
            'metadata.labels["pod-security.kubernetes.io/enforce"]',
        ),
        (
            NAMESPACE,
            {"metadata": {"name": "a"}},
            "metadata/labels",
            {"pod-security.kubernetes.io/enforce-version": "35"},
            'metadata.labels["pod-security.kubernetes.io/enforce-version"]',
        ),
    ],
)
def test_rules_of_single_kinds(
    kube: Kube, token: str, *, good: dict[str, Any], path: str, value: object, where: str
) -> None:
    _, group_version, kind = token.split(":")
    whole = {"apiVersion": group_version.removeprefix("core/"), "kind": kind, **good}
    assert kube.refusals(token, whole) == {}
    assert where in kube.refusals(token, changed(whole, path, value))


def test_a_bad_secret_is_not_shown(kube: Kube) -> None:
    found = kube.refusals(SECRET, changed(DATA, "data/a", "marked fake secret"))
    assert found
    assert "marked" not in str(found)


def test_a_secrets_text_ends_up_encoded_and_marked(kube: Kube) -> None:
    made = kube.create(SECRET, {**NAMED, "stringData": {"a": "b"}})
    assert made.outputs["data"] == {"a": "Yg=="}
    assert set(kube.package.kind(SECRET).secrets) == {"data", "stringData"}


def test_a_claim_needs_its_class_and_only_grows(kube: Kube) -> None:
    inputs = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        **NAMED,
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "fast",
            "resources": {"requests": {"storage": "2Gi"}},
        },
    }
    assert 'storageclass.storage.k8s.io "fast" not found' in str(kube.create(CLAIM, inputs, name="early").reasons)
    kube.create(STORAGE_CLASS, CLASS)
    bigger = changed(inputs, "spec/resources/requests/storage", "3Gi")
    made = kube.create(CLAIM, changed(inputs, "metadata/name", "late"))
    assert made.reasons == ()
    with pytest.raises(Refused, match=r"can not be less than status.capacity"):
        kube.update(made, changed(changed(inputs, "metadata/name", "late"), "spec/resources/requests/storage", "1Gi"))
    with pytest.raises(Refused, match="must support resize"):
        kube.update(made, changed(bigger, "metadata/name", "late"))


@pytest.mark.parametrize("path", ["spec/accessModes", "spec/resources"])
def test_a_claim_says_how_and_how_much(kube: Kube, path: str) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}
    inputs = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **NAMED, "spec": spec}
    assert kube.refusals(CLAIM, inputs) == {}
    assert kube.refusals(CLAIM, changed(inputs, path, None))
