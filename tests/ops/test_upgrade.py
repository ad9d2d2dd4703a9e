"""``hms upgrade plan``: the order of steps, what none may skip, and what is refused, with its reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import combinations_with_replacement
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from typer.testing import CliRunner

from infra.checks.clusters import KUBERNETES_VERSIONS
from infra.checks.mesh import LEAST_PATCH
from infra.model import Fleet
from infra.planner import plan_fleet
from ops.cli import app
from ops.services.observe.cilium import Agent
from ops.services.observe.kubernetes import ApiServer, Node
from ops.services.observe.seen import Seen
from ops.services.observe.snapshot import ClusterView, Snapshot
from ops.services.upgrade import values
from ops.services.upgrade.path import CiliumMove, KubernetesMove, NodesMove, find, refusals
from ops.services.upgrade.report import Upgrade, plan_upgrade
from ops.services.upgrade.rules import CILIUM, Running, newest_kubernetes
from ops.services.upgrade.running import declared, seen
from ops.services.upgrade.steps import Writer
from ops.services.upgrade.values import changed_values, lost_values
from ops.versions import minor, numbers
from tests.components.whole_fleets import fleet
from toolchain.places import versions

if TYPE_CHECKING:
    from infra.plan import FleetPlan
    from ops.services.upgrade.path import Move

ROOT = Path(__file__).parents[2]
DEV = ROOT / "fleets" / "dev.yaml"


def plan_with(**mesh: Any) -> FleetPlan:
    data = yaml.safe_load(DEV.read_text(encoding="utf-8"))
    data["mesh"] |= mesh
    return plan_fleet(Fleet.model_validate(data))


def runs(cilium: str = "1.19.6", kubernetes: str = "1.35", nodes: str = "") -> Running:
    return Running(cilium=tuple(cilium.split()), kubernetes=kubernetes, nodes=tuple((nodes or kubernetes).split()))


def planned(
    running: dict[str, Running] | None = None, *, cilium: str | None = None, kubernetes: str | None = None, **mesh: Any
) -> Upgrade:
    plan = plan_with(**mesh)
    return plan_upgrade(Writer(plan=plan), running or declared(plan), to_cilium=cilium, to_kubernetes=kubernetes)


def moves_of(running: dict[str, Running], cilium: str | None = None, kubernetes: str | None = None) -> list[str]:
    assert not refusals(running, cilium, kubernetes)
    moves, against = find(running, cilium, kubernetes)
    assert against is None
    return [short(move) for move in moves]


def short(move: Move) -> str:
    match move:
        case CiliumMove():
            return f"cilium {move.after}"
        case KubernetesMove():
            return f"{move.after} {' '.join(move.clusters)}"
        case NodesMove():
            return f"nodes {' '.join(f'{name}={version}' for name, version in move.clusters.items())}"


class TestWhatIsKnown:
    def test_every_minor_that_a_fleet_file_may_name_is_known(self) -> None:
        assert {f"1.{minor_}" for minor_ in LEAST_PATCH} == set(CILIUM)

    def test_the_newest_of_each_is_what_the_values_were_rendered_with(self) -> None:
        assert {known.newest for known in CILIUM.values()} == set(versions()["charts"]["cilium"])

    def test_minors_follow_each_other(self) -> None:
        numbers_ = [numbers(each)[1] for each in CILIUM]
        assert numbers_ == list(range(numbers_[0], numbers_[0] + len(numbers_)))

    def test_every_kubernetes_of_a_fleet_file_has_a_cilium(self) -> None:
        tested = {version for known in CILIUM.values() for version in known.kubernetes}
        assert set(KUBERNETES_VERSIONS) <= tested
        assert newest_kubernetes() == "1.36"


class TestOrder:
    def test_cilium_goes_first_where_it_can(self) -> None:
        both = {"a": runs(), "b": runs()}
        assert moves_of(both, "1.20.0", "1.36") == ["cilium 1.20.0", "1.36 a b"]

    def test_kubernetes_goes_first_where_the_next_cilium_needs_it(self) -> None:
        both = {"a": runs(kubernetes="1.32"), "b": runs(kubernetes="1.34")}
        assert moves_of(both, "1.20.0", "1.36") == ["1.33 a", "cilium 1.20.0", "1.34 a", "1.35 a b", "1.36 a b"]

    def test_no_minor_is_skipped(self) -> None:
        assert moves_of({"a": runs(kubernetes="1.33")}, None, "1.35") == ["1.34 a", "1.35 a"]

    def test_the_last_patch_comes_before_the_next_minor(self) -> None:
        assert moves_of({"a": runs("1.19.5")}, "1.20.0") == ["cilium 1.19.6", "cilium 1.20.0"]
        assert moves_of({"a": runs("1.19.9")}, "1.20.1") == ["cilium 1.20.1"]

    def test_a_patch_alone(self) -> None:
        assert moves_of({"a": runs("1.19.5")}, "1.19.6") == ["cilium 1.19.6"]

    def test_stragglers_are_brought_up_before_anything_else(self) -> None:
        both = {"a": runs("1.20.0"), "b": runs("1.19.6")}
        assert moves_of(both, None, "1.36") == ["cilium 1.20.0", "1.36 a b"]
        assert moves_of({"a": runs("1.19.5"), "b": runs("1.19.6")}, "1.20.0") == ["cilium 1.19.6", "cilium 1.20.0"]

    def test_nodes_come_to_their_control_plane_before_it_goes_on(self) -> None:
        both = {"a": runs(kubernetes="1.35", nodes="1.35 1.33"), "b": runs(kubernetes="1.35", nodes="1.34")}
        assert moves_of(both, "1.20.0", "1.36") == ["nodes a=1.35 b=1.35", "cilium 1.20.0", "1.36 a b"]

    def test_where_it_is_already_there_is_nothing_to_do(self) -> None:
        report = planned(cilium="1.19.6", kubernetes="1.35")
        assert (report.steps, report.code) == ((), 0)
        assert report.as_text().endswith("  nothing to do\n")

    def test_a_cluster_that_is_ahead_stays(self) -> None:
        both = {"a": runs("1.20.0", "1.36"), "b": runs("1.20.0", "1.35")}
        assert moves_of(both, None, "1.36") == ["1.36 b"]

    @pytest.mark.parametrize("cilium", ["1.19.5", "1.19.6", "1.20.0"])
    @pytest.mark.parametrize("to_cilium", [None, "1.19.6", "1.20.0", "1.20.3"])
    @pytest.mark.parametrize("to_kubernetes", [None, *KUBERNETES_VERSIONS])
    def test_every_way_keeps_every_rule(self, cilium: str, to_cilium: str | None, to_kubernetes: str | None) -> None:
        ways = 0
        for count in (1, 2, 3):
            for here in combinations_with_replacement(("1.32", *KUBERNETES_VERSIONS), count):
                ways += self.way_keeps_every_rule(cilium, here, to_cilium, to_kubernetes)
        assert bool(ways) is not (cilium == "1.20.0" and to_cilium == "1.19.6")

    def way_keeps_every_rule(
        self, cilium: str, here: tuple[str, ...], to_cilium: str | None, to_kubernetes: str | None
    ) -> bool:
        running = {f"c{index}": runs(cilium, version) for index, version in enumerate(here)}
        if refusals(running, to_cilium, to_kubernetes):
            return False
        moves, against = find(running, to_cilium, to_kubernetes)
        now = {name: it.kubernetes for name, it in running.items()}
        for move in moves:
            if isinstance(move, CiliumMove):
                assert move.before == (cilium,)
                assert 0 <= numbers(move.after)[1] - numbers(cilium)[1] <= 1
                assert numbers(move.after) > numbers(cilium)
                if minor(move.after) != minor(cilium):
                    assert numbers(cilium) >= numbers(CILIUM[minor(cilium)].newest)
                    assert set(now.values()) <= set(CILIUM[minor(move.after)].kubernetes)
                cilium = move.after
            elif isinstance(move, KubernetesMove):
                for name in move.clusters:
                    assert numbers(move.after)[1] == numbers(now[name])[1] + 1
                    now[name] = move.after
                assert move.after in CILIUM[minor(cilium)].kubernetes
        if against is None:
            assert cilium == (to_cilium or cilium)
            assert not to_kubernetes or all(numbers(version) >= numbers(to_kubernetes) for version in now.values())
        return against is None


REFUSED = [
    ({"cilium": "1.18.12"}, "Cilium 1.18.12", "1.19 and 1.20 alone", "--to-cilium 1.20.0"),
    ({"cilium": "1.21.0"}, "Cilium 1.21.0", "1.19 and 1.20 alone", "--to-cilium 1.20.0"),
    ({"cilium": "1.19.4"}, "Cilium 1.19.4", "MTU of WireGuard", "--to-cilium 1.19.5 or newer"),
    ({"cilium": "1.19.5"}, "from Cilium 1.19.6 down to 1.19.5", "back is tested to the neighbouring minor", "way back"),
    ({"kubernetes": "1.34"}, "Kubernetes 1.35 in aws-1 and azure-1 down to 1.34", "no control plane goes back", "1.35"),
    ({"kubernetes": "1.37"}, "Kubernetes 1.37", "not offered by both clouds", "one of 1.33, 1.34, 1.35, 1.36"),
    ({"kubernetes": "1.36"}, "Kubernetes 1.36 with Cilium 1.19.6", "Kubernetes 1.32 to 1.35", "--to-cilium 1.20.0 too"),
    (
        {"cilium": "1.20.0", "ca": {"next": "trusted"}},
        "while the mesh's CA is changed (mesh.ca.next: trusted)",
        "two causes",
        "hms mesh ca status",
    ),
]

REFUSED_RUNNING = [
    ({"a": runs("1.19.6 1.19.5")}, "a runs Cilium 1.19.6 and 1.19.5", "a rollout is under way", "hms status"),
    ({"a": runs("1.20.0"), "b": runs("1.18.12")}, "Cilium 1.20.0 in a, Cilium 1.18.12 in b", "untested", "1.18.12"),
    ({"a": runs("2.0.0"), "b": runs("1.19.6")}, "Cilium 2.0.0 in a, Cilium 1.19.6 in b", "untested", "1.19.6"),
    ({"a": runs("1.18.12")}, "Cilium 1.18.12 is what runs", "a minor would be skipped", "upgrade to 1.19"),
    ({"a": runs(kubernetes="1.34", nodes="1.35")}, "a has nodes of Kubernetes 1.35", "never newer", "control plane"),
    ({"a": runs(kubernetes="1.35", nodes="1.31")}, "a has nodes of Kubernetes 1.31", "at most 3 minors", "replace"),
    ({"a": runs(kubernetes="1.32")}, "Cilium 1.20 with Kubernetes 1.32 in a", "1.33 to 1.36", "--to-kubernetes 1.33"),
    ({"a": runs(kubernetes="1.37")}, "Cilium 1.20 with Kubernetes 1.37 in a", "1.33 to 1.36", "wait for a Cilium"),
]


class TestRefusals:
    @pytest.mark.parametrize(("asked", "what", "why", "instead"), REFUSED)
    def test_of_what_is_asked(self, asked: dict[str, Any], what: str, why: str, instead: str) -> None:
        self.refused(planned(**asked), what, why, instead)

    @pytest.mark.parametrize(("running", "what", "why", "instead"), REFUSED_RUNNING)
    def test_of_what_runs(self, running: dict[str, Running], what: str, why: str, instead: str) -> None:
        self.refused(planned(running, cilium="1.20.0"), what, why, instead)

    def refused(self, report: Upgrade, what: str, why: str, instead: str) -> None:
        assert (report.steps, report.code) == ((), 2)
        (found,) = [each for each in report.refused if what in each.what]
        assert why in found.why
        assert instead in found.instead
        assert f"refused: {found.what}\n" in report.as_text()

    def test_a_value_that_the_next_chart_has_no_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The chart would take no notice: with 1.20 the strict mode of 1.19 is off, and nothing says so."""
        assert lost_values(plan_with(), "1.20.0") == ()

        def old(_: FleetPlan, __: str) -> tuple[dict[str, Any], tuple[str, ...]]:
            return {"encryption": {"strictMode": {"enabled": True, "egress": {"enabled": True}}}}, ()

        monkeypatch.setattr(values, "public_values", old)
        assert lost_values(plan_with(), "1.19.6") == ()
        (found,) = planned(cilium="1.20.0").refused
        assert found.what == "Helm value encryption.strictMode.enabled of aws-1 and azure-1, with Cilium 1.20.0"
        assert "encryption.strictMode.egress.enabled" in found.instead

    def test_moved_values_are_all_that_the_new_chart_lacks(self) -> None:
        def keys(version: str) -> dict[str, str]:
            lines = (ROOT / "simulator" / "helm_values" / f"cilium-{version}.tsv").read_text(encoding="utf-8")
            rows = (line.split("\t") for line in lines.splitlines() if not line.startswith("#"))
            return {row[0]: row[1] for row in rows}

        old, new = keys("1.19.6"), keys("1.20.0")
        moved = CILIUM["1.20"].moved
        assert set(moved) == {path for path, kind in old.items() if path not in new and kind != "object"}
        assert {place for place in moved.values() if "." in place} <= set(new)


