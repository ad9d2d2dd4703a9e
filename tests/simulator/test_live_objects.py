"""Kubernetes objects of the simulated clouds on an API server of a lab; a small one here, the real one in tests/lab."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from simulator.kind import Refused
from simulator.kubernetes.live import client, objects, waiting
from simulator.operations import Cancelled
from simulator.variables import LAB
from tests.simulator.fake_api import FakeApi, ready, serving_api
from tests.simulator.kubernetes_manifests import cilium, deployment, policy, service
from tests.simulator.kubernetes_names import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POLICY, RELEASE, SECRET, SERVICE
from tests.simulator.kubernetes_world import Kube, Made

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEPLOYED = "/apis/apps/v1/namespaces/hms-api/deployments/api"
CONFIGURED = "/api/v1/namespaces/hms-api/configmaps/api"
SERVED = "/api/v1/namespaces/hms-api/services/api"
PLACE = {"name": "api", "namespace": "hms-api"}
CONFIG = {"metadata": PLACE, "data": {"a": "b"}}


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    with serving_api(tmp_path) as (served, lab):
        monkeypatch.setenv(LAB, str(lab))
        served.controller = ready
        yield served


@pytest.fixture
def kube(tmp_path: Path, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Kube:
    """The cluster aws-1 with Cilium and nodes in the simulated cloud, and the namespace in both."""
    kube = Kube(tmp_path)
    monkeypatch.delenv(LAB)
    kube.eks()
    kube.create(RELEASE, cilium())
    kube.nodes()
    monkeypatch.setenv(LAB, str(tmp_path / "lab.json"))
    kube.namespace("hms-api")
    api.asked.clear()
    return kube


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """First pauses of a hundredth of a second."""
    monkeypatch.setattr(client, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(waiting, "_FIRST_PAUSE", 0.01)


@pytest.fixture
def impatient(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    """Patience of a tenth of a second."""
    monkeypatch.setattr(client, "_PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(objects, "_PATIENCE_SECONDS", 0.1)


def annotated(inputs: dict[str, Any], **annotations: str) -> dict[str, Any]:
    named = {f"pulumi.com/{name}": value for name, value in annotations.items()}
    return {**inputs, "metadata": {**inputs["metadata"], "annotations": named}}


# --- applied


def test_an_object_is_applied_by_the_server(kube: Kube, api: FakeApi) -> None:
    made = kube.create(CONFIG_MAP, CONFIG)
    (asked,) = api.of("PATCH")
    assert asked.path == CONFIGURED
    assert asked.content == "application/apply-patch+yaml"
    assert asked.query == {"fieldManager": "hms", "fieldValidation": "Strict", "force": "true"}
    assert asked.body == {"apiVersion": "v1", "kind": "ConfigMap", **CONFIG}
    live = api.objects[CONFIGURED]["metadata"]
    assert made.outputs["metadata"] == {name: live[name] for name in live if name != "managedFields"}
    stored = kube.world.one(CONFIG_MAP, made.id)
    assert stored is not None
    assert stored.outputs["metadata"]["uid"] == live["uid"]


def test_the_namespace_of_the_kubeconfig_is_the_default(kube: Kube, api: FakeApi) -> None:
    api.objects["/api/v1/namespaces/default"] = {"metadata": {}}
    kube.create(CONFIG_MAP, {"metadata": {"name": "api"}})
    (asked,) = api.of("PATCH")
    assert asked.path == "/api/v1/namespaces/default/configmaps/api"
    assert asked.body["metadata"] == {"name": "api", "namespace": "default"}


def test_what_is_left_out_is_not_applied_as_null() -> None:
    assert objects._given({"a": None, "b": [{"c": None, "d": 0}]}) == {"b": [{"d": 0}]}


def test_without_a_lab_nothing_is_asked(kube: Kube, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LAB, "")
    kube.create(CONFIG_MAP, CONFIG)
    assert api.asked == []


def test_what_the_simulated_cloud_refuses_never_gets_there(kube: Kube, api: FakeApi) -> None:
    with pytest.raises(Refused, match='namespaces "other" not found'):
        kube.create(CONFIG_MAP, {"metadata": {"name": "api", "namespace": "other"}})
    assert api.of("PATCH") == []


@pytest.mark.parametrize(
    ("status", "reason"), [(409, "Conflict"), (422, "Invalid"), (403, "Forbidden"), (500, ""), (400, "BadRequest")]
)
def test_what_the_server_refuses_is_refused_in_its_words(kube: Kube, api: FakeApi, status: int, reason: str) -> None:
    api.refusal = status, {"reason": reason, "message": "field not declared in schema"}
    with pytest.raises(Refused, match="field not declared in schema") as caught:
        kube.create(CONFIG_MAP, CONFIG)
    assert (caught.value.status, caught.value.code) == (status, reason or f"HTTP {status}")
    assert len(api.of("PATCH")) == 1
    assert kube.world.one(CONFIG_MAP, "hms-api/api") is None


def test_the_world_is_free_while_an_object_is_applied(kube: Kube, api: FakeApi) -> None:
    free: list[int] = []

    def controller(_: object) -> None:
        other = threading.Thread(target=lambda: free.append(kube.world.count()))
        other.start()
        other.join(5)

    api.controller = controller
    kube.create(CONFIG_MAP, CONFIG)
    assert free


def test_an_update_makes_again_what_is_gone(kube: Kube, api: FakeApi) -> None:
    made = kube.create(SERVICE, annotated(service(), skipAwait="true"))
    del api.objects[SERVED]
    kube.update(made, annotated(service(), skipAwait="true"))
    assert SERVED in api.objects


# --- a server that is not (yet) there


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("trouble", [(503, {}), (429, {}), None], ids=["503", "429", "cut"])
def test_a_moment_without_the_server_is_waited_for(
    kube: Kube, api: FakeApi, trouble: tuple[int, dict[str, Any]] | None
) -> None:
    api.troubles = [trouble, trouble]
    assert kube.create(CONFIG_MAP, CONFIG).reasons == ()


@pytest.mark.usefixtures("impatient")
def test_a_server_that_stays_away_is_unreachable(kube: Kube, api: FakeApi) -> None:
    api.troubles = [None] * 1000
    with pytest.raises(Refused, match=rf"^Unreachable: https://127\.0\.0\.1:{api.port} does not answer"):
        kube.create(CONFIG_MAP, CONFIG)


@pytest.mark.usefixtures("eager")
def test_a_kind_may_come_later(kube: Kube, api: FakeApi) -> None:
    threading.Timer(0.1, lambda: api.kinds.update(CILIUM)).start()
    made = kube.create(POLICY, policy())
    assert made.outputs["metadata"]["uid"].startswith("uid-")


CILIUM: dict[str, dict[str, tuple[str, bool]]] = {
    "cilium.io/v2": {"CiliumNetworkPolicy": ("ciliumnetworkpolicies", True)}
}


@pytest.mark.usefixtures("impatient")
def test_a_kind_that_never_comes_is_refused(kube: Kube) -> None:
    with pytest.raises(Refused, match=r'no matches for kind "CiliumNetworkPolicy" in version "cilium\.io/v2"'):
        kube.create(POLICY, policy())


def test_nobody_waits_for_a_namespace_that_the_lab_lost(kube: Kube, api: FakeApi) -> None:
    del api.objects["/api/v1/namespaces/hms-api"]
    with pytest.raises(Refused, match='namespaces "hms-api" not found'):
        kube.create(CONFIG_MAP, CONFIG)
    assert len(api.of("PATCH")) == 1


# --- waited for


def test_a_deployment_is_waited_for(kube: Kube, api: FakeApi) -> None:
    looks: list[int] = []

    def controller(live: dict[str, Any]) -> None:
        threading.Timer(0.3, lambda: ready(live)).start()
        looks.append(1)

    api.controller = controller
    made = kube.create(DEPLOYMENT, deployment())
    assert made.reasons == ()
    assert made.outputs["status"]["availableReplicas"] == 3
    assert len([one for one in api.of("GET") if one.path == DEPLOYED]) > 1


def broken(api: FakeApi) -> None:
    """A cluster whose pods cannot get their image, and a controller that complains twice."""

    def controller(live: dict[str, Any]) -> None:
        if live["kind"] != "Deployment":
            return
        labels = live["spec"]["selector"]["matchLabels"]
        refused = {"type": "Available", "status": "False", "reason": "Min", "message": "no minimum availability."}
        live["status"] = {"observedGeneration": 1, "replicas": 3, "conditions": [refused]}

        def owned(name: str, uid: str, owner: str) -> dict[str, Any]:
            return {**PLACE, "name": name, "uid": uid, "labels": labels, "ownerReferences": [{"uid": owner}]}

        live_set = {"metadata": owned("api-1", "set", live["metadata"]["uid"]), "spec": live["spec"]}
        waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
        pod = {
            "metadata": owned("api-1-x", "pod", "set"),
            "status": {
                "conditions": [
                    {"type": "Ready", "status": "False", "message": "containers with unready status: [api]"}
                ],
                "containerStatuses": [{"name": "api", "ready": False, "state": waiting}],
            },
        }
        other = {
            "metadata": owned("other", "other", "elsewhere"),
            "status": {"conditions": pod["status"]["conditions"]},
        }
        root = "/namespaces/hms-api"
        api.objects[f"/apis/apps/v1{root}/replicasets/api-1"] = live_set
        api.objects[f"/api/v1{root}/pods/api-1-x"] = pod
        api.objects[f"/api/v1{root}/pods/other"] = other
        for index, uid in enumerate(("set", "set", "elsewhere")):
            api.objects[f"/api/v1{root}/events/{index}"] = {
                "type": "Warning",
                "reason": "FailedCreate",
                "message": f"quota {index}",
                "involvedObject": {"uid": uid},
                "lastTimestamp": f"2026-01-01T00:00:0{index}Z",
            }

    api.controller = controller


def test_a_deployment_that_is_not_ready_in_time_tells_why(kube: Kube, api: FakeApi) -> None:
    broken(api)
    api.warning = '299 - "would violate PodSecurity \\"restricted\\""'
    made = kube.create(DEPLOYMENT, annotated(deployment(), timeoutSeconds="1"))
    assert made.reasons == (
        "'api' timed out waiting to be Ready",
        "[Min] no minimum availability.",
        "Minimum number of live Pods was not attained",
        "[Pod hms-api/api-1-x]: containers with unready status: [api]",
        "[Pod hms-api/api-1-x]: [ImagePullBackOff] Back-off pulling image",
        "[FailedCreate] quota 1",
        'would violate PodSecurity "restricted"',
    )
    assert kube.world.one(DEPLOYMENT, made.id) is not None
    api.controller = ready
    assert kube.update(made, deployment()).reasons == ()


def test_custom_timeouts_come_before_the_annotation(kube: Kube, api: FakeApi) -> None:
    broken(api)
    inputs = kube.check(DEPLOYMENT, kube.whole(DEPLOYMENT, annotated(deployment(), timeoutSeconds="3600")))
    context = kube.context(DEPLOYMENT, "api", inputs)
    context.timeout = 0.3
    outcome = kube.operations.create(kube.package, kube.package.kind(DEPLOYMENT), context, inputs)
    assert outcome.reasons[0] == "'api' timed out waiting to be Ready"


def test_nothing_is_waited_for_where_the_program_says_so(kube: Kube, api: FakeApi) -> None:
    broken(api)
    assert kube.create(DEPLOYMENT, annotated(deployment(), skipAwait="true")).reasons == ()


def test_nothing_is_waited_for_without_nodes(kube: Kube, api: FakeApi, tmp_path: Path) -> None:
    broken(api)
    lab = tmp_path / "lab.json"
    lab.write_text(json.dumps({**json.loads(lab.read_text()), "depth": "control"}))
    assert kube.create(DEPLOYMENT, deployment()).reasons == ()


def test_an_interrupted_wait_keeps_the_object(kube: Kube, api: FakeApi) -> None:
    broken(api)
    inputs = kube.check(DEPLOYMENT, kube.whole(DEPLOYMENT, deployment()))
    context = kube.context(DEPLOYMENT, "api", inputs)
    threading.Timer(0.2, context.stop.set).start()
    outcome = kube.operations.create(kube.package, kube.package.kind(DEPLOYMENT), context, inputs)
    assert outcome.reasons[0] == 'Resource operation was cancelled for "api"'
    assert kube.world.one(DEPLOYMENT, outcome.id) is not None


def test_an_interrupted_apply_leaves_nothing(kube: Kube, api: FakeApi) -> None:
    inputs = kube.check(CONFIG_MAP, kube.whole(CONFIG_MAP, CONFIG))
    context = kube.context(CONFIG_MAP, "api", inputs)
    context.stop.set()
    with pytest.raises(Cancelled):
        kube.operations.create(kube.package, kube.package.kind(CONFIG_MAP), context, inputs)
    assert api.of("PATCH") == []
    assert kube.world.one(CONFIG_MAP, "hms-api/api") is None


@pytest.mark.usefixtures("impatient")
def test_a_server_that_goes_away_meanwhile_leaves_the_object_unfinished(kube: Kube, api: FakeApi) -> None:
    broken(api)
    threading.Timer(0.3, lambda: api.troubles.extend([None] * 1000)).start()
    made = kube.create(DEPLOYMENT, annotated(deployment(), timeoutSeconds="1"))
    assert made.reasons[0] == "Resource 'api' was created but failed to initialize"
    assert "does not answer" in made.reasons[-1]
    assert kube.world.one(DEPLOYMENT, made.id) is not None


@pytest.mark.usefixtures("impatient")
def test_a_server_that_comes_back_meanwhile_is_asked_again(kube: Kube, api: FakeApi) -> None:
    def controller(live: dict[str, Any]) -> None:
        api.troubles = [None] * 1000
        threading.Timer(0.5, lambda: (api.troubles.clear(), ready(live))).start()

    api.controller = controller
    assert kube.create(DEPLOYMENT, deployment()).reasons == ()


def test_an_object_that_somebody_deletes_meanwhile(kube: Kube, api: FakeApi) -> None:
    broken(api)
    threading.Timer(0.2, lambda: api.objects.pop(DEPLOYED)).start()
    assert kube.create(DEPLOYMENT, deployment()).reasons[0] == "'api' was deleted while it was waited for"


def test_the_load_balancer_stays_the_simulated_clouds(kube: Kube, api: FakeApi) -> None:
    def controller(live: dict[str, Any]) -> None:
        live["status"] = {"loadBalancer": {}}
        live["spec"]["clusterIP"] = "10.0.0.7"

    api.controller = controller
    inputs = annotated(service(type="LoadBalancer"), skipAwait="true")
    made = kube.create(SERVICE, inputs)
    assert made.outputs["spec"]["clusterIP"] == "10.0.0.7"
    (ingress,) = made.outputs["status"]["loadBalancer"]["ingress"]
    assert ingress["hostname"].endswith(".elb.amazonaws.com")
    record = kube.read(made)
    assert record is not None
    assert record.outputs["status"] == made.outputs["status"]


# --- read


def deployed(kube: Kube) -> Made:
    return kube.create(DEPLOYMENT, deployment())


def test_a_refresh_right_after_finds_no_change(kube: Kube) -> None:
    made = deployed(kube)
    record = kube.read(made)
    assert record is not None
    assert record.inputs == made.inputs
    assert dict(record.outputs) == {**made.outputs, "id": made.id}


def test_a_refresh_finds_what_somebody_changed(kube: Kube, api: FakeApi) -> None:
    made = deployed(kube)
    live = api.objects[DEPLOYED]
    live["spec"]["replicas"] = 1
    del live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:replicas"]
    record = kube.read(made)
    assert record is not None
    assert record.inputs == {**made.inputs, "spec": {**made.inputs["spec"], "replicas": 1}}


def test_what_is_gone_is_made_again(kube: Kube, api: FakeApi) -> None:
    made = deployed(kube)
    del api.objects[DEPLOYED]
    assert kube.read(made) is None
    assert kube.world.one(DEPLOYMENT, made.id) is None
    assert deployed(kube).outputs["metadata"]["uid"] != made.outputs["metadata"]["uid"]


def test_what_was_in_a_namespace_that_is_gone_is_gone(kube: Kube, api: FakeApi) -> None:
    made = deployed(kube)
    api.objects.clear()
    context = kube.context(NAMESPACE, "hms-api", {"metadata": {"name": "hms-api"}}, "hms-api")
    assert kube.operations.read(kube.package.kind(NAMESPACE), context) is None
    assert kube.read(made) is None


@pytest.mark.usefixtures("impatient")
def test_a_refresh_without_the_server_is_refused(kube: Kube, api: FakeApi) -> None:
    made = deployed(kube)
    api.troubles = [None] * 1000
    with pytest.raises(Refused, match="Unreachable"):
        kube.read(made)
    assert kube.world.one(DEPLOYMENT, made.id) is not None


def test_a_secret_is_not_written_back(kube: Kube, api: FakeApi) -> None:
    def controller(live: dict[str, Any]) -> None:
        live["data"] = {"password": "bWFya2VkLWZha2U="}
        live.pop("stringData", None)

    api.controller = controller
    made = kube.create(SECRET, {"metadata": PLACE, "stringData": {"password": "marked-fake"}})
    record = kube.read(made)
    assert record is not None
    assert record.inputs == made.inputs
    assert {"data", "stringData"} <= set(kube.package.kind(SECRET).secrets)


# --- deleted


def test_a_deletion_waits_until_the_object_is_gone(kube: Kube, api: FakeApi) -> None:
    made = kube.create(CONFIG_MAP, CONFIG)
    api.holds = True
    threading.Timer(0.3, lambda: api.objects.pop(CONFIGURED)).start()
    kube.delete(made)
    (asked,) = api.of("DELETE")
    assert asked.body["propagationPolicy"] == "Foreground"
    assert asked.body["preconditions"] == {"uid": made.outputs["metadata"]["uid"]}
    assert CONFIGURED not in api.objects
    assert kube.world.one(CONFIG_MAP, made.id) is None


def test_one_that_was_made_again_meanwhile_is_gone_too(kube: Kube, api: FakeApi) -> None:
    made = kube.create(CONFIG_MAP, CONFIG)
    api.holds = True
    threading.Timer(0.3, lambda: api.objects[CONFIGURED]["metadata"].update(uid="another")).start()
    kube.delete(made)


def test_a_deletion_that_does_not_end_is_refused(kube: Kube, api: FakeApi) -> None:
    made = kube.create(CONFIG_MAP, annotated(CONFIG, timeoutSeconds="1"))
    api.holds = True
    api.objects[CONFIGURED]["metadata"]["finalizers"] = ["hms/keep"]
    with pytest.raises(Refused, match=r"timed out waiting to be deleted; .* \(hms/keep\)"):
        kube.delete(made)
    assert kube.world.one(CONFIG_MAP, made.id) is not None


def test_an_interrupted_deletion_keeps_the_record(kube: Kube, api: FakeApi) -> None:
    made = kube.create(CONFIG_MAP, CONFIG)
    api.holds = True
    context = kube.context(CONFIG_MAP, made.urn.rpartition("::")[2], made.inputs, made.id)
    threading.Timer(0.2, context.stop.set).start()
    with pytest.raises(Cancelled):
        kube.operations.delete(kube.package.kind(CONFIG_MAP), context, made.inputs)
    assert kube.world.one(CONFIG_MAP, made.id) is not None


def test_what_is_gone_already_is_no_error(kube: Kube, api: FakeApi) -> None:
    made = kube.create(CONFIG_MAP, CONFIG)
    api.objects.clear()
    kube.delete(made)
    assert kube.world.one(CONFIG_MAP, made.id) is None


def test_some_kinds_are_not_waited_for(kube: Kube, api: FakeApi) -> None:
    made = kube.create(DEPLOYMENT, annotated(deployment(), skipAwait="true", deletionPropagationPolicy="orphan"))
    api.holds = True
    kube.delete(made)
    assert api.of("DELETE")[0].body["propagationPolicy"] == "Orphan"


def test_objects_of_a_cluster_that_is_gone_stay_where_they_are(
    kube: Kube, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = kube.create(CONFIG_MAP, CONFIG)
    (cluster,) = kube.world.find("aws:eks/cluster:Cluster")
    kube.remove(cluster)
    with pytest.raises(Refused, match="PULUMI_K8S_DELETE_UNREACHABLE"):
        kube.delete(made)
    monkeypatch.setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
    kube.delete(made)
    assert api.of("DELETE") == []


@pytest.mark.usefixtures("impatient")
def test_a_server_that_stays_away_is_given_up_on_where_the_provider_is_told_to(
    kube: Kube, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = kube.create(CONFIG_MAP, CONFIG)
    api.troubles = [None] * 1000
    with pytest.raises(Refused, match="PULUMI_K8S_DELETE_UNREACHABLE"):
        kube.delete(made)
    assert kube.world.one(CONFIG_MAP, made.id) is not None
    monkeypatch.setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
    kube.delete(made)
    assert kube.world.one(CONFIG_MAP, made.id) is None


# --- the lab's file


def test_a_cluster_that_the_lab_has_not(kube: Kube, tmp_path: Path) -> None:
    lab = tmp_path / "lab.json"
    lab.write_text(lab.read_text().replace('"aws-1"]', '"aws-9"]'))
    with pytest.raises(Refused, match="has no cluster 'aws-1', only aws-9, dev-aws-1; start it for this fleet"):
        kube.create(CONFIG_MAP, CONFIG)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("{", "Expecting"),
        ("[]", "no attribute"),
        ('{"version": 2}', "its version is 2, not 1"),
        ('{"version": 1, "clusters": {"a": {"names": ["aws-1"], "kubeconfig": "/none"}}, "control": ""}', "/none"),
        ('{"version": 1, "clusters": {"a": {"names": ["aws-1"]}}}', "kubeconfig"),
    ],
)
def test_a_lab_file_that_cannot_be_used(kube: Kube, tmp_path: Path, text: str | None, words: str) -> None:
    lab = tmp_path / "lab.json"
    if text is None:
        lab.unlink()
    else:
        lab.write_text(text)
    with pytest.raises(Refused, match=rf"LabUnavailable: the lab's file .*{words}.*; run hms lab up"):
        kube.create(CONFIG_MAP, CONFIG)


def test_a_kubeconfig_without_a_certificate_says_nothing_of_itself(kube: Kube, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "other.yaml"
    kubeconfig.write_text(json.dumps({"users": [{"name": "x", "user": {"token": "marked-fake-token"}}]}))
    lab = tmp_path / "lab.json"
    lab.write_text(lab.read_text().replace("admin.yaml", "other.yaml"))
    with pytest.raises(Refused, match="no kubeconfig with a server, its CA and a client certificate") as caught:
        kube.create(CONFIG_MAP, CONFIG)
    assert "marked-fake-token" not in str(caught.value)


def test_a_server_with_another_authority_is_not_trusted(kube: Kube, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with serving_api(tmp_path / "b") as (other, _):
        kubeconfig = tmp_path / "admin.yaml"
        text = kubeconfig.read_text()
        found = json.loads(text)["clusters"][0]["cluster"]["server"]
        (tmp_path / "crossed.yaml").write_text(text.replace(found, f"https://127.0.0.1:{other.port}"))
        lab = tmp_path / "lab.json"
        lab.write_text(lab.read_text().replace("admin.yaml", "crossed.yaml"))
        with pytest.raises(Refused, match="certificate verify failed"):
            kube.create(CONFIG_MAP, CONFIG)
        assert other.asked == []
