from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from simulator.diff import compare
from simulator.kind import Refused
from simulator.values import UNKNOWN
from tests.simulator.kubernetes_manifests import changed, deployment, service, stateful_set
from tests.simulator.kubernetes_names import (
    ACCOUNT,
    CONFIG_MAP,
    DEPLOYMENT,
    NAMESPACE,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    STORAGE_CLASS,
)
from tests.simulator.kubernetes_world import Kube

if TYPE_CHECKING:
    from pathlib import Path

ONE_RULE = {
    "metadata": {"name": "api", "namespace": "default"},
    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
}
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


@pytest.fixture
def kube(tmp_path: Path) -> Kube:
    made = Kube(tmp_path)
    made.eks()
    return made


# --- schema


@pytest.mark.parametrize(
    ("path", "value", "where", "reason"),
    [
        ("spec/replica", 1, "spec.replica", ""),
        ("spec/replicas", "three", "spec.replicas", ""),
        ("spec/template/spec/containers/0/port", 1, "spec.template.spec.containers[0].port", ""),
        ("spec/template/spec/containers/0/name", None, "spec.template.spec.containers[0].name", ""),
        ("spec/selector", None, "spec.selector", ""),
    ],
)
def test_what_the_schema_does_not_have_is_refused_with_its_path(
    kube: Kube, path: str, value: object, where: str, reason: str
) -> None:
    assert kube.refusals(DEPLOYMENT, deployment()) == {}
    found = kube.refusals(DEPLOYMENT, changed(deployment(), path, value))
    assert where in found
    assert reason in found[where]


def test_the_schema_of_kubernetes_refuses_what_the_sdk_lets_pass(kube: Kube) -> None:
    rule = next(kind for kind in (kube.package.kind(DEPLOYMENT),)).checks[1]
    broken = kube.whole(DEPLOYMENT, changed(deployment(), "spec/template/spec/containerz", []))
    assert [(failure.path, failure.reason) for failure in rule(broken)] == [
        ("spec.template.spec.containerz", "field not declared in schema")
    ]


def test_the_version_of_the_cluster_counts(kube: Kube, tmp_path: Path) -> None:
    old = Kube(tmp_path / "old")
    cluster = old.eks()
    old.remove(cluster)
    old.put(cluster.token, cluster.scope, cluster.id, **{**cluster.outputs, "version": "1.25"})
    spec = {**NAMED, "spec": {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}}
    inputs = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", **spec}
    kube.create(BUDGET, inputs)
    with pytest.raises(Refused, match=r"spec.unhealthyPodEvictionPolicy: field not declared in schema"):
        old.create(BUDGET, inputs)


def test_a_preview_that_does_not_know_a_value_says_nothing_of_it(kube: Kube) -> None:
    inputs = deployment()
    inputs["spec"]["replicas"] = UNKNOWN
    inputs["spec"]["template"]["spec"]["containers"][0] |= {"image": UNKNOWN, "env": [{"name": "A", "value": UNKNOWN}]}
    inputs["spec"]["template"]["spec"]["volumes"] = UNKNOWN
    inputs["spec"]["template"]["metadata"] = UNKNOWN
    inputs["metadata"]["labels"] = UNKNOWN
    assert kube.refusals(DEPLOYMENT, inputs) == {}
    assert kube.refusals(SERVICE, service(ports=UNKNOWN, type=UNKNOWN)) == {}
    assert kube.refusals(SECRET, {**NAMED, "stringData": UNKNOWN, "type": "kubernetes.io/tls"}) == {}
    assert kube.refusals(SECRET, {**NAMED, "data": UNKNOWN, "type": "kubernetes.io/tls"}) == {}


def test_a_check_costs_less_than_five_milliseconds_once_warm(kube: Kube) -> None:
    whole = kube.whole(DEPLOYMENT, deployment())
    rule = kube.package.kind(DEPLOYMENT).checks[1]
    list(rule(whole))
    started = time.process_time()
    for _ in range(20):
        list(rule(whole))
    assert (time.process_time() - started) / 20 < 0.005