class TestSteps:
    def test_of_dev(self) -> None:
        first, second = planned(cilium="1.20.0", kubernetes="1.36").steps
        assert [(edit.field, edit.before, edit.after) for edit in (*first.edits, *second.edits)] == [
            ("mesh.cilium", "1.19.6", "1.20.0"),
            ("clusters.aws-1.kubernetes", "1.35", "1.36"),
            ("clusters.azure-1.kubernetes", "1.35", "1.36"),
        ]
        assert [command.command for command in first.run] == [
            "hms preview --stack aws-dev",
            "hms up --stack aws-dev",
            "hms mesh status --wait",
            "hms preview --stack azure-dev",
            "hms up --stack azure-dev",
        ]
        assert sum("helm install cilium-preflight" in command.command for command in first.before) == 2
        assert second.run[-1].command == (
            "az aks nodepool upgrade --resource-group hms-dev-azure --cluster-name azure-1 --name system "
            "--kubernetes-version 1.36"
        )
        assert second.before[0].command.endswith("--region us-east-1 --cluster-name dev-aws-1")
        assert all(step.look and step.back for step in (first, second))

    def test_names_are_those_that_the_program_gives(self) -> None:
        recording = fleet("dev").recording
        (cluster,) = recording.of_type("azure-native:containerservice:ManagedCluster")
        (group,) = recording.of_type("azure-native:resources:ResourceGroup")
        (eks,) = recording.of_type("eks:index:Cluster")
        text = planned(cilium="1.20.0", kubernetes="1.36").as_text()
        pool = cluster.inputs["agentPoolProfiles"][0]["name"]
        assert (
            f"--resource-group {group.inputs['resourceGroupName']} --cluster-name {cluster.inputs['resourceName']}"
            in text
        )
        assert f"--name {pool} --kubernetes-version" in text
        assert f"--cluster-name {eks.inputs['name']}\n" in text

    def test_the_program_upgrades_node_groups_of_eks_and_no_pools_of_aks(self) -> None:
        """What the steps say of nodes is what the program does."""
        recording = fleet("big").recording
        assert all(each.inputs["version"] == "1.35" for each in recording.of_type("aws:eks/nodeGroup:NodeGroup"))
        pools = recording.of_type("azure-native:containerservice:AgentPool")
        assert pools
        assert not any("orchestratorVersion" in each.inputs for each in pools)

    def test_a_patch_needs_no_preflight(self) -> None:
        (step,) = planned({"aws-1": runs("1.19.5"), "azure-1": runs("1.19.5")}, cilium="1.19.6").steps
        assert step.before == ()
        assert step.edits == ()  # the file says so already: it was edited and not deployed

    def test_the_file_is_followed_through_the_steps(self) -> None:
        running = {"aws-1": runs("1.19.5"), "azure-1": runs("1.19.5")}
        first, second = planned(running, cilium="1.20.1").steps
        assert first.edits == ()
        assert [(edit.before, edit.after) for edit in second.edits] == [("1.19.6", "1.20.1")]

    def test_one_stack_for_the_whole_fleet(self) -> None:
        plan = plan_with()
        report = plan_upgrade(
            Writer(plan=plan, stack="dev", fleet="my fleet.yaml"),
            declared(plan),
            to_cilium="1.20.0",
            to_kubernetes=None,
        )
        assert [command.command for command in report.steps[0].run] == [
            "hms preview --stack dev --fleet 'my fleet.yaml'",
            "hms up --stack dev --fleet 'my fleet.yaml'",
        ]

    def test_only_the_stacks_of_the_clusters_that_move(self) -> None:
        running = {"aws-1": runs("1.20.0", "1.36"), "azure-1": runs("1.20.0", "1.35")}
        (step,) = planned(running, kubernetes="1.36").steps
        assert not any("aws-dev" in command.command or "aws eks" in command.command for command in step.run)

    def test_values_that_change_by_version_alone(self) -> None:
        notes = changed_values(plan_with(), "1.19.6", "1.20.0")
        assert notes == ("Helm value clustermesh.disableKubernetesHostAliases is set: True",)

    def test_json(self) -> None:
        told = planned(cilium="1.20.0", kubernetes="1.36").as_json()
        assert json.dumps(told)
        assert (told["v"], told["target"]) == (1, {"cilium": "1.20.0", "kubernetes": "1.36"})
        assert [step["number"] for step in told["steps"]] == [1, 2]
        assert told["steps"][0].keys() == {
            *("number", "title", "notes", "edits", "before", "run", "look", "back"),
        }


