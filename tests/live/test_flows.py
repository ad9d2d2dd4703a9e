"""``hms connectivity test``: every flow of the fleet, and everything that no flow allows."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from infra.workloads import flow_matrix

if TYPE_CHECKING:
    from tests.live.conftest import Figures
    from tests.live.lab import LiveLab

pytestmark = pytest.mark.lab

MOST_SECONDS = 180.0


@pytest.fixture(scope="module")
def told(lab: LiveLab, figures: Figures) -> dict[str, Any]:
    begun = time.monotonic()
    answer = lab.hms("connectivity", "test", "--lab", "-o", "json", code=None)
    report: dict[str, Any] = json.loads(answer.out)
    report["code"], report["took"] = answer.code, time.monotonic() - begun
    figures.add("hms connectivity test", f"{report['passed']} of {len(report['results'])} in {report['took']:.0f} s")
    return report


def test_everything_comes_as_declared(told: dict[str, Any]) -> None:
    wrong = [result for result in told["results"] if result["outcome"] != "passed"]
    assert wrong == []
    assert (told["code"], told["v"], told["good"], told["failed"], told["untried"]) == (0, 1, True, 0, 0)


def test_it_is_quick(told: dict[str, Any]) -> None:
    assert told["took"] < MOST_SECONDS


def test_no_pair_is_left_out(told: dict[str, Any], lab: LiveLab) -> None:
    tried = {
        (result["source"], result["destination"], result["kind"])
        for result in told["results"]
        if result["destination"].endswith(" (pod)") and result["kind"] in {"flow", "denied"}
    }
    declared = {
        (
            f"{pair.source_cluster}/{pair.source}",
            f"{pair.destination_cluster}/{pair.destination} (pod)",
            "flow" if pair.allowed else "denied",
        )
        for pair in flow_matrix(lab.plan)
    }
    assert tried == declared
    assert {kind for *_, kind in declared} == {"flow", "denied"}


def test_every_refusal_has_the_verdict_of_an_agent(told: dict[str, Any]) -> None:
    refused = [result for result in told["results"] if result["kind"] == "denied"]
    assert len(refused) > 80
    assert [result for result in refused if "POLICY_DENIED" not in result["verdict"]] == []


def test_one_flow_as_junit(lab: LiveLab) -> None:
    answer = lab.hms("connectivity", "test", "--lab", "--only", "nfo:cdf", "-o", "junit")
    suites = ET.fromstring(answer.out)  # noqa: S314 - our own command line wrote it
    cases = list(suites.iter("testcase"))
    assert {case.get("name") for case in cases}
    assert any("nfo" in f"{case.get('classname')} {case.get('name')}" for case in cases)
    assert not list(suites.iter("failure"))
    assert not list(suites.iter("error"))
