"""``hms status``: what is wrong in a fleet is said, first, and stacks are shown whether clusters answer or not."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from ops import cli_deploy, cli_status
from ops.adapters.engine import Pending
from ops.adapters.state import StateFolder
from ops.cli import app
from ops.errors import ClusterError, RefusedError
from ops.factory import Factory
from ops.services.observe.fleet_report import PARTS, FleetReport, fleet_report
from ops.services.observe.look import look
from tests.ops.fake_fleet import KUBE_SYSTEM, FakeFleet, ago
from tests.ops.fakes import FakeEngine, standing
from tests.ops.schemas import schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

    from infra.plan import FleetPlan

ROOT = Path(__file__).parents[2]
POLICIES = "/apis/cilium.io/v2/ciliumnetworkpolicies"
DEPLOYMENTS = "/apis/apps/v1/deployments"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"


@pytest.fixture
def fleet(dev_plan: FleetPlan) -> Iterator[FakeFleet]:
    made = FakeFleet(dev_plan)
    yield made
    made.release()


def seen(fleet: FakeFleet) -> FleetReport:
    return fleet_report(look("dev", "here", fleet.sights(), parts=PARTS), fleet.plan)


def says(report: FleetReport) -> list[str]:
    return [f"{each.cluster}: {each.what}: {each.says}" for each in report.wrong]


def test_a_whole_fleet(fleet: FakeFleet) -> None:
    report = seen(fleet)
    assert says(report) == []
    assert [table.title for table in report.tables()] == ["Clusters of dev, here", "Links", "Components"]
    clusters, links, _ = report.tables()
    assert clusters.rows[0] == (
        *("aws-1", "-", "v1.35.2", "2 of 2", "v1.35.2", "2 of 2", "1.19.6", "works", "1 of 1", "2 of 2"),
        "8 of 8 pods",
    )
    assert links.rows == (("aws-azure", "aws and azure", "2 of 2"),)


def one(fleet: FakeFleet, path: str, number: int = 0) -> Any:
    return fleet["aws-1"].objects[path][number]


def _not_ready(fleet: FakeFleet) -> None:
    one(fleet, "/api/v1/nodes")["status"]["conditions"] = [
        {"type": "Ready", "status": "Unknown", "message": "Kubelet stopped posting node status."}
    ]


def _crash(fleet: FakeFleet) -> None:
    one(fleet, DEPLOYMENTS, 1)["status"]["readyReplicas"] = 1
    name = one(fleet, DEPLOYMENTS, 1)["metadata"]["name"]
    pod = next(each for each in fleet["aws-1"].objects["/api/v1/pods"] if each["metadata"]["name"] == f"{name}-0")
    pod["status"] |= {
        "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [{"restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
    }


def _gone(fleet: FakeFleet) -> None:
    del fleet["aws-1"].objects[DEPLOYMENTS][1]


def _without_clusters(fleet: FakeFleet) -> None:
    """The mistake that Cilium 1.19 punishes: a selector without a cluster means the own one."""
    policy = next(each for each in fleet["aws-1"].objects[POLICIES] if each["metadata"]["name"] == "allow-from-api")
    policy["spec"] = json.loads(json.dumps(policy["spec"]))
    del policy["spec"]["ingress"][0]["fromEndpoints"][0]["matchExpressions"]


def _policy_gone(fleet: FakeFleet) -> None:
    del fleet["aws-1"].objects[POLICIES][0]


def _policy_refused(fleet: FakeFleet) -> None:
    one(fleet, POLICIES)["status"] = {"conditions": [{"type": "Valid", "status": "False", "message": "bad CIDR"}]}


def _late(fleet: FakeFleet) -> None:
    one(fleet, LEASES)["spec"]["renewTime"] = ago(240)


def _agent(fleet: FakeFleet, **said: Any) -> None:
    fleet["aws-1"].status["aws-1-a"] |= said


def _kubelet(fleet: FakeFleet, version: str) -> None:
    one(fleet, "/api/v1/nodes")["status"]["nodeInfo"]["kubeletVersion"] = version


def _failing_addresses(fleet: FakeFleet) -> None:
    one(fleet, "/apis/cilium.io/v2/ciliumnodes")["status"] = {"ipam": {"operator-status": {"error": "pool is empty"}}}


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_not_ready, "node aws-1-a: not ready: Kubelet stopped posting node status."),
        (_failing_addresses, "addresses of node aws-1-a: pool is empty"),
        (_crash, "Deployment hms-api/api: 1 of 2 ready: CrashLoopBackOff"),
        (_gone, "component api: is planned here and is not there"),
        (_without_clusters, "policy hms-a2a/allow-from-api: is not as planned"),
        (_policy_gone, "policy hms-api/default-deny: is planned and is not there"),
        (_policy_refused, "policy hms-api/default-deny: bad CIDR"),
        (_late, "operator: operator-0 has not renewed its lease of 15 s for 4 min"),
        (
            lambda fleet: fleet["aws-1"].objects[LEASES].clear(),
            "operator: aws-1: no operator of Cilium has ever held the lease cilium-operator-resource-lock",
        ),
        (lambda fleet: _agent(fleet, cilium={"state": "Failure", "msg": "x"}), "agent on aws-1-a: Failure: x"),
        (
            lambda fleet: _agent(fleet, cluster={"ciliumHealth": {"state": "Warning"}}),
            "health probes of the agent on aws-1-a: Warning",
        ),
        (lambda fleet: _agent(fleet, hubble={"state": "Failure"}), "Hubble of the agent on aws-1-a: Failure"),
        (lambda fleet: fleet["aws-1"].status.pop("aws-1-a"), "agent on aws-1-a: no agent of Cilium runs there"),
        (
            lambda fleet: _kubelet(fleet, "v1.36.0"),
            "kubelet on aws-1-a: is v1.36.0, its API server v1.35.2: too far apart",
        ),
        (lambda fleet: _kubelet(fleet, "v1.31.9"), "kubelet on aws-1-a: is v1.31.9"),
        (
            lambda fleet: fleet["aws-1"].errors.update({"/apis/apps/v1/statefulsets": "forbidden"}),
            "workloads: forbidden",
        ),
        (
            lambda fleet: fleet["aws-1"].errors.update({"/version": "aws-1: the API server does not answer"}),
            "API server: aws-1: the API server does not answer",
        ),
        (lambda fleet: fleet["aws-1"].mesh.clear(), "mesh with azure-1: KVStoreMesh: is not told of it"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_else(
    fleet: FakeFleet, damage: Callable[[FakeFleet], None], told: str
) -> None:
    damage(fleet)
    report = seen(fleet)
    (said,) = says(report)
    assert said.startswith(f"aws-1: {told}")
    assert report.tables()[0].title == "Not as it should be"
    assert report.tables()[1].rows[0][:2] == ("aws-1", "1")
    assert report.usable


def test_kubelets_may_be_older(fleet: FakeFleet) -> None:
    _kubelet(fleet, "v1.32.0")
    assert says(seen(fleet)) == []


def test_the_cluster_in_trouble_comes_first(fleet: FakeFleet) -> None:
    fleet["azure-1"].errors["/version"] = "dead"
    _, clusters, links, components = seen(fleet).tables()
    assert [row[0] for row in clusters.rows] == ["azure-1", "aws-1"]
    assert clusters.rows[0][2] == "does not answer"
    # What the cluster that answers has.
    assert links.rows[0][2] == "1 of 2"
    assert {row[1] for row in components.rows} == {"aws-1"}


class Desk:
    """A user whose clusters are a fake fleet."""

    def __init__(self, fleet: FakeFleet, tmp_path: Path) -> None:
        self.fleet = fleet
        self.engine = FakeEngine()
        self.state = StateFolder(tmp_path / "state")
        self.refused: Exception | None = None
        clusters = {"clusters": {"aws-1": {"id": 1}}}
        self.engine.states = {"aws-dev": standing("aws-dev", **clusters)}

    def factory(self) -> Factory:
        return Factory(
            root=ROOT,
            env={"PULUMI_BACKEND_URL": "file:///nowhere"},
            home=Path("/nowhere"),
            engine=lambda *_: self.engine,
        )

    @contextmanager
    def opened(self, *_: object, **__: object) -> Iterator[Any]:
        if self.refused is not None:
            raise self.refused

        class Clusters:
            where, remarks = "here", ()
            sights = self.fleet.sights

        yield Clusters()

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["status", *arguments])


@pytest.fixture
def desk(fleet: FakeFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(fleet, tmp_path)
    monkeypatch.setattr(cli_deploy, "factory", made.factory)
    monkeypatch.setattr(cli_status, "opened", made.opened)
    return made


def told(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    Draft202012Validator(schema_of("status")).validate(found)
    return found


def test_stacks_and_clusters(desk: Desk) -> None:
    result = desk()
    assert result.exit_code == 0, result.stdout
    for word in ("Clusters of dev, here", "Stacks of dev", "aws-dev", "2 of 2 clusters answer, 0 things wrong"):
        assert word in result.stdout
    found = told(desk("-o", "json"))
    assert (found["good"], found["note"], found["live"]["good"]) == (True, None, True)
    assert found["live"]["clusters"]["aws-1"]["peers"] == {"azure-1": "ready"}
    assert [each["stack"] for each in found["stacks"]] == ["aws-dev", "azure-dev"]


def test_something_is_wrong(desk: Desk) -> None:
    _crash(desk.fleet)
    result = desk()
    assert result.exit_code == 1
    assert result.stdout.lstrip().startswith("Not as it should be")
    assert told(desk("-o", "json"))["live"]["wrong"] == [
        {"cluster": "aws-1", "what": "Deployment hms-api/api", "says": "1 of 2 ready: CrashLoopBackOff"}
    ]


def test_no_cluster_answers(desk: Desk) -> None:
    for each in desk.fleet.clusters.values():
        each.errors["/version"] = "dead"
    result = desk("-o", "json")
    assert result.exit_code == 2
    assert {each["error"] for each in told(result)["live"]["clusters"].values()} == {"dead"}


def test_an_api_server_that_hangs_is_named_in_time(desk: Desk) -> None:
    desk.fleet["aws-1"].silent.add("everything")
    result = desk("--timeout", "1", "-o", "json")
    assert result.exit_code == 1
    live = told(result)["live"]
    assert live["seconds"] < 1.5
    assert live["clusters"]["aws-1"]["error"] == "no answer within 1 s"
    assert live["clusters"]["azure-1"]["error"] is None


@pytest.mark.parametrize("error", [ClusterError("no way in", "try again"), RefusedError("no lab runs", "hms lab up")])
def test_stacks_are_shown_where_clusters_cannot_be_asked(desk: Desk, error: Exception) -> None:
    desk.refused = error
    result = desk()
    assert result.exit_code == 2
    assert "Stacks of dev" in result.stdout
    assert "clusters were not asked: no" in result.stdout.splitlines()[-1]
    assert told(desk("-o", "json"))["live"] is None


def test_nothing_is_deployed(desk: Desk) -> None:
    desk.engine.states = {}
    desk.refused = AssertionError("nobody is to be asked")
    result = desk()
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "no cluster is deployed"


def test_simulated_clusters_are_not_asked(desk: Desk) -> None:
    desk.state.prepare(simulate=True)
    desk.refused = AssertionError("nobody is to be asked")
    result = desk("--state", str(desk.state.path), "-o", "json")
    assert result.exit_code == 0, result.stdout
    found = told(result)
    assert (found["live"], found["note"]) == (None, "the clouds are simulated: there is no cluster to ask")


def test_contexts_need_no_stacks(desk: Desk) -> None:
    desk.engine.states = {}
    found = told(desk("--context", "aws-1=east", "-o", "json"))
    assert (found["stacks"], found["live"]["where"]) == ([], "here")


def test_the_lab_that_nothing_was_deployed_into(desk: Desk) -> None:
    found = told(desk("--lab", "--state", str(desk.state.path), "-o", "json"))
    assert found["stacks"] == []
    assert found["live"]["clusters"]["aws-1"]["kubernetes"] == "v1.35.2"


def test_a_stack_that_is_unfinished_is_wrong(desk: Desk) -> None:
    pending = (Pending(urn="urn:x", op="creating"),)
    desk.engine.states["aws-dev"] = standing("aws-dev", pending=pending, clusters={"aws-1": {}})
    assert desk().exit_code == 1
    assert desk("--context", "aws-1=east").exit_code == 0


def test_secrets_are_nowhere(desk: Desk) -> None:
    desk.fleet["aws-1"].objects[f"{KUBE_SYSTEM}/secrets"][0]["data"]["x"] = "bWFya2VkLWtleQ=="
    for output in ("text", "json"):
        assert "marked-key" not in desk("-o", output).stdout
