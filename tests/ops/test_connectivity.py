"""A connectivity test against clusters that do as told: what it finds, and what it does not overlook."""

from __future__ import annotations

import json
import threading
import time
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest

from ops.errors import RefusedError
from ops.services.connectivity.judge import Result
from ops.services.connectivity.junit import as_junit
from ops.services.connectivity.only import Only
from ops.services.connectivity.report import Report
from ops.services.connectivity.run import ConnectivityTest
from tests.infra.test_workloads import component, three
from tests.ops.fake_mesh import FakeMesh

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.plan import FleetPlan


def run(mesh: FakeMesh, only: Only | None = None, progress: Callable[..., None] = lambda *_: None) -> Report:
    return ConnectivityTest(mesh.plan, mesh.world, seconds=0.1, progress=progress).run(only)


def failed(report: Report) -> dict[str, str]:
    return {f"{each.source} -> {each.destination}": each.told for each in report.results if each.outcome == "failed"}


def untried(report: Report) -> list[Result]:
    return [each for each in report.results if each.outcome == "untried"]


def test_a_good_fleet_is_good(dev_plan: FleetPlan) -> None:
    mesh = FakeMesh(dev_plan)
    report = run(mesh)
    assert failed(report) == {}
    assert report.good
    assert report.notes == ("a fake carries no packets",)
    assert sorted(mesh.entered) == sorted(mesh.left)
    assert len(mesh.entered) == 9
    refused = [each for each in report.results if each.kind == "denied"]
    assert {each.verdict for each in refused} == {
        "POLICY_DENIED (egress, aws-1-a)",
        "POLICY_DENIED (egress, azure-1-a)",
    }
    assert {each.told for each in report.results if each.kind == "prefer"} == {
        "answered by aws-1 x 20",
        "answered by azure-1 x 20",
    }


def test_a_good_fleet_of_three(dev_plan: FleetPlan) -> None:
    del dev_plan
    plan = three(
        [("front", "shared")],
        front=component(["aws-1", "aws-2", "azure-3"], port=8080),
        shared=component(["aws-1", "azure-3"], port=8081, critical=True),
    )
    report = run(FakeMesh(plan))
    assert failed(report) == {}
    assert report.good
    (split,) = (each for each in report.results if each.kind == "split")
    assert (split.expected, split.told) == ("aws-1 and azure-3 answer", "answered by aws-1 x 11, azure-3 x 10")


def test_a_pair_that_passes_though_no_flow_allows_it(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, leaks={("doc", "etl")}))
    assert failed(report) == {
        "azure-1/doc -> etl (service)": "answered by azure-1",
        "azure-1/doc -> azure-1/etl (pod)": "answered by azure-1",
    }
    assert not report.good


def test_a_flow_that_does_not_pass(dev_plan: FleetPlan) -> None:
    mesh = FakeMesh(dev_plan)
    mesh.allowed -= {("azure-1", "etl", "azure-1", "doc")}
    report = run(mesh)
    assert failed(report) == {
        "azure-1/etl -> doc (service)": "no answer",
        "azure-1/etl -> azure-1/doc (pod)": "no answer",
    }
    # The agent tells why.
    assert {each.verdict for each in report.results if each.outcome == "failed"} == {
        "POLICY_DENIED (egress, azure-1-a)"
    }


def test_a_refusal_that_is_no_policys_shows_nothing(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, reason="STALE_OR_UNROUTABLE_IP"), Only((("doc", "etl"),)))
    assert set(failed(report).values()) == {"no answer, but no agent tells of a policy that did it"}


def test_a_drop_that_an_agent_has_forgotten_is_made_again(dev_plan: FleetPlan) -> None:
    # Four agents are asked each time; the first time none remembers.
    mesh = FakeMesh(dev_plan, forgetful=4)
    report = run(mesh, Only((("doc", "etl"),)))
    assert report.good
    assert mesh.asked == 8
    assert mesh.calls == 4


def test_an_agent_that_cannot_be_asked_is_no_proof(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, mute={"azure-1-a"}), Only((("doc", "etl"),)))
    assert not report.good
    assert {each.told for each in untried(report)} == {
        "no answer, but the agent of azure-1-a could not be asked: no agent runs on azure-1-a"
    }


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        ("cut", "connected, then cut off (as told)"),
        ("name", "the name does not resolve (as told), so it shows nothing"),
        ("refused", "connection refused, but no agent tells of a policy that did it"),
    ],
)
def test_what_is_no_refusal_by_policy(dev_plan: FleetPlan, failure: Any, told: str) -> None:
    report = run(FakeMesh(dev_plan, broken={("doc", "etl"): failure}), Only((("doc", "etl"),)))
    assert failed(report)["azure-1/doc -> azure-1/etl (pod)"] == told