def test_a_kind_that_nobody_described_is_not_simulated(kube: Kube) -> None:
    for token in ("kubernetes:core/v1:ResourceQuota", "kubernetes:cilium.io/v2:CiliumEgressGatewayPolicy"):
        with pytest.raises(LookupError, match="does not know"):
            kube.package.kind(token)


# --- names, labels, places


@pytest.mark.parametrize(
    ("token", "path", "value", "where"),
    [
        (CONFIG_MAP, "metadata/name", "Upper", "metadata.name"),
        (CONFIG_MAP, "metadata/name", "a" * 254, "metadata.name"),
        (CONFIG_MAP, "metadata/name", None, "metadata.name"),
        (CONFIG_MAP, "metadata/namespace", "a.b", "metadata.namespace"),
        (CONFIG_MAP, "metadata/generateName", "x-", "metadata.generateName"),
        (CONFIG_MAP, "metadata/labels", {"a b": "c"}, "metadata.labels"),
        (CONFIG_MAP, "metadata/labels", {"Example/": "c"}, "metadata.labels"),
        (CONFIG_MAP, "metadata/labels", {"a": "c" * 64}, "metadata.labels.a"),
        (CONFIG_MAP, "metadata/labels", {"a": "-c"}, "metadata.labels.a"),
        (CONFIG_MAP, "metadata/annotations", {"a b": "c"}, "metadata.annotations"),
        (CONFIG_MAP, "metadata/annotations", {"a": "c" * 262144}, "metadata.annotations"),
        (NAMESPACE, "metadata/namespace", "default", "metadata.namespace"),
    ],
)
def test_names_and_labels(kube: Kube, token: str, path: str, value: object, where: str) -> None:
    good = NAMED if token == CONFIG_MAP else {"metadata": {"name": "api"}}
    assert kube.refusals(token, good) == {}
    assert where in kube.refusals(token, changed(good, path, value))


def test_names_of_namespaces_and_services_have_no_dots(kube: Kube) -> None:
    assert "metadata.name" in kube.refusals(NAMESPACE, {"metadata": {"name": "a.b"}})
    assert "metadata.name" in kube.refusals(SERVICE, changed(service(), "metadata/name", "1a"))
    assert kube.refusals(CONFIG_MAP, changed(NAMED, "metadata/name", "1a.b")) == {}


def test_a_namespace_must_be_there(kube: Kube) -> None:
    inputs = {"metadata": {"name": "api", "namespace": "hms-api"}}
    with pytest.raises(Refused, match='NotFound: namespaces "hms-api" not found'):
        kube.create(ACCOUNT, inputs)
    kube.create(NAMESPACE, {"metadata": {"name": "hms-api"}})
    assert kube.create(ACCOUNT, inputs).id == "hms-api/api"


def test_an_object_without_namespace_goes_to_the_providers(kube: Kube) -> None:
    assert kube.create(ACCOUNT, {"metadata": {"name": "api"}}).id == "default/api"
    kube.create(NAMESPACE, {"metadata": {"name": "hms"}})
    kube.config["namespace"] = "hms"
    made = kube.create(ACCOUNT, {"metadata": {"name": "api"}})
    assert made.id == "hms/api"
    assert made.outputs["metadata"]["namespace"] == "hms"


@pytest.mark.parametrize(
    ("token", "inputs", "message"),
    [
        (CONFIG_MAP, NAMED, 'configmaps "api" already exists'),
        (STORAGE_CLASS, {"metadata": {"name": "s"}, "provisioner": "p"}, 'storageclasses.storage.k8s.io "s" already'),
        (NAMESPACE, {"metadata": {"name": "kube-system"}}, 'namespaces "kube-system" already exists'),
        (ACCOUNT, {"metadata": {"name": "default"}}, 'serviceaccounts "default" already exists'),
        (CONFIG_MAP, {"metadata": {"name": "kube-root-ca.crt"}}, 'configmaps "kube-root-ca.crt" already exists'),
    ],
)
def test_a_name_that_is_taken(kube: Kube, token: str, inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):  # noqa: PT012 - some are there from the start
        kube.create(token, inputs, name="one")
        kube.create(token, inputs, name="two")


