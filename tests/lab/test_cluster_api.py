from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from lab.cluster.api import Api, ApiError
from lab.errors import LabError
from lab.machine.web import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.machine.web import Web


def resource(plural: str, kind: str, scope: str = "Namespaced") -> dict[str, Any]:
    return {"resource": plural, "responseKind": {"kind": kind}, "scope": scope}


def group(name: str, version: str, *resources: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name} if name else {}, "versions": [{"version": version, "resources": resources}]}


@dataclass
class FakeWeb:
    """An API server that answers what it is told to; a missing answer is a 404."""

    answers: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)
    groups: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, Any, dict[str, str]]] = field(default_factory=list)
    dead: bool = False

    def request(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        if self.dead:
            raise ConnectionRefusedError(111, "Connection refused")
        if path in {"/api", "/apis"}:
            items = [one for one in self.groups if bool(one["metadata"]) == (path == "/apis")]
            return Answer(200, json.dumps({"items": items}).encode())
        self.asked.append((method, path, body and json.loads(body), dict(headers or {})))
        missing = (404, {"kind": "Status", "message": "not found"})
        status, answer = self.answers.get((method, path.partition("?")[0]), missing)
        return Answer(status, answer.encode() if isinstance(answer, str) else json.dumps(answer).encode())


@pytest.fixture
def web() -> FakeWeb:
    core = (resource("configmaps", "ConfigMap"), resource("nodes", "Node", "Cluster"))
    return FakeWeb(groups=[group("", "v1", *core), group("apps", "v1", resource("deployments", "Deployment"))])


@pytest.fixture
def api(web: FakeWeb) -> Api:
    return Api("aws-1", cast("Web", web))


@pytest.mark.parametrize(
    ("version", "kind", "namespace", "path"),
    [
        ("v1", "ConfigMap", "default", "/api/v1/namespaces/default/configmaps/x"),
        ("v1", "Node", "", "/api/v1/nodes/x"),
        ("apps/v1", "Deployment", "default", "/apis/apps/v1/namespaces/default/deployments/x"),
        # An object of the cluster has no namespace, whatever the caller thinks.
        ("v1", "Node", "default", "/api/v1/nodes/x"),
    ],
)
def test_paths(api: Api, web: FakeWeb, version: str, kind: str, namespace: str, path: str) -> None:
    web.answers["GET", path] = (200, {"metadata": {"name": "x"}})
    assert api.get(version, kind, "x", namespace) == {"metadata": {"name": "x"}}


def test_an_object_without_its_namespace_is_never_asked_for(api: Api, web: FakeWeb) -> None:
    with pytest.raises(LabError, match="ConfigMap x has no namespace"):
        api.get("v1", "ConfigMap", "x")
    assert web.asked == []


def test_lists_are_of_one_or_all_namespaces_and_their_objects_say_what_they_are(api: Api, web: FakeWeb) -> None:
    web.answers["GET", "/api/v1/configmaps"] = (200, {"items": [{"metadata": {"name": "a"}}]})
    web.answers["GET", "/api/v1/namespaces/default/configmaps"] = (200, {"items": []})
    assert api.objects("v1", "ConfigMap") == [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}]
    assert api.objects("v1", "ConfigMap", "default", labels="a=b,c") == []
    assert web.asked[-1][1].endswith("?labelSelector=a%3Db%2Cc")


def test_what_is_not_there_is_none_and_may_be_deleted_but_not_patched(api: Api) -> None:
    assert api.get("v1", "Node", "x") is None
    api.delete("v1", "Node", "x")
    with pytest.raises(ApiError) as refused:
        api.patch({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "x"}})
    assert refused.value.status == 404


def test_other_refusals_are_errors_with_what_the_server_said(api: Api, web: FakeWeb) -> None:
    for method in ("GET", "DELETE"):
        web.answers[method, "/api/v1/nodes/x"] = (403, {"kind": "Status", "message": "nodes are forbidden"})
    with pytest.raises(ApiError, match="aws-1: GET /api/v1/nodes/x: nodes are forbidden"):
        api.get("v1", "Node", "x")
    with pytest.raises(ApiError, match="nodes are forbidden"):
        api.delete("v1", "Node", "x")
    web.answers["GET", "/api/v1/nodes/x"] = (429, "Too many requests, please try again later.\n")
    with pytest.raises(ApiError, match="please try again later"):
        api.get("v1", "Node", "x")


def test_apply_is_strict_and_names_its_manager(api: Api, web: FakeWeb) -> None:
    wanted = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "default"}}
    path = "/api/v1/namespaces/default/configmaps/x"
    web.answers["PATCH", path] = (201, wanted)
    api.apply(wanted)
    ((method, asked, body, headers),) = web.asked
    assert (method, body) == ("PATCH", wanted)
    assert asked == f"{path}?fieldManager=hms-lab&force=true&fieldValidation=Strict"
    assert headers["Content-Type"] == "application/apply-patch+yaml"


def test_a_patch_goes_to_the_part_it_is_of(api: Api, web: FakeWeb) -> None:
    web.answers["PATCH", "/api/v1/nodes/x/status"] = (200, {})
    change = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "x"}, "status": {"phase": "Running"}}
    assert api.patch(change, "status") == {}
    assert web.asked[0][3]["Content-Type"] == "application/merge-patch+json"


def test_a_kind_is_known_as_soon_as_its_definition_is_there(api: Api, web: FakeWeb) -> None:
    asked = ("cilium.io/v2", "CiliumNode", "aws-1-a")
    with pytest.raises(LabError, match=r"aws-1 has no CiliumNode of cilium.io/v2"):
        api.get(*asked)
    web.groups.append(group("cilium.io", "v2", resource("ciliumnodes", "CiliumNode", "Cluster")))
    web.answers["GET", "/apis/cilium.io/v2/ciliumnodes/aws-1-a"] = (200, {"spec": {}})
    assert api.get(*asked) == {"spec": {}}


def test_a_dead_server_is_an_error_of_the_lab(api: Api, web: FakeWeb) -> None:
    web.dead = True
    with pytest.raises(LabError, match="aws-1: the API server does not answer") as error:
        api.objects("v1", "Node")
    assert not isinstance(error.value, ApiError)


def test_waiting_ends_with_what_was_waited_for(api: Api) -> None:
    looks = iter([False, False, True])
    api.wait("three looks", lambda: next(looks), 5)
    with pytest.raises(LabError, match="aws-1: not so within 0 s: pigs fly"):
        api.wait("pigs fly", lambda: False, 0)