def test_a_name_that_does_not_resolve(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, broken={("dev", "api"): "name"}), Only((("dev", "api"),)))
    assert failed(report)["aws-1/dev -> api.hms-api.svc.cluster.local"] == "the name does not resolve (as told)"


def test_silence_does_not_show_that_a_name_resolves(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, broken={("dev", "api"): "silent"}), Only((("dev", "api"),)))
    assert "aws-1/dev -> api.hms-api.svc.cluster.local" in failed(report)


def test_a_service_that_does_not_prefer_its_own_cluster(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, remote_first={"api"}), Only((("dev", "api"),)))
    assert failed(report) == {"aws-1/dev -> api (service)": "answered by aws-1 x 10, azure-1 x 10"}
    assert [each.kind for each in report.results if each.outcome == "failed"] == ["prefer"]


def test_a_service_that_fails_over_is_a_flow_and_no_preference(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, unready={"aws-1/api"}), Only((("dev", "api"),)))
    flow = next(each for each in report.results if each.kind == "flow" and each.destination == "api (service)")
    assert (flow.outcome, flow.told) == ("passed", "answered by azure-1")
    assert [each.kind for each in report.results if each.outcome == "failed"] == ["prefer"]
    assert [each.told for each in untried(report)] == ["aws-1/api has no pod that is ready"]


def test_a_service_that_does_not_split() -> None:
    plan = three(
        [("front", "shared")],
        front=component(["aws-2"], port=8080),
        shared=component(["aws-1", "azure-3"], port=8081, critical=True),
    )
    report = run(FakeMesh(plan, unready={"azure-3/shared"}))
    assert failed(report)["aws-2/front -> shared (service)"] == "answered by aws-1 x 21; never by azure-3"


def test_components_that_do_not_tell_their_names(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, names=False), Only((("dev", "api"),)))
    kinds = {each.kind: each.outcome for each in report.results}
    assert kinds == {"flow": "passed", "name": "passed", "large": "passed", "prefer": "passed"}
    prefer = next(each for each in report.results if each.kind == "prefer")
    assert prefer.told == "answered in aws-1, as the agent saw"
    large = next(each for each in report.results if each.kind == "large")
    assert large.told == "12 x 900 kB in 0.10 s, or as much as the component reads"


def test_nobody_tells_which_pod_answered(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, names=False, mute={"aws-1-a"}), Only((("dev", "api"),)))
    assert [(each.kind, each.told) for each in untried(report)] == [
        ("prefer", "neither the component nor the agent tells which pod answered")
    ]


def test_an_agent_saw_another_cluster_answer(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, names=False, remote_first={"api"}), Only((("dev", "api"),)))
    assert failed(report) == {"aws-1/dev -> api (service)": "answered in aws-1, azure-1, as the agent saw"}


def test_a_link_that_loses_full_packets(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, slow=20.0), Only((("dev", "api"),)))
    assert failed(report) == {
        "aws-1/dev -> azure-1/api (pod)": "12 x 900 kB in 20.00 s: more than 9.7 s: full packets get lost"
    }


def test_a_link_that_swallows_full_packets(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, swallowed=True), Only((("dev", "api"),)))
    assert failed(report) == {
        "aws-1/dev -> azure-1/api (pod)": "no answer to 900 kB, while small requests pass: full packets get lost"
    }


def test_a_server_that_takes_no_large_request(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, largest=8192), Only((("dev", "api"),)))
    large = next(each for each in report.results if each.kind == "large")
    assert large.outcome == "passed"
    assert large.told == "12 x 6 kB in 0.10 s; the component takes no larger request"


def test_one_dead_cluster_does_not_hide_the_others(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, dead={"azure-1"}))
    assert not report.good
    assert all(
        "azure-1: the API server does not answer" in each.told for each in untried(report) if each.kind == "flow"
    )
    within = [each for each in report.results if each.source.startswith("aws-1/") and "azure" not in each.destination]
    assert len(within) > 20
    assert all(each.outcome == "passed" for each in within if each.kind == "flow" and "nfo" not in each.destination)
    # Cases of the dead cluster are in the report all the same.
    assert any(each.source == "azure-1/nfo" for each in untried(report))


def test_no_cluster_answers(dev_plan: FleetPlan) -> None:
    with pytest.raises(RefusedError, match="no cluster answers") as caught:
        run(FakeMesh(dev_plan, dead={"aws-1", "azure-1"}))
    assert len(caught.value.details) == 2


def test_a_caller_that_does_not_start(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, stubborn={"aws-1/dev"}))
    assert {each.source for each in untried(report)} == {"aws-1/dev"}
    assert {each.told for each in untried(report)} == {"aws-1/dev: the container does not start"}


