"""What simulated EKS waits for in a lab before it calls node groups and CoreDNS made."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from simulator.kind import Unfinished
from simulator.kubernetes.live.gates import CORE_DNS, NODES
from simulator.variables import LAB
from tests.simulator.fake_api import FakeApi, ready, serving_api
from tests.simulator.kubernetes_names import RELEASE
from tests.simulator.kubernetes_world import Kube

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from simulator.context import Context
    from simulator.kubernetes.live.gates import Gate

GROUP = {"clusterName": "aws-1"}
ADDON = {"clusterName": "aws-1", "addonName": "coredns"}
DEPLOYMENT = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    with serving_api(tmp_path) as (served, described):
        monkeypatch.setenv(LAB, str(described))
        yield served


def context_of(folder: Path, seconds: float) -> Context:
    kube = Kube(folder)
    kube.eks()
    context = kube.context(RELEASE, "a gate does not look at it", {"name": "a"})
    context.timeout = seconds
    return context


def node(state: str) -> dict[str, Any]:
    return {"metadata": {}, "status": {"conditions": [{"type": "Ready", "status": state}]}}


def core_dns(served: FakeApi) -> None:
    body: dict[str, Any] = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {}, "spec": {"replicas": 2}}
    served.put(DEPLOYMENT, body)


def test_a_node_group_is_made_once_every_node_is_ready(tmp_path: Path, api: FakeApi) -> None:
    api.objects["/api/v1/nodes/aws-1-a"] = node("True")
    api.objects["/api/v1/nodes/aws-1-b"] = node("False")
    threading.Timer(0.5, lambda: api.objects.update({"/api/v1/nodes/aws-1-b": node("True")})).start()
    begun = time.monotonic()
    assert NODES.put(context_of(tmp_path, 20.0), GROUP) == {}
    assert time.monotonic() - begun > 0.4


def test_core_dns_is_made_once_all_its_pods_run(tmp_path: Path, api: FakeApi) -> None:
    api.controller = ready
    core_dns(api)
    assert CORE_DNS.put(context_of(tmp_path, 20.0), ADDON) == {}


@pytest.mark.parametrize(
    ("gate", "inputs", "reason"),
    [(NODES, GROUP, "Unhealthy nodes"), (CORE_DNS, ADDON, "desired number of replicas")],
    ids=["nodes", "coredns"],
)
def test_what_does_not_work_in_time_is_not_finished(
    gate: Gate, inputs: dict[str, Any], reason: str, tmp_path: Path, api: FakeApi
) -> None:
    core_dns(api)
    with pytest.raises(Unfinished) as unfinished:
        gate.put(context_of(tmp_path, 0.3), inputs)
    assert reason in unfinished.value.reasons[0]


@pytest.mark.usefixtures("api")
def test_other_addons_are_not_waited_for(tmp_path: Path) -> None:
    assert CORE_DNS.put(context_of(tmp_path, 0.3), {**ADDON, "addonName": "aws-ebs-csi-driver"}) == {}


def test_a_lab_without_nodes_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving_api(tmp_path, depth="control") as (_, described):
        monkeypatch.setenv(LAB, str(described))
        assert NODES.put(context_of(tmp_path, 0.3), GROUP) == {}
