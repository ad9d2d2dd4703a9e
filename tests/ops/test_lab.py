"""``hms lab``: what the services decide, and what the verbs ask the lab for."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from lab.doctor import Check
from lab.errors import LabError
from lab.faults.catalogue import FAULTS
from ops import cli_deploy, cli_lab
from ops.adapters import knock
from ops.adapters.kubernetes_ports import Target
from ops.adapters.lab import Lab, LabAgents, LabOutside, ThisMachine
from ops.adapters.state import StateFolder
from ops.cli import app
from ops.errors import ClusterError, MissingError, RefusedError
from ops.factory import Factory
from ops.services import lab as service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

    from infra.plan import FleetPlan

ROOT = Path(__file__).parents[2]
DIFFERENCE = {"place": "tunnelProtocol", "planned": "geneve", "lab": "vxlan", "why": "the kernel lacks geneve"}


class FakeLab(Lab):
    """A lab that runs as soon as it is told to."""

    def __init__(self, folder: Path, fleet: str = "dev", depth: str = "datapath") -> None:
        super().__init__(folder)
        self.fleet, self.depth = fleet, depth
        self.running = False
        self.started: list[dict[str, Any]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {"differences": [DIFFERENCE]}

    def up(self, fleet: Path, **options: Any) -> None:
        assert fleet.exists()
        self.started.append(options)
        self.running = True
        self.folder.mkdir(parents=True)
        clusters = {name: {"kubeconfig": f"/{name}.yaml"} for name in options["clusters"]}
        told = {"fleet": self.fleet, "depth": self.depth, "clusters": clusters}
        (self.folder / "lab.json").write_text(json.dumps(told), encoding="utf-8")

    def down(self) -> None:
        self.running = False
        for file in self.folder.iterdir():
            file.unlink()
        self.folder.rmdir()

    def alive(self) -> bool:
        return self.running

    def ask(self, verb: str, *, progress: Any = None, timeout: float = 0.0, **arguments: Any) -> Any:
        del progress, timeout
        self.asked.append((verb, arguments))
        return self.answers.get(verb, {})


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


@pytest.fixture
def fake(state: StateFolder) -> FakeLab:
    return FakeLab(state.lab)


@pytest.fixture
def typed(fake: FakeLab, state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(cli_lab, "lab_in", lambda _: fake)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["lab", *arguments, "--state", str(state.path)])

    return run


def begin(fake: FakeLab, state: StateFolder, plan: FleetPlan) -> list[str]:
    said: list[str] = []
    service.begin(fake, state, plan, ROOT / "fleets" / "dev.yaml", depth="datapath", nodes=2, progress=said.append)
    return said


def check(name: str, *, found: bool, needed: Any) -> Check:
    return Check(name=name, found=found, said=f"{name} seen", costs=f"no {name}", needed=needed)


@pytest.mark.parametrize(
    ("missing", "wanted", "depth"),
    [
        ((), None, "datapath"),
        ((), "control", "control"),
        (("bpffs",), None, "control"),
        (("bpffs",), "control", "control"),
        (("geneve",), None, "datapath"),
        (("geneve",), "datapath", "datapath"),
    ],
)
def test_the_deepest_that_the_machine_can(missing: tuple[str, ...], wanted: Any, depth: str) -> None:
    needed = {"root": "control", "bpffs": "datapath", "geneve": None}
    checks = tuple(check(name, found=name not in missing, needed=depth) for name, depth in needed.items())
    assert service.choose_depth(wanted, checks) == depth


@pytest.mark.parametrize(
    ("missing", "wanted"), [("root", None), ("root", "control"), ("root", "datapath"), ("bpffs", "datapath")]
)
def test_what_the_machine_cannot_is_told(missing: str, wanted: Any) -> None:
    checks = (
        check("root", found=missing != "root", needed="control"),
        check("bpffs", found=missing != "bpffs", needed="datapath"),
    )
    with pytest.raises(MissingError) as caught:
        service.choose_depth(wanted, checks)
    assert caught.value.details == (f"  {missing}: {missing} seen; no {missing}",)


def test_a_lab_is_started_once(fake: FakeLab, state: StateFolder, dev_plan: FleetPlan) -> None:
    begin(fake, state, dev_plan)
    assert fake.started[0]["clusters"] == ("aws-1", "azure-1")
    assert begin(fake, state, dev_plan) == ["it runs already"]
    assert len(fake.started) == 1


def test_the_lab_of_another_fleet(fake: FakeLab, state: StateFolder, dev_plan: FleetPlan) -> None:
    fake.fleet = "other"
    begin(fake, state, dev_plan)
    with pytest.raises(RefusedError, match="of the fleet 'other'"):
        begin(fake, state, dev_plan)


def test_what_was_deployed_into_a_lab_that_is_gone_is_forgotten(
    fake: FakeLab, state: StateFolder, dev_plan: FleetPlan
) -> None:
    begin(fake, state, dev_plan)
    state.prepare(simulate=True)
    state.world.write_text("a world", encoding="utf-8")
    (state.backend / "stack.json").write_text("{}", encoding="utf-8")
    # Killed: the folder stays.
    fake.running = False
    fake.up = lambda *_, **__: None  # type: ignore[method-assign]
    begin(fake, state, dev_plan)
    assert not state.backend.exists()
    assert not state.world.exists()
    assert not state.simulated


def test_a_start_that_was_cut_off_is_ended(fake: FakeLab, state: StateFolder, dev_plan: FleetPlan) -> None:
    fake.running = True
    fake.folder.mkdir(parents=True)
    assert begin(fake, state, dev_plan) == ["an earlier start was cut off: ending what it left"]
    assert len(fake.started) == 1


def test_a_simulated_fleet_is_not_forgotten(fake: FakeLab, state: StateFolder, dev_plan: FleetPlan) -> None:
    state.prepare(simulate=True)
    with pytest.raises(RefusedError, match="holds a fleet without a lab"):
        begin(fake, state, dev_plan)
    assert state.backend.exists()


def test_down_removes_lab_and_state_and_twice_is_no_error(
    fake: FakeLab, state: StateFolder, dev_plan: FleetPlan, typed: Any
) -> None:
    begin(fake, state, dev_plan)
    state.prepare(simulate=True)
    assert typed("down").exit_code == 0
    assert not state.path.exists()
    again = typed("down")
    assert (again.exit_code, again.stderr) == (0, f"lab: no lab runs in {fake.folder}\n")


def test_up_deploys_what_up_simulate_lab_does(
    fake: FakeLab, state: StateFolder, typed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed: list[dict[str, Any]] = []
    monkeypatch.setattr(cli_deploy, "up_verb", lambda **options: deployed.append(options))
    monkeypatch.setattr("lab.doctor.examine", lambda: (check("root", found=True, needed="control"),))
    monkeypatch.setattr(service, "status", lambda _: ())
    result = typed("up", "--nodes", "3", "--no-policies", "a reason")
    assert result.exit_code == 0, result.stderr
    assert fake.started[0]["nodes"] == 3
    assert deployed[0]["everything"] is deployed[0]["simulate"] is deployed[0]["lab"] is deployed[0]["yes"] is True
    assert deployed[0]["state"] == state.path
    assert deployed[0]["no_policies"] == "a reason"
    assert "vxlan" in result.stdout
    assert "/azure-1.yaml" in result.stdout
    assert f"hms connectivity test --lab --state {state.path}" in result.stdout


@pytest.mark.parametrize("verb", ["break", "mend"])
@pytest.mark.parametrize("fault", list(FAULTS))
def test_every_fault_is_listed_and_asked_for(fake: FakeLab, typed: Any, verb: str, fault: str) -> None:
    result = typed(verb, fault, "some-target")
    assert result.exit_code == 0
    assert fake.asked == [(verb, {"fault": fault, "target": "some-target"})]
    assert f"\n  {fault} {FAULTS[fault].target.upper()} " in CliRunner().invoke(app, ["lab", verb, "--help"]).stdout


def test_a_fault_that_is_none(typed: Any) -> None:
    assert typed("break", "everything", "aws-1").exit_code == 2


def test_a_command_in_a_space(fake: FakeLab, typed: Any) -> None:
    fake.answers["exec"] = "1: lo\n"
    result = CliRunner().invoke(app, ["lab", "exec", "aws-1-a", "--", "ip", "-o", "link"])
    assert (result.exit_code, result.stdout) == (0, "1: lo\n")
    assert fake.asked == [("exec", {"space": "aws-1-a", "argv": ["ip", "-o", "link"]})]
    del typed


def test_a_kubeconfig(fake: FakeLab, state: StateFolder, dev_plan: FleetPlan, typed: Any) -> None:
    assert typed("kubeconfig", "aws-1").exit_code == 2  # no lab
    begin(fake, state, dev_plan)
    assert typed("kubeconfig", "aws-1").stdout == "/aws-1.yaml\n"
    assert "aws-1, azure-1" in typed("kubeconfig", "aws-9").stderr


def test_the_labs_errors_are_lines(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise LabError("link aws-azure is cut already", "hms lab mend link aws-azure")

    monkeypatch.setattr("lab.machine.launch.ask", refuse)
    result = CliRunner().invoke(app, ["lab", "break", "link", "aws-azure", "--state", str(state.path)])
    assert result.exit_code == 1
    assert result.stderr == "hms: link aws-azure is cut already\nnext: hms lab mend link aws-azure\n"


def test_status_tells_what_is_wrong(
    fake: FakeLab, state: StateFolder, dev_plan: FleetPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(fake, state, dev_plan)
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}

    items = [
        {"metadata": {"name": "aws-1-a"}, "status": ready},
        {"metadata": {"name": "aws-1-b"}, "status": {}},
    ]

    @contextmanager
    def kubernetes(name: str, _: str) -> Iterator[Any]:
        if name == "azure-1":
            raise ClusterError("azure-1: the API server does not answer")
        yield SimpleNamespace(get=lambda _: {"items": items})

    def run(space: str, *command: str) -> str:
        if space == "aws-1":
            assert command[1:] == ("kvstoremesh-dbg", "status", "-o", "json")
            raise ClusterError("clustermesh-apiserver in cp-aws-1 failed with 1")
        assert command[1:] == ("status", "-o", "json")
        if space == "aws-1-b":
            raise ClusterError("cilium-dbg in aws-1-b failed with 1")
        peers = [{"name": "azure-1", "ready": False, "status": "Waiting for initial connection to be established"}]
        return json.dumps({"cilium": {"state": "Ok"}, "cluster-mesh": {"clusters": peers}})

    monkeypatch.setattr(service, "kubernetes_api", kubernetes)
    monkeypatch.setattr(service, "program", lambda name: f"/bin/{name}")
    monkeypatch.setattr(fake, "run", run)
    aws, azure = service.status(fake)
    assert (aws.api, azure.api) == ("ready", "azure-1: the API server does not answer")
    assert aws.nodes == {"aws-1-a": True, "aws-1-b": False}
    assert aws.agents == {"aws-1-a": "Ok", "aws-1-b": "cilium-dbg in aws-1-b failed with 1"}
    assert aws.mesh == {
        "azure-1": "Waiting for initial connection to be established",
        "mesh API server": "clustermesh-apiserver in cp-aws-1 failed with 1",
    }
    clusters, wrong = service.status_tables((aws, azure))
    assert clusters.rows[0] == ("aws-1", "ready", "1 of 2", "1 of 2", "0 of 1")
    assert [row[1] for row in wrong.rows] == [
        "node aws-1-b",
        "agent on aws-1-b",
        "peer azure-1",
        "mesh API server",
    ]


@pytest.mark.parametrize(
    ("agent", "server", "told"),
    [
        (True, {"name": "azure-1", "ready": True}, "ready"),
        (True, {"name": "azure-1", "ready": False, "status": "Waiting"}, "Waiting"),
        (True, {"name": "azure-1", "connected": True, "status": "etcd: 1/1"}, "connected, but not synchronised"),
        (True, None, "the mesh API server copies nothing of it"),
        (False, {"name": "azure-1", "ready": True}, "agent waits"),
    ],
)
def test_a_peer_is_ready_if_agents_and_mesh_api_server_say_so(
    agent: Any,
    server: dict[str, Any] | None,
    told: str,
    fake: FakeLab,
    state: StateFolder,
    dev_plan: FleetPlan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin(fake, state, dev_plan)

    @contextmanager
    def kubernetes(*_: Any) -> Iterator[Any]:
        yield SimpleNamespace(get=lambda _: {"items": [{"metadata": {"name": "aws-1-a"}}]})

    def run(space: str, *_: str) -> str:
        if space == "aws-1-a":
            peer = {"name": "azure-1", "ready": agent, "status": "agent waits"}
            return json.dumps({"cilium": {"state": "Ok"}, "cluster-mesh": {"clusters": [peer]}})
        return json.dumps([server] if server else [])

    monkeypatch.setattr(service, "kubernetes_api", kubernetes)
    monkeypatch.setattr(service, "program", lambda name: f"/bin/{name}")
    monkeypatch.setattr(fake, "run", run)
    aws, _ = service.status(fake)
    assert aws.mesh == {"azure-1": told}


def test_doctor_exits_with_3_where_no_lab_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.doctor.examine", lambda: (check("root", found=False, needed="control"),))
    result = CliRunner().invoke(app, ["lab", "doctor", "-o", "json"])
    assert result.exit_code == 3
    told = json.loads(result.stdout)
    assert (told["v"], told["control"], told["datapath"]) == (1, False, False)
    assert told["checks"][0]["costs"] == "no root"
    assert "no lab runs here" in CliRunner().invoke(app, ["lab", "doctor"]).stdout


def test_agents_of_a_lab_are_asked_in_their_nodes(fake: FakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.adapters.lab.program", lambda name: f"/bin/{name}")
    fake.answers["exec"] = ""
    assert LabAgents(fake).drops("aws-1", "aws-1-a", 0.0) == ()
    (verb, arguments), *_ = fake.asked
    assert (verb, arguments["space"]) == ("exec", "aws-1-a")
    assert arguments["argv"][:2] == ["/bin/hubble", "observe"]
    assert arguments["argv"][-2:] == ["--server", "unix:///var/run/cilium/hubble.sock"]


@pytest.fixture
def targets() -> Any:
    with socket.socket() as open_, socket.socket() as closed:
        open_.bind(("127.0.0.1", 0))
        open_.listen()
        closed.bind(("127.0.0.1", 0))
        yield tuple(
            Target(name=name, host="127.0.0.1", port=each.getsockname()[1])
            for name, each in (("open", open_), ("closed", closed))
        )


def test_from_this_machine(targets: tuple[Target, ...]) -> None:
    # A refusal shows that packets get there.
    assert ThisMachine().reached(targets, 1.0) == tuple(zip(targets, (knock.OPEN, knock.REFUSED), strict=True))


def test_from_outside_a_lab(fake: FakeLab, targets: tuple[Target, ...]) -> None:
    fake.answers["exec"] = json.dumps([knock.SILENT, knock.REFUSED])
    assert LabOutside(fake).reached(targets, 1.0) == ((targets[1], knock.REFUSED),)
    (_, arguments), *_ = fake.asked
    assert arguments["space"] == "outside"
    assert json.loads(arguments["argv"][-1])["addresses"] == [["127.0.0.1", each.port] for each in targets]


def test_the_default_state_is_the_checkouts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cli_deploy, "factory", lambda: Factory(root=tmp_path))
    assert cli_lab.lab_in(None).folder == tmp_path / ".state" / "lab" / "lab"