class TestRunning:
    def snapshot(self, **clusters: ClusterView) -> Snapshot:
        taken = datetime(2026, 12, 1, tzinfo=UTC)
        return Snapshot(fleet="dev", where="here", taken=taken, seconds=1.0, clusters=clusters)

    def view(self, agents: dict[str, str], nodes: list[str]) -> ClusterView:
        def agent(version: str) -> Seen[Agent]:
            fields = dict.fromkeys(Agent.__dataclass_fields__, "") | {"version": version}
            return Seen(value=Agent(**fields))  # type: ignore[arg-type]

        return ClusterView(
            name="aws-1",
            api=Seen(value=ApiServer(version="v1.36.3")),
            nodes=Seen(value=tuple(Node(name=f"n{i}", ready=True, version=each) for i, each in enumerate(nodes))),
            agents={node: agent(version) for node, version in agents.items()},
        )

    def test_what_clusters_say(self) -> None:
        view = self.view({"n0": "1.19.6", "n1": "1.19.5"}, ["v1.36.3", "v1.35.1-eks-1234"])
        found, remarks = seen(plan_with(), self.snapshot(**{"aws-1": view}))
        assert found["aws-1"] == runs("1.19.6 1.19.5", "1.36", "1.36 1.35")
        assert found["azure-1"] == runs()
        assert remarks == ()

    def test_a_dead_cluster_hides_no_other(self) -> None:
        dead = ClusterView(name="azure-1", api=Seen(error="no answer within 10 s"))
        view = self.view({"n0": "1.20.0"}, ["v1.36.3"])
        found, remarks = seen(plan_with(), self.snapshot(**{"aws-1": view, "azure-1": dead}))
        assert found["aws-1"].cilium == ("1.20.0",)
        assert found["azure-1"] == runs()
        (remark,) = remarks
        assert remark == "azure-1: no answer within 10 s; that of the fleet file is taken for it"

    def test_what_one_part_does_not_say_another_does(self) -> None:
        """Agents that were built without a version, as those of the lab."""
        view = self.view({"n0": ""}, ["v1.36.3"])
        found, (remark,) = seen(plan_with(), self.snapshot(**{"aws-1": view}))
        assert found["aws-1"] == runs("1.19.6", "1.36")
        assert remark.startswith("aws-1: no agent says its version")


class TestCommand:
    def test_as_typed(self) -> None:
        result = CliRunner().invoke(app, ["upgrade", "plan", "--fleet", str(DEV)])
        assert result.exit_code == 0
        assert "to Cilium 1.20.0 and Kubernetes 1.36:" in result.stdout
        told = json.loads(CliRunner().invoke(app, ["upgrade", "plan", "--fleet", str(DEV), "-o", "json"]).stdout)
        assert len(told["steps"]) == 2

    def test_refused(self) -> None:
        result = CliRunner().invoke(app, ["upgrade", "plan", "--to-kubernetes", "1.36"])
        assert result.exit_code == 2
        assert "  instead  --to-cilium 1.20.0 too\n" in result.stdout

    @pytest.mark.parametrize("words", [("--to-cilium", "1.20"), ("--to-cilium", "new"), ("--to-kubernetes", "v1.36.2")])
    def test_no_version(self, words: tuple[str, str]) -> None:
        result = CliRunner().invoke(app, ["upgrade", "plan", *words])
        assert result.exit_code == 2
        assert f"{words[0]} {words[1]}: no " in result.stderr