def test_deleting_a_namespace_deletes_what_is_in_it(kube: Kube) -> None:
    namespace = kube.namespace("hms-api")
    other = kube.namespace("hms-api-2")
    account = kube.create(SECRET, {"metadata": {"name": "s", "namespace": "hms-api"}})
    kube.delete(namespace)
    ids = {record.id for record in kube.world.records() if record.token.startswith("kubernetes:")}
    assert ids == {other.id, "hms-api-2/api"}
    kube.delete(account)  # gone already, as the real API answers
    assert kube.read(account) is None


# --- metadata and updates


def test_metadata_is_deterministic_and_moves_with_every_write(kube: Kube, tmp_path: Path) -> None:
    twin = Kube(tmp_path / "twin")
    twin.eks()
    made, same = (one.create(CONFIG_MAP, NAMED) for one in (kube, twin))
    assert made.outputs["metadata"] == same.outputs["metadata"]
    after = kube.update(made, changed(NAMED, "metadata/labels", {"a": "b"})).outputs["metadata"]
    before = made.outputs["metadata"]
    assert int(after["resourceVersion"]) == int(before["resourceVersion"]) + 1
    assert after["uid"] == before["uid"]
    kube.delete(made)
    assert kube.create(CONFIG_MAP, NAMED).outputs["metadata"]["uid"] != before["uid"]


DATA = {**NAMED, "data": {"a": "Yg=="}}
CLASS = {"metadata": {"name": "fast"}, "provisioner": "p", "parameters": {"type": "gp3"}}


@pytest.mark.parametrize(
    ("token", "inputs", "path", "value", "replaced"),
    [
        (DEPLOYMENT, deployment(), "spec/selector/matchLabels/app", "x", True),
        (DEPLOYMENT, deployment(), "spec/replicas", 5, False),
        (DEPLOYMENT, deployment(), "spec/template/spec/containers/0/image", "x", False),
        (DEPLOYMENT, deployment(), "metadata/name", "x", True),
        (DEPLOYMENT, deployment(), "metadata/namespace", "x", True),
        (DEPLOYMENT, deployment(), "metadata/labels", {"x": "y"}, False),
        (STATEFUL_SET, stateful_set(), "spec/volumeClaimTemplates/0/metadata/name", "x", True),
        (STATEFUL_SET, stateful_set(), "spec/serviceName", "x", True),
        (STATEFUL_SET, stateful_set(), "spec/replicas", 2, False),
        (SERVICE, service(), "spec/clusterIP", "172.16.0.9", True),
        (SERVICE, service(), "spec/type", "NodePort", False),
        (CONFIG_MAP, DATA, "data/a", "x", True),
        (SECRET, DATA, "data/a", "x", True),
        (SECRET, DATA, "metadata/labels", {"x": "y"}, False),
        (STORAGE_CLASS, CLASS, "parameters/type", "io2", True),
        (STORAGE_CLASS, CLASS, "allowVolumeExpansion", True, False),
    ],
)
def test_what_replaces(
    kube: Kube, token: str, *, inputs: dict[str, Any], path: str, value: object, replaced: bool
) -> None:
    difference = compare(kube.package.kind(token), inputs, changed(inputs, path, value))
    assert difference.changes
    assert bool(difference.replaces) is replaced


def test_the_api_server_refuses_updates_that_the_provider_does_not_replace_for(kube: Kube) -> None:
    made = kube.create(STORAGE_CLASS, {**CLASS, "reclaimPolicy": "Delete"})
    kube.update(made, {**CLASS, "reclaimPolicy": "Delete", "allowVolumeExpansion": True})
    with pytest.raises(Refused, match="updates to reclaimPolicy are forbidden"):
        kube.update(made, {**CLASS, "reclaimPolicy": "Retain"})
