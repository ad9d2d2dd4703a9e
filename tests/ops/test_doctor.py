"""``hms doctor`` over recorded answers: each failing one is found by its check, and nothing else is."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.scopes import scope_of
from ops.adapters.cloud_cli import CloudCli
from ops.adapters.doctor_ports import Kind
from ops.cli import app
from ops.errors import MissingError
from ops.services.doctor import aws_actions, azure_operations
from ops.services.doctor.checks import CHECKS
from ops.services.doctor.checks.aws_quotas import cpu_quota
from ops.services.doctor.finding import Level, Report, bars, good, unknown
from ops.services.doctor.needs import Nodes, aws_needs, azure_needs
from ops.services.doctor.quota import Quota
from ops.services.doctor.run import examine
from tests.components.whole_fleets import NAMES, data_of, fleet, plan_of
from tests.ops.recorded_clouds import RECORDED, SUBSCRIPTION, answers, case_of

FAILING = sorted(path.stem for path in (RECORDED / "failing").glob("*.json"))


def wrong(report: Report) -> list[tuple[str, str, str]]:
    return [(each.level.value, each.check, each.subject) for each in report.findings if each.level is not Level.GOOD]


def test_a_ready_fleet() -> None:
    report = examine(case_of())
    assert (wrong(report), report.code) == ([], 0)
    assert {finding.check for finding in report.findings} == {check.name for check in CHECKS}
    assert report.summary == "dev: ready"
    assert all(finding.saw and not finding.why and not finding.next for finding in report.findings)


@pytest.mark.parametrize("name", FAILING)
def test_what_is_wrong_is_found_and_nothing_else(name: str) -> None:
    case = answers(f"failing/{name}")
    report = examine(case_of(case))
    expected = [(each["level"], each["check"], each["subject"]) for each in case["expect"]]
    assert wrong(report) == expected, case["why"]
    assert report.code == case["code"]
    found = [finding for finding in report.findings if finding.level is not Level.GOOD]
    for finding, each in zip(found, case["expect"], strict=True):
        assert each["saw"] in finding.saw
        assert each["next"] in finding.next
        assert finding.why


def test_every_check_has_a_case_that_fails_it() -> None:
    failed = {each["check"] for name in FAILING for each in answers(f"failing/{name}")["expect"]}
    assert failed == {check.name for check in CHECKS}


def test_order_does_not_depend_on_who_answers_first() -> None:
    reports = [examine(case_of(answers("failing/aws-denied"))).as_text() for _ in range(5)]
    assert len(set(reports)) == 1


def test_the_same_question_is_asked_once() -> None:
    case = case_of()
    examine(case)
    asked = case.azure.ask.start.asked + case.aws.ask.start.asked  # type: ignore[attr-defined]
    assert len(asked) == len(set(asked))
    assert not {word for command in asked for word in command if re.match(r"(create|delete|update|put|post)", word)}


def test_progress_counts_every_question() -> None:
    seen: list[tuple[int, int]] = []
    examine(case_of(), lambda _, done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert {total for _, total in seen} == {len(seen)}


def test_one_stack_asks_its_own_cloud_alone() -> None:
    case = case_of({"azure": {"*": {"absent": True}}})
    alone = type(case)(**{**vars(case), "targets": case.targets[:1]})
    report = examine(alone)
    assert (report.code, wrong(report)) == (0, [])
    assert not any("azure" in finding.check for finding in report.findings)


def test_the_stack_of_a_link_writes_to_both_clouds() -> None:
    case = case_of()
    alone = type(case)(**{**vars(case), "targets": case.targets[1:]})
    assert alone.stacks == ("azure-dev",)
    assert alone.clouds == {"aws", "azure"}
    (needs,) = alone.aws_needs
    assert (needs.vpcs, needs.connections, needs.customer_gateways) == (0, 2, 2)


class TestReport:
    def test_the_worst_comes_first_and_the_same_is_told_once(self) -> None:
        said = {"saw": "nobody is signed in", "next_": "sign in"}
        findings = (
            good("a", "fine"),
            unknown("b", **said),
            unknown("c", **said),
            bars("d", "no", "do this", "it stops"),
        )
        lines = Report(fleet="dev", findings=findings).as_text().splitlines()
        assert [line.split()[0] for line in lines[:4]] == ["bars", "saw", "why", "next"]
        assert sum("nobody is signed in" in line for line in lines) == 1
        assert [line.split()[-1] for line in lines if line.startswith("unknown")] == ["b", "c"]
        assert lines[-1] == "dev: not ready: 1 thing bars a deployment, 2 without an answer"

    @pytest.mark.parametrize(
        ("levels", "code", "words"),
        [
            ("good", 0, "ready"),
            ("look", 0, "ready, 1 to look at"),
            ("unknown", 3, "not known: 1 question has no answer"),
            ("bars", 1, "not ready: 1 thing bars a deployment"),
            ("unknown bars bars", 1, "not ready: 2 things bar a deployment, 1 without an answer"),
        ],
    )
    def test_codes(self, levels: str, code: int, words: str) -> None:
        findings = tuple(
            type(good("x", "y"))(level=Level(level), subject=f"{level} {index}", saw="s")
            for index, level in enumerate(levels.split())
        )
        report = Report(fleet="dev", findings=findings)
        assert (report.code, report.summary) == (code, f"dev: {words}")

    def test_json(self) -> None:
        told = examine(case_of(answers("failing/aws-vpcs"))).as_json()
        assert (told["v"], told["fleet"], told["code"]) == (1, "dev", 1)
        assert told["counts"] == {level: sum(each["level"] == level for each in told["findings"]) for level in Level}
        assert all(each.keys() == {"level", "check", "subject", "saw", "why", "next"} for each in told["findings"])
        assert json.loads(json.dumps(told)) == told


class TestQuota:
    @pytest.mark.parametrize(
        ("used", "level"), [(0, Level.GOOD), (4, Level.GOOD), (5, Level.LOOK), (7, Level.LOOK), (8, Level.BARS)]
    )
    def test_bounds(self, used: int, level: Level) -> None:
        quota = Quota(subject="x", limit=10, used=used, start=3, most=6, raised=lambda n: f"ask for {n}", why="nodes")
        finding = quota.judged()
        assert finding.level is level
        assert finding.next == ("" if level is Level.GOOD else f"ask for {used + 6}")

    @pytest.mark.parametrize(
        ("size", "code"),
        [
            ("m6i.xlarge", "L-1216C47A"),
            ("t3.large", "L-1216C47A"),
            ("im4gn.large", "L-1216C47A"),
            ("is4gen.large", "L-1216C47A"),
            ("inf2.xlarge", "L-1945791B"),
            ("g5.xlarge", "L-DB2E81BA"),
            ("gr6.4xlarge", "L-DB2E81BA"),
            ("vt1.3xlarge", "L-DB2E81BA"),
            ("p4d.24xlarge", "L-417A185B"),
            ("x2idn.16xlarge", "L-7295265B"),
            ("u-6tb1.metal", "L-43DA4232"),
            ("hpc7a.12xlarge", "L-F7808C92"),
            ("h1.2xlarge", "L-1216C47A"),
            ("f1.2xlarge", "L-74FC7D96"),
            ("trn1.2xlarge", "L-2C3B7624"),
            ("dl1.24xlarge", "L-6E869C2A"),
            ("d3.xlarge", "L-1216C47A"),
        ],
    )
    def test_which_one_an_instance_counts_on(self, size: str, code: str) -> None:
        assert cpu_quota(size) == code


class TestNeeds:
    def test_of_dev(self) -> None:
        plan = plan_of(data_of("dev"))
        (aws,), (azure,) = aws_needs(plan, scope_of(plan)), azure_needs(plan, scope_of(plan))
        assert (aws.vpcs, aws.addresses, aws.private_gateways, aws.transit_gateways) == (1, 3, 1, 0)
        assert (aws.customer_gateways, aws.connections) == (2, 2)
        assert aws.zones == {"us-east-1a": 1, "us-east-1b": 1, "us-east-1c": 1}
        assert aws.nodes == {"m6i.xlarge": Nodes(start=2, most=10)}
        assert (azure.networks, azure.addresses) == (1, 3)
        assert azure.nodes == {"Standard_D4s_v5": Nodes(start=2, most=5)}
        assert azure.kubernetes == {"1.35": ("azure-1",)}

    @pytest.mark.parametrize("name", NAMES)
    def test_they_are_what_the_program_makes(self, name: str) -> None:
        """Not counted twice in one way: against the resources that the program registers."""
        whole = fleet(name)
        plan, recording = whole.plan, whole.recording
        aws, azure = aws_needs(plan, scope_of(plan)), azure_needs(plan, scope_of(plan))

        def made(*types: str) -> int:
            return len(recording.of_type(*types))

        assert sum(each.vpcs for each in aws) == made("aws:ec2/vpc:Vpc")
        assert sum(each.vpcs for each in aws) == made("aws:ec2/internetGateway:InternetGateway")
        assert sum(each.addresses for each in aws) == made("aws:ec2/eip:Eip") == made("aws:ec2/natGateway:NatGateway")
        assert sum(each.private_gateways for each in aws) == made("aws:ec2/vpnGateway:VpnGateway")
        assert sum(each.transit_gateways for each in aws) == made("aws:ec2transitgateway/transitGateway:TransitGateway")
        assert sum(each.customer_gateways for each in aws) == made("aws:ec2/customerGateway:CustomerGateway")
        assert sum(each.connections for each in aws) == made("aws:ec2/vpnConnection:VpnConnection")
        assert sum(each.networks for each in azure) == made("azure-native:network:VirtualNetwork")
        assert sum(each.addresses for each in azure) == made("azure-native:network:PublicIPAddress")
        starts = [
            group.inputs["scalingConfig"]["minSize"] for group in recording.of_type("aws:eks/nodeGroup:NodeGroup")
        ]
        assert sum(nodes.start for each in aws for nodes in each.nodes.values()) == sum(starts)

    def test_pools_of_one_size_add_up(self) -> None:
        data = data_of("dev")
        data["clusters"]["aws-1"]["nodePools"] = {
            "system": {"min": 1, "max": 2},
            "more": {"min": 3, "max": 20, "size": "m6i.xlarge"},
            "big": {"min": 1, "max": 1, "size": "g5.xlarge"},
        }
        plan = plan_of(data)
        (aws,) = aws_needs(plan, scope_of(plan))
        assert aws.nodes == {"m6i.xlarge": Nodes(start=4, most=34), "g5.xlarge": Nodes(start=1, most=7)}


class TestPermissions:
    @pytest.mark.parametrize("name", NAMES)
    def test_every_type_that_the_program_makes_and_no_other(self, name: str) -> None:
        whole = fleet(name)
        made = {one.type for one in whole.recording}
        scope = scope_of(whole.plan)
        assert set(aws_actions.needed(whole.plan, scope)) == {type_ for type_ in made if re.match("(aws|eks):", type_)}
        assert set(azure_operations.needed(whole.plan, scope)) == {t for t in made if t.startswith("azure-native:")}

    def test_every_resource_can_be_made_and_removed(self) -> None:
        plan = fleet("big").plan
        for type_, actions in aws_actions.needed(plan, scope_of(plan)).items():
            assert any(
                re.match(r"[a-z0-9]+:(Describe|Get|List)|ec2:(Att|Ass|Acc|En|Mod)", action) for action in actions
            ), type_
        for type_, operations in azure_operations.needed(plan, scope_of(plan)).items():
            assert {f"{operations[0].rpartition('/')[0]}/{verb}" for verb in ("read", "write")} <= set(operations), (
                type_
            )

    def test_all_are_asked_about(self) -> None:
        case = case_of()
        examine(case)
        asked = [command for command in case.aws.ask.start.asked if command[2] == "simulate-principal-policy"]  # type: ignore[attr-defined]
        actions = [word for command in asked for word in command if re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", word)]
        wanted = aws_actions.needed(case.plan, scope_of(case.plan))
        assert actions == sorted({action for many in wanted.values() for action in many})
        assert len(asked) == 2
        assert all("role/aws-reserved/sso.amazonaws.com/" in command[4] for command in asked)


class TestCommandLine:
    def cli(self, program: str, seconds: float = 10.0) -> CloudCli:
        return CloudCli(program=program, install="install it", advice=lambda said: f"about {said}", seconds=seconds)

    def test_json_comes_back(self) -> None:
        assert self.cli("echo")('{"a": 1}') == {"a": 1}

    @pytest.mark.parametrize(
        ("program", "arguments", "message", "fix"),
        [
            ("no-such-program", (), "there is no program no-such-program on this machine", "install it"),
            ("sh", ("-c", "echo warned >&2; echo 'ERROR: no' >&2; exit 3"), "sh: no", "about no"),
            (
                "sh",
                (
                    "-c",
                    "printf 'ERROR: unexpected. Here is the traceback:\\nERROR: no route\\nTraceback:\\n' >&2; exit 1",
                ),
                "sh: no route",
                "about no route",
            ),
            ("sh", ("-c", "exit 1"), "sh: it failed", "about it failed"),
            (
                "sh",
                ("-c", "echo 'password=hunter22hunter' >&2; exit 1"),
                "sh: password=[secret]",
                "about password=[secret]",
            ),
            ("echo", ("plain",), "echo plain: its answer is no JSON", "look at: echo plain"),
        ],
    )
    def test_what_goes_wrong(self, program: str, arguments: tuple[str, ...], message: str, fix: str) -> None:
        with pytest.raises(MissingError) as caught:
            self.cli(program)(*arguments)
        assert (caught.value.message, caught.value.fix) == (message, fix)

    def test_no_call_waits_for_ever(self) -> None:
        with pytest.raises(MissingError, match="no answer within 0 s"):
            self.cli("sleep", 0.2)("60")

    def test_the_subscription_that_is_set_is_asked(self) -> None:
        case = case_of()
        facts = type(case.azure)(ask=case.azure.ask, subscription=SUBSCRIPTION)  # type: ignore[attr-defined,call-arg]
        assert facts.account().subscription == SUBSCRIPTION
        assert case.azure.ask.start.asked[0][3:5] == ("--subscription", SUBSCRIPTION)  # type: ignore[attr-defined]

    def test_every_kind_is_listed(self) -> None:
        case = case_of()
        for kind in Kind:
            case.aws.things("us-east-1", kind)

    def test_as_typed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[Any] = []

        def examined(case: Any, _: object) -> Report:
            made.append(case)
            return examine(case_of(answers("failing/aws-vpcs")))

        monkeypatch.setattr("ops.services.doctor.run.examine", examined)
        result = CliRunner().invoke(app, ["doctor", "--stack", "azure-dev", "--timeout", "7", "-o", "json"])
        assert (result.exit_code, json.loads(result.stdout)["code"]) == (1, 1)
        assert made[0].stacks == ("azure-dev",)
        assert made[0].aws.ask.seconds == 7.0
        result = CliRunner().invoke(app, ["doctor"])
        assert result.exit_code == 1
        assert result.stdout.startswith("bars     aws-quotas          us-east-1: VPCs\n")
        assert made[1].stacks == ("aws-dev", "azure-dev")
