"""Logs of all clusters at once: every line says whose it is, and nobody who is dead hides the others."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from ops import cli_gather
from ops.adapters.kubernetes import kubernetes_api
from ops.adapters.kubernetes_logs import KubernetesLogs
from ops.adapters.lab_logs import LabLogs
from ops.adapters.log_ports import Source
from ops.cli import app
from ops.errors import ClusterError, RefusedError
from ops.services.logs import Line, Trouble, Wanted, find, follow, read
from tests.ops.fake_api import FakeApi, serving
from tests.ops.schemas import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

    from ops.adapters.log_ports import Logs


def source(cluster: str, pod: str = "api-0", container: str = "api", node: str = "a") -> Source:
    return Source(cluster=cluster, namespace="hms-api", pod=pod, container=container, node=node)


@dataclass
class FakeLogs:
    """Logs by their writer. An error stands for lines that cannot be read from there on."""

    cluster: str
    written: dict[Source, list[str | ClusterError]] = field(default_factory=dict)
    slow: float = 0.0

    def sources(self, component: str) -> tuple[Source, ...]:
        return tuple(each for each in self.written if each.pod.startswith(component))

    def lines(self, source: Source, *, tail: int, follow: bool) -> Iterator[str]:
        del follow
        for each in self.written[source][-tail:]:
            time.sleep(self.slow)
            if isinstance(each, ClusterError):
                raise each
            yield each


def fleet_logs(**more: Logs | ClusterError) -> dict[str, Any]:
    found = {name: FakeLogs(name, {source(name): [f"{name} 1", f"{name} 2"]}) for name in ("aws-1", "azure-1")}
    return {**found, **more}


def told(logs: dict[str, Any], **wanted: Any) -> list[str]:
    found, troubles = find(logs, Wanted(component="api", **wanted))
    lines = [*troubles, *read(found, wanted.get("tail", 20))]
    return [
        f"{each.source}: {each.text}" if isinstance(each, Line) else f"{each.whose}! {each.error}" for each in lines
    ]


def test_lines_of_all_clusters_one_log_after_the_other() -> None:
    assert told(fleet_logs()) == [
        "aws-1/api-0/api: aws-1 1",
        "aws-1/api-0/api: aws-1 2",
        "azure-1/api-0/api: azure-1 1",
        "azure-1/api-0/api: azure-1 2",
    ]


def test_they_are_read_at_the_same_time() -> None:
    begun = time.monotonic()
    told({name: FakeLogs(name, {source(name): ["line"]}, slow=0.4) for name in map(str, range(8))})
    assert time.monotonic() - begun < 1.6


def test_the_last_lines_of_some() -> None:
    many = FakeLogs(
        "aws-1",
        {
            source("aws-1", "api-0", "api", "a"): ["one", "two"],
            source("aws-1", "api-0", "side", "a"): ["three"],
            source("aws-1", "api-1", "api", "b"): ["four"],
        },
    )
    logs = {"aws-1": many, "azure-1": fleet_logs()["azure-1"]}
    assert told(logs, clusters=["aws-1"], nodes=["a"], containers=["api"], tail=1) == ["aws-1/api-0/api: two"]


@pytest.mark.parametrize(
    "dead",
    [
        ClusterError("the API server does not answer"),
        FakeLogs("azure-1", {source("azure-1"): [ClusterError("broke off")]}),
    ],
)
def test_a_dead_cluster_hides_no_other(dead: Any) -> None:
    lines = told(fleet_logs(**{"azure-1": dead}))
    assert {"aws-1/api-0/api: aws-1 1", "aws-1/api-0/api: aws-1 2"} < set(lines)
    assert [line for line in lines if line.startswith("azure-1")] in (
        ["azure-1! the API server does not answer"],
        ["azure-1/api-0/api! broke off"],
    )


def test_nobody_writes_such_logs() -> None:
    with pytest.raises(RefusedError, match="nobody writes logs for 'nothing'"):
        find(fleet_logs(), Wanted(component="nothing"))


def test_secrets_are_kept_back() -> None:
    logs = {"aws-1": FakeLogs("aws-1", {source("aws-1"): ["login with password=tell-nobody-this now"]})}
    assert told(logs) == ["aws-1/api-0/api: login with password=[secret] now"]


def test_a_key_of_several_lines_is_kept_back() -> None:
    lines: list[Any] = [
        "loaded -----BEGIN EC PRIVATE KEY-----",
        "MHcCAQEEIOx3",
        "AwEHoUQDQgAE",
        "-----END EC PRIVATE KEY-----",
    ]
    logs = {"aws-1": FakeLogs("aws-1", {source("aws-1"): ["before", *lines, "after"]})}
    texts = [line.partition(": ")[2] for line in told(logs)]
    assert texts == ["before", "loaded [secret]", "[secret]", "[secret]", "[secret]", "after"]


def test_a_key_that_is_cut_off_hides_nothing_else() -> None:
    lines: list[Any] = ["-----BEGIN PRIVATE KEY-----", "MHcCAQEEIOx3", 'level=info msg="the key is broken"', "after"]
    logs = {"aws-1": FakeLogs("aws-1", {source("aws-1"): lines})}
    texts = [line.partition(": ")[2] for line in told(logs)]
    assert texts == ["[secret]", "[secret]", 'level=info msg="the key is broken"', "after"]


def test_followed_lines_come_as_they_are_written() -> None:
    written, go_on = threading.Event(), threading.Event()

    class Endless(FakeLogs):
        def lines(self, source: Source, *, tail: int, follow: bool) -> Iterator[str]:
            assert follow
            assert tail == 5
            yield f"first of {source.pod}"
            written.set()
            go_on.wait(10)
            yield "second"

    logs = Endless("aws-1", {source("aws-1"): []})
    lines = follow(((logs, source("aws-1")),), 5)
    assert next(lines) == Line(source=source("aws-1"), text="first of api-0")
    assert written.wait(10)
    go_on.set()
    assert [each.text for each in lines if isinstance(each, Line)] == ["second"]


def test_following_ends_when_all_logs_have_ended() -> None:
    logs = FakeLogs("aws-1", {source("aws-1"): ["line", ClusterError("broke off")]})
    assert list(follow(((logs, source("aws-1")),), 5)) == [
        Line(source=source("aws-1"), text="line"),
        Trouble(whose="aws-1/api-0/api", error="broke off"),
    ]


def test_a_log_in_a_lab_is_followed(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "aws-1" / "cilium" / "aws-1-a" / "cilium-agent.log"
    file.parent.mkdir(parents=True)
    file.write_text("one\ntwo\nthree\n", encoding="utf-8")
    logs = LabLogs(tmp_path, "aws-1", FakeLogs("aws-1", {source("aws-1"): ["of a pod"]}))
    (found,) = logs.sources("cilium")
    assert found == Source(
        cluster="aws-1", namespace="kube-system", pod="cilium/aws-1-a", container="cilium-agent", node="aws-1-a"
    )
    assert list(logs.lines(found, tail=2, follow=False)) == ["two", "three"]
    lines = logs.lines(found, tail=1, follow=True)
    assert next(lines) == "three"
    with file.open("a", encoding="utf-8") as log:
        log.write("four\nfi")
        log.flush()
        assert next(lines) == "four"
        log.write("ve\n")
    assert next(lines) == "five"
    (of_pod,) = logs.sources("api")
    assert list(logs.lines(of_pod, tail=2, follow=False)) == ["of a pod"]


PODS = {
    "kube-system": [
        {
            "metadata": {"name": "clustermesh-apiserver-0", "namespace": "kube-system"},
            "spec": {"nodeName": "a", "containers": [{"name": "etcd"}, {"name": "kvstoremesh"}]},
        },
        {
            "metadata": {"name": "clustermesh-apiserver-1", "namespace": "kube-system"},
            "spec": {"containers": [{"name": "etcd"}]},
        },
    ]
}


@contextmanager
def api_server(asked: list[dict[str, str]], *, cut: bool = False) -> Iterator[Any]:
    """Serve pods and logs: of one that is followed, a line at a time."""

    async def pods(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        return web.json_response({"items": PODS[request.match_info["namespace"]]})

    async def log(request: web.Request) -> web.StreamResponse:
        asked.append(dict(request.query))
        if request.match_info["pod"] == "gone":
            return web.json_response({"message": 'pods "gone" not found'}, status=404)
        response = web.StreamResponse()
        await response.prepare(request)
        for text in ("first\nsec", "ond\n", "third"):
            await response.write(text.encode())
            await asyncio.sleep(0.05)
        if cut:
            assert request.transport is not None
            request.transport.close()
        return response

    server = web.Application()
    server.add_routes(
        [
            web.get("/api/v1/namespaces/{namespace}/pods", pods),
            web.get("/api/v1/namespaces/{namespace}/pods/{pod}/log", log),
        ]
    )
    with serving(server) as port:
        kubeconfig = FakeApi(url=f"http://127.0.0.1:{port}").kubeconfig
        with kubernetes_api("aws-1", kubeconfig, patience=5.0) as api:
            yield KubernetesLogs(api)


def test_logs_of_pods() -> None:
    asked: list[dict[str, str]] = []
    with api_server(asked) as logs:
        found = logs.sources("clustermesh-apiserver")
        # A pod that has no node yet has written nothing.
        assert [str(each) for each in found] == [
            "aws-1/clustermesh-apiserver-0/etcd",
            "aws-1/clustermesh-apiserver-0/kvstoremesh",
        ]
        assert list(logs.lines(found[0], tail=7, follow=False)) == ["first", "second", "third"]
        assert list(logs.lines(found[0], tail=0, follow=True)) == ["first", "second", "third"]
    assert asked == [
        {"labelSelector": "k8s-app=clustermesh-apiserver"},
        {"container": "etcd", "tailLines": "7"},
        {"container": "etcd", "tailLines": "0", "follow": "true"},
    ]


def test_a_log_that_is_not_there() -> None:
    with api_server([]) as logs, pytest.raises(ClusterError, match='pods "gone" not found'):
        list(logs.lines(source("aws-1", "gone"), tail=1, follow=False))


def test_a_log_that_breaks_off() -> None:
    with api_server([], cut=True) as logs:
        lines = logs.lines(source("aws-1"), tail=1, follow=True)
        assert [next(lines), next(lines)] == ["first", "second"]
        with pytest.raises(ClusterError, match="broke off"):
            list(lines)


@pytest.fixture
def hms(monkeypatch: pytest.MonkeyPatch) -> Any:
    logs = fleet_logs()

    @contextmanager
    def opened(*_: Any, **__: Any) -> Iterator[Any]:
        yield SimpleNamespace(logs=lambda: logs)

    monkeypatch.setattr(cli_gather, "opened", opened)

    def run(*arguments: str, **changes: Any) -> Result:
        logs.update(changes.get("logs", {}))
        return CliRunner().invoke(app, ["logs", *arguments])

    return run


def test_the_verb(hms: Any) -> None:
    done = hms("api", "--tail", "1")
    assert (done.exit_code, done.stdout) == (0, "aws-1/api-0/api  aws-1 2\nazure-1/api-0/api  azure-1 2\n")
    assert hms("api", "--follow", "--cluster", "aws-1").stdout == "aws-1/api-0/api  aws-1 1\naws-1/api-0/api  aws-1 2\n"


def test_the_verb_as_json(hms: Any) -> None:
    lines = [json.loads(line) for line in hms("api", "-o", "json").stdout.splitlines()]
    assert len(lines) == 4
    assert all(list(Draft202012Validator(schema_of("logs")).iter_errors(line)) == [] for line in lines)


def test_the_verb_with_a_dead_cluster(hms: Any) -> None:
    done = hms("api", logs={"azure-1": ClusterError("azure-1: the API server does not answer")})
    assert done.exit_code == 1
    assert done.stdout == "aws-1/api-0/api  aws-1 1\naws-1/api-0/api  aws-1 2\n"
    assert "the API server does not answer" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [(("nothing",), "nobody writes logs"), (("api", "--cluster", "moon"), "has no cluster 'moon'")],
)
def test_what_cannot_be_meant(hms: Any, arguments: tuple[str, ...], text: str) -> None:
    done = hms(*arguments)
    assert done.exit_code == 2
    assert text in done.stderr
