"""A diagnosis in the forms that people and programs read it in, and the verb that writes it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from ops import cli_diagnose
from ops.cli import app
from ops.errors import RefusedError
from ops.options import ClusterOptions
from ops.services.diagnose import look
from ops.services.diagnose.catalogue import CHECKS, choose
from ops.services.diagnose.commands import Commands
from ops.services.diagnose.junit import as_junit
from ops.services.diagnose.page import renewed
from ops.services.diagnose.places import SMALL, health_addresses, node_addresses, sizes, targets
from ops.services.diagnose.report import as_json, as_lines, summary
from ops.services.diagnose.run import diagnose
from tests.ops.diagnosed import Fleet, health_of, nodes_of
from tests.ops.schemas import schema_of
from tests.ops.test_diagnose_causes import api_server, link, mtu

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

    from infra.plan import FleetPlan
    from ops.services.diagnose.case import Case

PAGE = Path(__file__).parents[2] / "docs" / "diagnose.md"


@pytest.fixture
def fleet(dev_plan: FleetPlan) -> Fleet:
    return Fleet.whole(dev_plan)


def told(case: Case, *only: str, width: int = 100) -> list[str]:
    diagnosis = diagnose(case, choose(only), seconds=1.5)
    return "\n".join(line for _, line in as_lines(diagnosis, width)).splitlines()


def test_nothing_wrong(fleet: Fleet) -> None:
    assert told(fleet.case()) == [f"dev on here: nothing found by {len(CHECKS)} checks, after 1.5 s"]


def test_lines(fleet: Fleet) -> None:
    link(fleet)
    lines = told(fleet.case())
    assert lines[1] == "error    links: aws-azure"
    assert lines[2].startswith("  saw    from aws-1-a, aws-1-b in aws, no node and no mesh API server of azure answers")
    assert all(len(line) <= 100 for line in lines if not line.startswith("  next"))
    assert [line[:9].strip() for line in lines if line[2:3].strip()].count("so") == 2
    assert lines[-3].startswith("  next   hms link status")
    assert lines[-1] == f"dev on here: 1 error by {len(CHECKS)} checks, after 1.5 s"


def test_errors_come_before_warnings(fleet: Fleet) -> None:
    fleet.set_config("aws-1", clustermesh_cache_ttl="0s", enable_host_firewall="true")
    mtu(fleet)
    diagnosis = diagnose(fleet.case(), CHECKS, seconds=1.5)
    assert [cause.finding.severity for cause in diagnosis.causes] == ["error", "warning", "warning"]
    assert summary(diagnosis) == f"dev on here: 1 error and 2 warnings by {len(CHECKS)} checks, after 1.5 s"


def test_only_some_checks(fleet: Fleet) -> None:
    mtu(fleet)
    assert told(fleet.case(), "links") == ["dev on here: nothing found by 1 check, after 1.5 s"]
    assert told(fleet.case(), "links", "mtu")[1] == "error    mtu: aws-azure"


def test_what_explains_a_finding_of_a_check_is_shown_with_it(fleet: Fleet) -> None:
    link(fleet)
    assert told(fleet.case(), "connections")[1] == "error    links: aws-azure"


def test_a_check_that_there_is_not() -> None:
    with pytest.raises(RefusedError, match="there is no check 'luck'"):
        choose(("links", "luck"))


@pytest.mark.parametrize("break_", [lambda _: None, link, api_server])
def test_json(fleet: Fleet, break_: Any) -> None:
    break_(fleet)
    found = as_json(diagnose(fleet.case(), CHECKS, seconds=1.5))
    assert list(Draft202012Validator(schema_of("diagnose")).iter_errors(found)) == []
    assert [check["found"] for check in found["checks"]].count(1) == found["errors"]
    assert found["good"] == (found["findings"] == [])


def test_junit(fleet: Fleet) -> None:
    link(fleet)
    root = ET.fromstring(as_junit(diagnose(fleet.case(), CHECKS, seconds=1.5)))  # noqa: S314 - our own
    assert (root.get("tests"), root.get("failures")) == (str(len(CHECKS)), "1")
    (failure,) = root.iter("failure")
    assert "next: hms link status" in str(failure.text)
    assert sum(1 for _ in root.iter("testcase")) == len(CHECKS)


def test_a_cluster_that_was_not_looked_at_is_told(fleet: Fleet) -> None:
    del fleet.views["azure-1"]
    lines = told(fleet.case())
    assert lines[0] == "azure-1 was not looked at: nobody said how it is reached"
    assert len(lines) == 2


def test_the_page_has_the_checks() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page) == page, "run: python -m ops.services.diagnose.page docs/diagnose.md"


def test_each_check_is_a_file() -> None:
    folder = Path(look.__file__).parent / "checks"
    files = {file.stem.replace("_", "-") for file in folder.glob("*.py")} - {"--init--"}
    assert files == {check.id for check in CHECKS}


def test_commands_for_each_place(dev_plan: FleetPlan) -> None:
    real, lab = Commands(contexts={"aws-1": "east"}), Commands(options="--lab --state S", lab="--state S")
    assert real.kubectl("aws-1", "get nodes") == "kubectl --context east get nodes"
    assert real.hms("status") == "hms status"
    assert real.link(dev_plan, "aws-azure") == "hms link status"
    assert lab.kubectl("aws-1", "get nodes") == "kubectl --kubeconfig $(hms lab kubeconfig aws-1 --state S) get nodes"
    assert lab.hms("status") == "hms status --lab --state S"
    assert lab.link(dev_plan, "aws-azure") == "hms lab exec link-aws-azure --state S -- ip -brief link"


def test_what_is_tried_from_a_node(fleet: Fleet) -> None:
    plan, seen = fleet.plan, fleet.case().seen
    found = targets(plan, seen)["aws-1"]["aws-1-a"]
    own, neighbour = nodes_of(plan, "aws-1").values()
    beyond = list(nodes_of(plan, "azure-1").values())
    behind = {**health_of(plan, "aws-1"), **health_of(plan, "azure-1")}
    assert found.echoes[neighbour] == (SMALL,)
    assert found.echoes[beyond[0]] == sizes(1400)
    assert sizes(1400)[0] == SMALL
    assert max(sizes(1400)) == 1400
    assert found.echoes.keys() == {neighbour, *beyond, *(behind[each] for each in (neighbour, *beyond))}
    mesh = {(address, 2379) for name in plan.clusters for address in plan.clusters[name].mesh_addresses}
    assert found.ports == {*mesh, *((each, 4240) for each in (neighbour, *beyond))}
    assert own not in found.echoes


def test_where_nodes_are_is_known_without_their_api_server(fleet: Fleet) -> None:
    api_server(fleet)
    seen = fleet.case().seen
    first, _ = nodes_of(fleet.plan, "azure-1").values()
    assert node_addresses(fleet.plan, seen)["azure-1"] == {first: first}
    assert health_addresses(seen)[first] == health_of(fleet.plan, "azure-1")[first]


@pytest.fixture
def hms(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Any:
    @contextmanager
    def opened(*_: Any, seconds: float) -> Iterator[Any]:
        assert seconds == 10.0
        yield SimpleNamespace()

    monkeypatch.setattr(cli_diagnose, "opened", opened)
    monkeypatch.setattr(look, "look_closely", lambda *_, **__: fleet.case())

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["diagnose", *arguments])

    return run


def test_exit_codes(hms: Any, fleet: Fleet) -> None:
    assert hms().exit_code == 0
    mtu(fleet)
    assert hms().exit_code == 1
    assert hms("--only", "links").exit_code == 0
    assert hms("--only", "luck").exit_code == 2
    assert hms("--lab", "--stack", "dev").exit_code == 2


def test_the_verb_writes_each_form(hms: Any, fleet: Fleet) -> None:
    mtu(fleet)
    assert "error    mtu: aws-azure" in hms().stdout
    assert json.loads(hms("-o", "json").stdout)["findings"][0]["check"] == "mtu"
    assert hms("-o", "junit").stdout.startswith("<?xml")
    assert "a cut link" in hms("--help").stdout


def test_commands_mean_the_place_that_was_looked_at() -> None:
    lab = cli_diagnose.commands(ClusterOptions(lab=True, state=Path("/tmp/a b")))  # noqa: S108 - only a name
    state = "--state '/tmp/a b'"
    assert lab == Commands(options=f"--lab {state}", stacks=state, lab=state)
    own = cli_diagnose.commands(ClusterOptions(context=["aws-1=east"]))
    assert own == Commands(options="--context aws-1=east", contexts={"aws-1": "east"})
