"""Commands beside Cilium's programs: in pods, and in a lab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from ops.adapters.cilium_lab import CiliumLab
from ops.adapters.cilium_pods import CiliumPods
from ops.adapters.cilium_ports import Container
from ops.errors import ClusterError
from tests.ops.test_lab import FakeLab

if TYPE_CHECKING:
    from pathlib import Path

    from ops.adapters.kubernetes import KubernetesApi

PODS = "/api/v1/namespaces/kube-system/pods"
SERVICES = "/api/v1/namespaces/kube-system/services"


def pod(
    name: str, node: str, *, made: str = "2026-11-24T08:00:00Z", container: str = "cilium-agent", **more: Any
) -> Any:
    return {
        "metadata": {"name": name, "creationTimestamp": made, **more},
        "spec": {"nodeName": node, "containers": [{"name": container}]},
    }


class Api:
    """An API server that has some objects."""

    name = "aws-1"

    def __init__(self, **found: list[Any]) -> None:
        self.found = found
        self.ran: list[tuple[Any, ...]] = []

    def get(self, path: str, **query: str) -> dict[str, Any]:
        wanted = query.get("labelSelector") or query.get("fieldSelector") or ""
        return {"items": self.found.get(f"{path.rpartition('/')[2]}_{wanted.rpartition('=')[2]}".rstrip("_"), [])}

    def run(self, *where: Any, seconds: float) -> str:
        self.ran.append((*where, seconds))
        return "said"


def pods_of(api: Api) -> CiliumPods:
    return CiliumPods(cast("KubernetesApi", api))


def test_agents_of_pods() -> None:
    api = Api(pods_cilium=[pod("cilium-x", "a"), pod("cilium-y", "b")])
    found = pods_of(api).agents()
    assert found["b"] == Container(pod="cilium-y", node="b", name="cilium-agent")
    assert pods_of(api).run(found["a"], "cilium-dbg", "status", seconds=3.0) == "said"
    assert api.ran == [("kube-system", "cilium-x", "cilium-agent", ["cilium-dbg", "status"], 3.0)]


@pytest.mark.parametrize("turned", [False, True])
def test_the_agent_that_stays_is_asked(*, turned: bool) -> None:
    """While a node's pod is replaced there are two."""
    both = [
        pod("cilium-new", "a", made="2026-11-24T09:00:00Z"),
        pod("cilium-old", "a", deletionTimestamp="2026-11-24T09:00:00Z"),
    ]
    assert pods_of(Api(pods_cilium=both[::-1] if turned else both)).agents()["a"].pod == "cilium-new"


def test_mesh_servers_of_pods() -> None:
    name = "clustermesh-apiserver"
    found = {f"pods_{name}": [pod("m-0", "a", container="kvstoremesh"), pod("m-1", "b", container="apiserver")]}
    assert [each.pod for each in pods_of(Api(**found)).mesh_servers()] == ["m-0"]


class AnsweringLab(FakeLab):
    """A lab in which a command says something, fails, or takes too long."""

    failure = ""

    def ask(self, verb: str, *, progress: Any = None, timeout: float = 0.0, **arguments: Any) -> Any:
        del progress, timeout
        self.asked.append((verb, arguments))
        if self.failure:
            raise ClusterError(self.failure)
        return "said"


@pytest.fixture
def lab(tmp_path: Path) -> AnsweringLab:
    return AnsweringLab(tmp_path)


def test_agents_of_a_lab(lab: AnsweringLab) -> None:
    cilium = CiliumLab(lab, Api(nodes=[{"metadata": {"name": "aws-1-a"}}]))
    agent = cilium.agents()["aws-1-a"]
    assert cilium.run(agent, "cilium-dbg", "status", seconds=3.0) == "said"
    ((verb, asked),) = lab.asked
    assert (verb, asked["space"]) == ("exec", "aws-1-a")
    assert asked["argv"][:3] == ["timeout", "--signal=KILL", "3.0"]
    assert asked["argv"][-3:] == ["/run/hms/aws-1/cilium/aws-1-a/cilium-agent.sh", "cilium-dbg", "status"]


def test_the_mesh_server_of_a_lab(lab: AnsweringLab) -> None:
    assert CiliumLab(lab, Api()).mesh_servers() == ()
    cilium = CiliumLab(lab, Api(**{"services_clustermesh-apiserver": [{}]}))
    (server,) = cilium.mesh_servers()
    cilium.run(server, "x", seconds=1.0)
    assert lab.asked[0][1]["space"] == "aws-1"
    assert "/run/hms/aws-1/clustermesh-apiserver/kvstoremesh.sh" in lab.asked[0][1]["argv"]


def test_a_command_that_fails_in_a_lab(lab: AnsweringLab) -> None:
    lab.failure = "timeout -k 3 in aws-1-a failed with 1: time=x level=info\nIs the agent running?"
    with pytest.raises(ClusterError, match=r"^p: Is the agent running\?$"):
        CiliumLab(lab, Api()).run(Container(pod="p", node="n", name="c"), "cilium-dbg", seconds=9.0)


def test_a_command_that_takes_too_long_in_a_lab(lab: AnsweringLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.failure = "timeout -k 3 in aws-1-a failed with 137:"
    clock = iter((0.0, 9.5))
    monkeypatch.setattr("ops.adapters.cilium_lab.time.monotonic", lambda: next(clock))
    with pytest.raises(ClusterError, match="p: cilium-dbg did not end within 9 s"):
        CiliumLab(lab, Api()).run(Container(pod="p", node="n", name="c"), "cilium-dbg", seconds=9.0)
