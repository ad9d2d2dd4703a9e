"""The adapters to clusters, over real HTTP and WebSockets against an API server that does as told."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from ops.adapters import kubernetes_caller
from ops.adapters.kubernetes import kubernetes_api
from ops.adapters.kubernetes_caller import IMAGE, failure_of
from ops.adapters.kubernetes_forward import pod_port
from ops.adapters.kubernetes_hubble import KubernetesAgents, drops_command, read_drops, read_reached
from ops.adapters.kubernetes_ports import Drop, Place, Pod
from ops.adapters.kubernetes_station import KubernetesStation
from ops.errors import ClusterError
from tests.ops.fake_api import SUCCESS, FakeApi, fake_api, http, pod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PORT = 18080
DEV = Pod(
    place=Place(cluster="aws-1", component="dev"),
    namespace="hms-dev",
    name="dev-0",
    node="node-a",
    address="10.0.0.1",
)


@pytest.fixture
def fake() -> Iterator[FakeApi]:
    with fake_api(objects={"pods": [pod("dev")]}) as made:
        yield made


def agnhost(request: web.Request) -> web.Response:
    """Answer as ``agnhost netexec`` does."""
    if request.path == "/exit":
        return web.Response(text="")
    if request.path != "/dial":
        return web.Response(text="NOW: whenever")
    asked = {key: values[0] for key, values in parse_qs(request.query_string).items()}
    match asked["host"]:
        case "nobody":
            return web.Response(
                status=400, text="host and/or port param are invalid. lookup nobody on 10.0.0.10:53: no such host"
            )
        case "silent":
            time.sleep(1.0)
            return web.Response(text="{}")
        case "closed":
            text = 'Get "http://10.0.0.2:8080/hostname": dial tcp 10.0.0.2:8080: connect: connection refused'
            return web.Response(text=json.dumps({"errors": [text]}))
    size = len(asked["request"])
    return web.Response(text=json.dumps({"responses": [f"{asked['host']}-{size}"] * int(asked["tries"])}))


def test_objects_are_read_with_the_token(fake: FakeApi) -> None:
    with kubernetes_api("aws-1", fake.kubeconfig) as api:
        assert api.get("/api/v1/pods", labelSelector="a=b")["items"][0]["metadata"]["name"] == "dev-0"


def test_a_kubeconfig_in_a_file(fake: FakeApi, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(json.dumps(fake.kubeconfig), encoding="utf-8")
    with kubernetes_api("aws-1", str(path), "c") as api:
        assert api.get("/api/v1/pods")["items"]
    with (
        pytest.raises(ClusterError, match=r"aws-1: its kubeconfig cannot be used"),
        kubernetes_api("aws-1", str(path), "d"),
    ):
        pass


def test_a_refusal_is_told_with_the_servers_words(fake: FakeApi) -> None:
    refused = {**fake.kubeconfig, "users": [{"name": "u", "user": {"token": "wrong"}}]}
    with kubernetes_api("aws-1", refused) as api, pytest.raises(ClusterError, match="Unauthorized"):
        api.get("/api/v1/pods")


def test_a_dead_server_is_told_at_once() -> None:
    with fake_api() as fake:
        config = fake.kubeconfig
    begun = time.monotonic()
    with kubernetes_api("aws-1", config) as api:
        with pytest.raises(ClusterError, match="aws-1: the API server does not answer"):
            api.get("/api/v1/pods")
        with pytest.raises(ClusterError, match="aws-1"):
            api.socket("/api/v1/namespaces/hms-dev/pods/dev-0/exec", [])
    assert time.monotonic() - begun < 2


def test_keys_go_with_the_cluster(fake: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    config = fake.kubeconfig
    config["clusters"][0]["cluster"] = {
        "server": "https://127.0.0.1:1",
        "certificate-authority-data": "bWFya2VkIGZha2UK",
    }
    with kubernetes_api("aws-1", config):
        assert list(tmp_path.glob("hms-*/*"))
    assert list(tmp_path.iterdir()) == []


def test_a_command_in_a_container(fake: FakeApi) -> None:
    fake.said = {"hubble": (b"one\ntwo\n", b"", SUCCESS)}
    with kubernetes_api("aws-1", fake.kubeconfig) as api:
        assert api.run("kube-system", "cilium-x", "cilium-agent", ["hubble", "observe"]) == "one\ntwo\n"
    assert fake.commands == [["hubble", "observe"]]


@pytest.mark.parametrize(
    ("err", "status", "told"),
    [
        (b"no such flag\n", {"status": "Failure", "message": "exit code 1"}, "no such flag"),
        (b"", {"status": "Failure", "message": "exit code 1"}, "exit code 1"),
        (b"", {}, "the connection ended"),
    ],
)
def test_a_command_that_fails(fake: FakeApi, err: bytes, status: dict[str, Any], told: str) -> None:
    fake.said = {"hubble": (b"", err, status)}
    with kubernetes_api("aws-1", fake.kubeconfig) as api, pytest.raises(ClusterError, match=told):
        api.run("kube-system", "cilium-x", "cilium-agent", ["hubble"])


def test_a_command_that_does_not_end(fake: FakeApi) -> None:
    with kubernetes_api("aws-1", fake.kubeconfig) as api, pytest.raises(ClusterError, match="did not end within 0 s"):
        api.run("kube-system", "cilium-x", "cilium-agent", ["sleep"], seconds=0.2)


def test_http_over_a_forwarded_port(fake: FakeApi) -> None:
    with http(lambda request: web.Response(text=request.path[:6] * 50_000)) as port:
        fake.ports = {PORT: port}
        with kubernetes_api("aws-1", fake.kubeconfig) as api, pod_port(api, "hms-dev", "dev-0", PORT) as connection:
            # Larger than a frame, and two over one connection.
            assert connection.get("/first", 5) == (200, "/first" * 50_000)
            assert connection.get("/" + "x" * 200_000, 5)[0] == 200


def test_nothing_listens_in_the_pod(fake: FakeApi) -> None:
    with (
        kubernetes_api("aws-1", fake.kubeconfig) as api,
        pod_port(api, "hms-dev", "dev-0", PORT) as connection,
        pytest.raises(ConnectionError, match="failed to connect to localhost"),
    ):
        connection.get("/", 5)


def test_calls_from_a_pod(fake: FakeApi) -> None:
    with http(agnhost) as port:
        fake.ports = {PORT: port}
        with kubernetes_api("aws-1", fake.kubeconfig) as api, KubernetesStation(api, PORT).caller(DEV) as caller:
            assert fake.open == {"dev-0"}
            one = caller.call("api", 8080, calls=1, octets=0, seconds=2)
            assert (one.answers, one.failure) == (("api-8",), None)
            assert caller.call("api", 8080, calls=3, octets=0, seconds=2).answers == ("api-8",) * 3
            large = caller.call("api", 8080, calls=4, octets=1000, seconds=2)
            assert large.answers == ("api-1013",) * 4
            name = caller.call("nobody", 8080, calls=3, octets=0, seconds=2)
            assert (name.answers, name.failure) == ((), "name")
            assert caller.call("closed", 8080, calls=1, octets=0, seconds=2).failure == "refused"
            begun = time.monotonic()
            assert caller.call("silent", 8080, calls=3, octets=0, seconds=0.3).failure == "silent"
            assert time.monotonic() - begun < 0.9
        time.sleep(0.2)
    assert fake.open == set()
    (patch,) = fake.patches
    (container,) = patch["spec"]["ephemeralContainers"]
    assert (container["name"], container["image"]) == ("hms-connectivity", IMAGE)
    assert ":latest" not in container["image"]
    # The restricted pod security standard: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


@pytest.mark.parametrize(
    ("there", "added"),
    [
        ([{"name": "hms-connectivity", "state": {"running": {}}}], []),
        ([{"name": "hms-connectivity", "state": {"terminated": {}}}], ["hms-connectivity-1"]),
        ([{"name": "debugger", "state": {"running": {}}}], ["hms-connectivity"]),
    ],
)
def test_a_container_that_is_there_is_used(fake: FakeApi, there: list[Any], added: list[str]) -> None:
    fake.objects["pods"][0]["status"]["ephemeralContainerStatuses"] = there
    with http(agnhost) as port:
        fake.ports = {PORT: port}
        with kubernetes_api("aws-1", fake.kubeconfig) as api, KubernetesStation(api, PORT).caller(DEV) as caller:
            assert caller.call("api", 8080, calls=1, octets=0, seconds=2).failure is None
    names = [container["name"] for patch in fake.patches for container in patch["spec"]["ephemeralContainers"]]
    assert names == added


@pytest.mark.parametrize(
    "state",
    [{"waiting": {"reason": "ErrImagePull", "message": "no such image"}}, {"waiting": {"reason": "ImagePullBackOff"}}],
)
def test_an_image_that_cannot_be_had(fake: FakeApi, state: dict[str, Any]) -> None:
    fake.state = state
    begun = time.monotonic()
    with (
        kubernetes_api("aws-1", fake.kubeconfig) as api,
        pytest.raises(ClusterError, match=r"aws-1/dev: .* does not start: (no such image|ImagePullBackOff)"),
        KubernetesStation(api, PORT).caller(DEV),
    ):
        pass
    assert time.monotonic() - begun < 2


def test_a_server_that_never_answers_in_the_pod(fake: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes_caller, "_SERVE", 0.3)
    with (
        kubernetes_api("aws-1", fake.kubeconfig) as api,
        pytest.raises(ClusterError, match="agnhost does not answer in dev-0: failed to connect to localhost"),
        KubernetesStation(api, PORT).caller(DEV),
    ):
        pass
    time.sleep(0.2)
    assert fake.open == set()


def test_what_a_cluster_has(fake: FakeApi) -> None:
    fake.objects = {
        "pods": [
            pod("dev", name="dev-1", address="10.0.0.2"),
            pod("dev"),
            pod("dev", name="dev-2", ready=False),
            pod("api") | {"metadata": pod("api")["metadata"] | {"deletionTimestamp": "2026-11-24T08:00:00Z"}},
            # A stranger with our label, in another namespace.
            pod("etl") | {"metadata": pod("etl")["metadata"] | {"namespace": "default"}},
        ],
        "services": [
            {"metadata": {"name": name, "labels": {"app.kubernetes.io/name": "etl"}}, "spec": {"clusterIP": address}}
            for name, address in (("etl", "10.100.0.9"), ("etl-peers", "None"))
        ],
        "nodes": [
            {
                "metadata": {"name": "node-a"},
                "status": {
                    "addresses": [
                        {"type": "Hostname", "address": "node-a"},
                        {"type": "InternalIP", "address": "10.16.0.17"},
                    ]
                },
            }
        ],
    }
    with kubernetes_api("aws-1", fake.kubeconfig) as api:
        found = KubernetesStation(api, PORT).look()
    assert [each.name for each in found.pods] == ["dev-0", "dev-1"]
    assert found.pods[0] == DEV
    assert found.services == {"etl": "10.100.0.9"}
    assert found.nodes == {"node-a": "10.16.0.17"}


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        (
            'Get "http://x/hostname": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
            "silent",
        ),
        ('Get "http://10.0.0.2/hostname": dial tcp 10.0.0.2:80: i/o timeout', "silent"),
        ("dial tcp 10.0.0.2:80: connect: connection refused", "refused"),
        ("dial tcp 10.0.0.2:80: connect: no route to host", "unreachable"),
        ("dial tcp 10.0.0.2:80: connect: operation not permitted", "unreachable"),
        ("read tcp 10.0.0.1:4->10.0.0.2:80: read: connection reset by peer", "cut"),
        ('Get "http://10.0.0.2/hostname": EOF', "cut"),
        # A name server that is silent is about the name.
        ("host and/or port param are invalid. lookup api on 10.0.0.10:53: read udp: i/o timeout", "name"),
        ("something new", "unreachable"),
    ],
)
def test_what_gos_errors_mean(text: str, failure: str) -> None:
    assert failure_of(text) == failure


def flow(**more: Any) -> str:
    told: dict[str, Any] = {
        "verdict": "DROPPED",
        "IP": {"source": "10.244.1.5", "destination": "10.245.2.6", "ipVersion": "IPv4"},
        "l4": {"TCP": {"source_port": 41000, "destination_port": 8080, "flags": {"SYN": True}}},
        "node_name": "aws-1/aws-1-a",
        "drop_reason_desc": "POLICY_DENIED",
        "traffic_direction": "EGRESS",
        **more,
    }
    return json.dumps({"flow": told, "node_name": "aws-1/aws-1-a", "time": "2026-11-24T12:00:00Z"})


DROP = Drop(
    source="10.244.1.5", destination="10.245.2.6", port=8080, node="aws-1-a", direction="egress", reason="POLICY_DENIED"
)


def test_hubbles_lines_are_read() -> None:
    lines = [
        flow(),
        flow(),  # a SYN sent again
        flow(verdict="FORWARDED"),
        flow(l4={"UDP": {"destination_port": 53}}),
        flow(l4={}),
        json.dumps({"lost_events": {"source": "HUBBLE_RING_BUFFER"}, "node_name": "aws-1/aws-1-a"}),
        "level=warning msg=something",
    ]
    assert read_drops("\n".join(lines)) == (DROP,)


def test_hubble_is_asked_for_a_span_and_not_for_a_time() -> None:
    command = drops_command(time.time() - 20)
    assert command[command.index("--since") + 1] in {"25s", "26s"}
    assert command[command.index("--verdict") + 1] == "DROPPED"


def test_where_packets_went() -> None:
    lines = [flow(), flow(verdict="FORWARDED"), flow(verdict="FORWARDED", IP={"destination": "10.245.2.7"})]
    assert read_reached("\n".join(lines)) == {"10.245.2.6", "10.245.2.7"}


def test_agents_in_pods(fake: FakeApi) -> None:
    fake.said = {"hubble": (f"{flow()}\n{flow(verdict='FORWARDED')}".encode(), b"", SUCCESS)}
    with kubernetes_api("aws-1", fake.kubeconfig) as api:
        agents = KubernetesAgents({"aws-1": api})
        assert agents.reached("aws-1", "node-a", time.time(), source="10.244.1.5", port=8080) == {"10.245.2.6"}
        asked = " ".join(fake.commands[0])
        assert asked.startswith("hubble observe --verdict FORWARDED --from-ip 10.244.1.5 --to-port 8080 ")
        assert KubernetesAgents({"aws-1": api}).drops("aws-1", "node-a", time.time()) == (DROP,)
        fake.objects["pods"] = []
        with pytest.raises(ClusterError, match="aws-1: no agent runs on node-a"):
            KubernetesAgents({"aws-1": api}).drops("aws-1", "node-a", time.time())