def test_what_answers_outside(dev_plan: FleetPlan) -> None:
    address = dev_plan.clusters["azure-1"].mesh_addresses[0]
    report = run(FakeMesh(dev_plan, open_outside={address}))
    assert failed(report) == {f"outside -> azure-1 mesh API server {address}:2379": "connected"}
    targets = [each.destination for each in report.results if each.kind == "outside"]
    assert len(targets) == 3 + 1 + 2 * 2  # mesh addresses on AWS and Azure; kubelet and node port of a node each
    assert "aws-1 kubelet aws-1-a 10.200.1.1:10250" in targets


def test_no_way_outside_is_told_and_hides_nothing(dev_plan: FleetPlan) -> None:
    report = run(FakeMesh(dev_plan, walled_in=True))
    assert {(each.kind, each.told) for each in untried(report)} == {("outside", "no way outside")}
    assert not report.good


def test_an_interrupt_ends_it_and_takes_the_callers_out(dev_plan: FleetPlan) -> None:
    mesh = FakeMesh(dev_plan)
    hold = threading.Event()
    mesh.on_call = lambda: hold.wait(5) and None

    def progress(what: str, done: int, total: int) -> None:
        del done, total
        if what == "calling global services":
            raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(mesh, progress=progress)
    assert time.monotonic() - begun < 2
    assert len(mesh.left) == len(mesh.entered) == 9
    hold.set()


def test_an_interrupt_waits_for_callers_on_their_way_in(dev_plan: FleetPlan) -> None:
    mesh = FakeMesh(dev_plan)
    mesh.entrance = 0.3

    def progress(what: str, done: int, total: int) -> None:
        del done, total
        if what == "putting callers into pods":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(mesh, progress=progress)
    time.sleep(0.5)
    assert mesh.left == mesh.entered


def test_progress_counts(dev_plan: FleetPlan) -> None:
    seen: list[tuple[str, int, int]] = []
    run(FakeMesh(dev_plan), progress=lambda *told: seen.append(told))
    assert list(dict.fromkeys(what for what, _, _ in seen)) == [
        "looking at clusters",
        "putting callers into pods",
        "calling global services",
        "calling",
        "asking agents",
        "sending large packets",
    ]
    assert all(0 <= done <= total for _, done, total in seen)


def result(**more: Any) -> Result:
    given = {"kind": "flow", "source": "aws-1/dev", "destination": "api (service)", "expected": "answered"}
    return Result(**{**given, "outcome": "passed", "told": "answered by aws-1", **more})


BAD = Report(
    fleet="dev",
    where="a fake",
    results=(
        result(),
        result(kind="denied", outcome="failed", told='answered by <azure-1> & "more" \x1b[0m', verdict=""),
        result(kind="denied", told="no answer", verdict="POLICY_DENIED (egress, aws-1-a)", seconds=3.0),
        result(kind="large", outcome="untried", told="aws-1/dev has no pod that is ready"),
    ),
    notes=("lab: tunnelProtocol: vxlan, not geneve",),
    seconds=12.3456,
)


def test_json_holds_everything() -> None:
    told = json.loads(json.dumps(BAD.as_json()))
    assert {key: told[key] for key in ("v", "fleet", "where", "good", "seconds", "passed", "failed", "untried")} == {
        "v": 1,
        "fleet": "dev",
        "where": "a fake",
        "good": False,
        "seconds": 12.346,
        "passed": 2,
        "failed": 1,
        "untried": 1,
    }
    assert told["results"][2] == {
        "kind": "denied",
        "source": "aws-1/dev",
        "destination": "api (service)",
        "expected": "answered",
        "outcome": "passed",
        "told": "no answer",
        "verdict": "POLICY_DENIED (egress, aws-1-a)",
        "seconds": 3.0,
    }
    assert told["notes"] == ["lab: tunnelProtocol: vxlan, not geneve"]


def test_junit_is_well_formed_and_counts() -> None:
    suites = ET.fromstring(as_junit(BAD))  # noqa: S314 - our own
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("4", "1", "1")
    assert [(suite.get("name"), suite.get("tests")) for suite in suites] == [
        ("flow", "1"),
        ("denied", "2"),
        ("large", "1"),
        ("notes", "0"),
    ]
    (failure,) = suites.iter("failure")
    assert failure.get("message") == 'answered by <azure-1> & "more" ?[0m'
    assert len(list(suites.iter("error"))) == 1
    assert any("POLICY_DENIED" in (each.text or "") for each in suites.iter("system-out"))


def test_tables_begin_with_what_failed() -> None:
    tables = BAD.tables()
    assert [table.title for table in tables] == [
        "Failed",
        "Could not be tried",
        "Declared flows",
        "Refused, since no flow allows it",
    ]
    assert all(len(row) == len(table.head) for table in tables for row in table.rows)
    assert tables[-1].rows[0][-2] == "POLICY_DENIED (egress, aws-1-a)"


def test_the_summary_is_one_line() -> None:
    assert BAD.summary == "dev on a fake: 2 of 4 as expected, 1 failed, 1 could not be tried, after 12.3 s"
