"""``hms connectivity test`` as typed: exit codes, where clusters come from, what is written where."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from ops import cli_deploy, cli_lab
from ops.adapters.state import StateFolder
from ops.cli import app
from ops.factory import Factory
from ops.services import clusters
from ops.services.clusters import Access
from ops.services.connectivity import world
from ops.services.connectivity.world import probe_port
from tests.infra.test_workloads import component, three
from tests.ops.fake_mesh import FakeMesh
from tests.ops.fakes import FakeEngine, standing
from tests.ops.test_lab import FakeLab

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from click.testing import Result

    from infra.plan import FleetPlan

ROOT = Path(__file__).parents[2]
KUBECONFIG = "{kind: Config, users: [{user: {token: marked-fake-token}}]}"


class Desk:
    """A user whose clusters are a fake mesh."""

    def __init__(self, plan: FleetPlan, tmp_path: Path) -> None:
        self.mesh = FakeMesh(plan)
        self.engine = FakeEngine()
        self.state = StateFolder(tmp_path / "state")
        self.accesses: list[Mapping[str, Access]] = []

    def factory(self) -> Factory:
        return Factory(
            root=ROOT,
            env={"PULUMI_BACKEND_URL": "file:///nowhere"},
            home=Path("/nowhere"),
            engine=lambda *_: self.engine,
        )

    @contextmanager
    def opened(self, _: FleetPlan, accesses: Mapping[str, Access], __: float) -> Iterator[dict[str, Any]]:
        self.accesses.append(accesses)
        yield {name: self.mesh.world.stations[name] for name in accesses}

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["connectivity", "test", *arguments])

    def lab(self, depth: str = "datapath", fleet: str = "dev") -> FakeLab:
        made = FakeLab(self.state.lab, fleet, depth)
        made.up(ROOT / "fleets" / "dev.yaml", clusters=tuple(self.mesh.plan.clusters))
        return made


@pytest.fixture
def desk(dev_plan: FleetPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(dev_plan, tmp_path)
    monkeypatch.setattr(cli_deploy, "factory", made.factory)
    monkeypatch.setattr(clusters, "_opened", made.opened)
    monkeypatch.setattr(world, "KubernetesStation", lambda station, _: station)
    monkeypatch.setattr(world, "KubernetesAgents", lambda _: made.mesh.world.agents)
    monkeypatch.setattr(world, "LabAgents", lambda _: made.mesh.world.agents)
    monkeypatch.setattr(world, "ThisMachine", lambda: made.mesh)
    monkeypatch.setattr(world, "LabOutside", lambda _: made.mesh)
    return made


CONTEXTS = ("--context", "aws-1=east", "--context", "azure-1=west")


def test_all_as_declared(desk: Desk) -> None:
    result = desk(*CONTEXTS)
    assert result.exit_code == 0, result.stderr
    assert desk.accesses == [{"aws-1": Access(context="east"), "azure-1": Access(context="west")}]
    assert result.stdout.splitlines()[-1].startswith("dev on your contexts: 177 of 177 as expected, after")
    assert "calling: 0 of 118\n" in result.stderr


def test_something_failed(desk: Desk) -> None:
    desk.mesh.leaks = {("doc", "etl")}
    result = desk(*CONTEXTS)
    assert result.exit_code == 1
    assert result.stdout.lstrip().startswith("Failed")


def test_something_could_not_be_tried(desk: Desk) -> None:
    desk.mesh.dead = {"azure-1"}
    assert desk(*CONTEXTS).exit_code == 1


def test_nothing_could_be_tried(desk: Desk) -> None:
    desk.mesh.dead = {"aws-1", "azure-1"}
    result = desk(*CONTEXTS)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no cluster answers" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--context", "aws-1"),
        ("--context", "aws-9=east"),
        ("--lab", "--context", "aws-1=east"),
        ("--lab", "--stack", "dev"),
        ("--only", "dev", *CONTEXTS),
        ("--timeout", "0", *CONTEXTS),
        ("--output", "markdown"),
    ],
)
def test_commands_that_cannot_be_meant(desk: Desk, arguments: tuple[str, ...]) -> None:
    result = desk(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")


def test_json_is_all_that_is_written(desk: Desk) -> None:
    result = desk(*CONTEXTS, "--only", "dev:api", "-o", "json")
    told = json.loads(result.stdout)
    assert (told["v"], told["good"]) == (1, True)
    assert {each["source"] for each in told["results"]} == {"aws-1/dev"}


def test_junit(desk: Desk) -> None:
    result = desk(*CONTEXTS, "-o", "junit")
    assert ET.fromstring(result.stdout).get("failures") == "0"  # noqa: S314 - our own


def test_an_interrupt(desk: Desk) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    desk.mesh.on_call = interrupt
    result = desk(*CONTEXTS)
    assert result.exit_code == 130
    assert len(desk.mesh.left) == len(desk.mesh.entered)


def test_clusters_of_the_stacks(desk: Desk) -> None:
    desk.engine.states = {"aws-dev": standing("aws-dev"), "azure-dev": standing("azure-dev")}
    desk.engine.secrets = {
        ("aws-dev", "kubeconfigs"): {"aws-1": KUBECONFIG},
        ("azure-dev", "kubeconfigs"): {"azure-1": KUBECONFIG},
    }
    result = desk("-o", "json")
    assert result.exit_code == 0, result.stderr
    assert list(desk.accesses[0]) == ["aws-1", "azure-1"]
    assert "marked-fake-token" not in result.stdout + result.stderr
    one = desk("--stack", "aws-dev", "-o", "json")
    assert list(desk.accesses[1]) == ["aws-1"]
    assert {each["source"].partition("/")[0] for each in json.loads(one.stdout)["results"]} == {"aws-1", "outside"}


def test_no_stack_is_deployed(desk: Desk) -> None:
    result = desk()
    assert result.exit_code == 2
    assert "no cluster is deployed" in result.stderr


def test_the_clusters_of_a_simulated_fleet_answer_nobody(desk: Desk) -> None:
    desk.state.prepare(simulate=True)
    result = desk("--state", str(desk.state.path))
    assert result.exit_code == 2
    assert "answer nobody" in result.stderr


def test_the_lab(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made = desk.lab()
    monkeypatch.setattr(cli_lab, "lab_in", lambda _: made)
    result = desk("--lab", "-o", "json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["where"] == f"the lab in {made.folder}"
    assert told["notes"] == ["lab: tunnelProtocol: vxlan, not geneve (the kernel lacks geneve)"]
    assert desk.accesses[0]["aws-1"] == Access(kubeconfig="/aws-1.yaml")


@pytest.mark.parametrize(
    ("depth", "fleet", "told"), [("control", "dev", "no pods"), ("datapath", "eni", "fleet 'eni'")]
)
def test_a_lab_that_shows_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, depth: str, fleet: str, told: str
) -> None:
    made = desk.lab(depth, fleet)
    monkeypatch.setattr(cli_lab, "lab_in", lambda _: made)
    result = desk("--lab")
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_port_that_no_component_and_no_other_run_uses() -> None:
    plan = three([], front=component(["aws-1"], port=18080), back=component(["aws-1"], port=18081))
    ports = [probe_port(plan, run) for run in range(2000)]
    assert ports[:3] == [18082, 18083, 18084]
    assert {18080, 18081}.isdisjoint(ports)
    assert ports[0] != ports[1]
