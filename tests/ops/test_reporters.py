"""What each reporter makes of the same events."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from ops.errors import EngineError
from ops.progress.events import Counts, Event, Failure, Policies, PolicyFinding, as_json
from ops.progress.jsonl import JsonReporter
from ops.progress.live import LiveReporter
from ops.progress.plain import HEARTBEAT, PlainReporter
from ops.progress.words import duration
from tests.ops.fakes import SUBNET, T0, VPC, steps


def event(kind: str, **fields: object) -> Event:
    return Event(**{"kind": kind, "stack": "aws-dev", "verb": "up", "time": T0, **fields})  # type: ignore[arg-type]


def story() -> list[Event]:
    """Give a run in which one resource is made and the next is refused."""
    about = {"op": "create", "tangible": True}
    failure = Failure(urn=SUBNET, op="create", cause="InvalidSubnet.Range: 10.0.0.0/16 is outside\nof the VPC")
    return [
        event("begin"),
        event("resource", phase="started", urn=VPC, **about),
        event("resource", phase="finished", urn=VPC, seconds=3.25, **about),
        event("message", level="warning", text="is slow today", urn=VPC),
        event("resource", phase="started", urn=SUBNET, **about),
        event("resource", phase="failed", urn=SUBNET, seconds=1.0, **about),
        event(
            "summary",
            counts=Counts(create=1, same=2),
            outcome="failed",
            seconds=75.0,
            failures=(failure,),
            next="mend the cause, then: hms up --all",
        ),
    ]


def test_plain_lines() -> None:
    out = io.StringIO()
    reporter = PlainReporter(out, io.StringIO())
    for each in story():
        reporter.emit(each)
    assert out.getvalue() == (
        "Deploying aws-dev\n"
        "aws-dev  aws-vpc (aws:ec2/vpc:Vpc) created after 3.2 s\n"
        "aws-dev  warning: aws-vpc (aws:ec2/vpc:Vpc): is slow today\n"
        "aws-dev  error: creating aws-private-0 (aws:ec2/subnet:Subnet): InvalidSubnet.Range: 10.0.0.0/16 is outside\n"
        "aws-dev  error:     of the VPC\n"
        "aws-dev: failed after 1 min 15 s: 1 created, 2 unchanged\n"
        "next: mend the cause, then: hms up --all\n"
    )


def test_a_log_shows_signs_of_life() -> None:
    out = io.StringIO()
    reporter = PlainReporter(out, io.StringIO())
    for each in story()[:2]:
        reporter.emit(each)
    reporter.tick(T0 + HEARTBEAT / 2)
    assert "still" not in out.getvalue()
    reporter.tick(T0 + 600)
    assert out.getvalue().endswith("aws-dev  still creating aws-vpc (for 10 min 00 s)\n")


def test_replacements_and_deletions_are_named_before_the_question() -> None:
    out = io.StringIO()
    planned = (steps()[0], *(step.__class__(urn=step.urn, op="replace") for step in steps()[1:]))
    PlainReporter(out, io.StringIO()).emit(event("plan", counts=Counts(create=1, replace=1), steps=planned))
    assert out.getvalue() == (
        "aws-dev: 1 to create, 1 to replace\naws-dev  will replace aws-private-0 (aws:ec2/subnet:Subnet)\n"
    )


def test_json_lines() -> None:
    out = io.StringIO()
    reporter = JsonReporter(out)
    for each in story():
        reporter.emit(each)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert all(line["v"] == 1 and line["stack"] == "aws-dev" and line["verb"] == "up" for line in lines)
    assert lines[0] == {
        "v": 1,
        "event": "begin",
        "time": "2026-11-24T08:20:25.250Z",
        "stack": "aws-dev",
        "verb": "up",
    }
    assert lines[2] | {"time": ""} == {
        "v": 1,
        "event": "resource",
        "time": "",
        "stack": "aws-dev",
        "verb": "up",
        "phase": "finished",
        "op": "create",
        "type": "aws:ec2/vpc:Vpc",
        "name": "aws-vpc",
        "urn": VPC,
        "seconds": 3.25,
    }
    assert lines[-1] | {"time": ""} == {
        "v": 1,
        "event": "summary",
        "time": "",
        "stack": "aws-dev",
        "verb": "up",
        "create": 1,
        "update": 0,
        "replace": 0,
        "delete": 0,
        "same": 2,
        "result": "failed",
        "seconds": 75.0,
        "failures": [
            {
                "urn": SUBNET,
                "type": "aws:ec2/subnet:Subnet",
                "name": "aws-private-0",
                "op": "create",
                "cause": "InvalidSubnet.Range: 10.0.0.0/16 is outside\nof the VPC",
            }
        ],
        "next": "mend the cause, then: hms up --all",
    }


def test_a_plan_as_json() -> None:
    line = as_json(event("plan", counts=Counts(create=2), steps=steps()))
    assert line["create"] == 2
    assert line["steps"] == [
        {"urn": VPC, "op": "create", "after": []},
        {"urn": SUBNET, "op": "create", "after": [VPC]},
    ]


def test_an_error_as_json() -> None:
    out = io.StringIO()
    JsonReporter(out).fail(EngineError("it broke", "mend it", details=("here",)))
    line = json.loads(out.getvalue())
    assert {key: line[key] for key in ("v", "event", "text", "details", "next", "code")} == {
        "v": 1,
        "event": "error",
        "text": "it broke",
        "details": ["here"],
        "next": "mend it",
        "code": 1,
    }


def finding(level: str, urn: str = VPC) -> PolicyFinding:
    return PolicyFinding(
        rule="flow-logs", urn=urn, level=level, severity="high", message="there are none", remediation="Add them."
    )


def judged() -> list[Event]:
    found = (finding("mandatory"), finding("advisory", ""))
    policies = Policies(findings=found, undecided=(("mesh-one-ca", ""),))
    return [
        *(event("policy", finding=each, urn=each.urn) for each in found),
        event("summary", counts=Counts(create=1), outcome="succeeded", seconds=2.0, policies=policies),
    ]


def test_policies_as_lines() -> None:
    out = io.StringIO()
    for each in judged():
        PlainReporter(out, io.StringIO()).emit(each)
    assert out.getvalue() == (
        "aws-dev  mandatory policy flow-logs (high): aws-vpc (aws:ec2/vpc:Vpc): there are none\n"
        "aws-dev      instead: Add them.\n"
        "aws-dev  advisory policy flow-logs (high): the stack: there are none\n"
        "aws-dev      instead: Add them.\n"
        "aws-dev: 1 created; policies: 1 mandatory, 1 advisory, 1 not decidable yet after 2.0 s\n"
    )


def test_policies_on_a_terminal() -> None:
    reporter, console = _live()
    for each in judged():
        reporter.emit(each)
    reporter.close()
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "mandatory policy flow-logs (high): aws-vpc (aws:ec2/vpc:Vpc): there are none" in text
    assert "instead: Add them." in text


def test_policies_as_json() -> None:
    broken, of_stack, summary = (as_json(each) for each in judged())
    assert {key: broken[key] for key in ("event", "rule", "urn", "level", "severity", "message", "remediation")} == {
        "event": "policy",
        "rule": "flow-logs",
        "urn": VPC,
        "level": "mandatory",
        "severity": "high",
        "message": "there are none",
        "remediation": "Add them.",
    }
    assert "urn" not in of_stack
    assert summary["policies"] == {"mandatory": 1, "advisory": 1, "undecided": 1}
    assert "policies" not in as_json(story()[-1])


class _Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError(text)


def test_the_work_goes_on_when_nobody_reads() -> None:
    for reporter in (PlainReporter(_Gone(), io.StringIO()), JsonReporter(_Gone())):
        for each in story():
            reporter.emit(each)


def _live() -> tuple[LiveReporter, Console]:
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)
    return LiveReporter(console, console), console


def _text(reporter: LiveReporter) -> str:
    console = Console(file=io.StringIO(), width=120, color_system=None)
    console.print(reporter.picture())
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_the_picture_shows_what_is_building_since_when_what_waits_for_it_and_what_is_left() -> None:
    reporter, _ = _live()
    reporter.emit(event("plan", counts=Counts(create=2), steps=steps()))
    for each in story()[:2]:
        reporter.emit(each)
    reporter.tick(T0 + 90)
    text = _text(reporter)
    reporter.close()
    assert "Deploying aws-dev" in text
    assert "0 of 2" in text
    assert "creating  aws-vpc  aws:ec2/vpc:Vpc  for 1 min 30 s" in text
    assert "1 left" in text
    assert "aws-private-0 waits for aws-vpc" in text


def test_what_is_over_no_longer_waits() -> None:
    reporter, _ = _live()
    reporter.emit(event("plan", counts=Counts(create=2), steps=steps()))
    for each in story()[:3]:
        reporter.emit(each)
    text = _text(reporter)
    reporter.close()
    assert "1 of 2" in text
    assert "waits for" not in text


def test_a_run_leaves_lines_behind() -> None:
    reporter, console = _live()
    for each in story():
        reporter.emit(each)
    reporter.close()
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "created  aws-vpc" in text
    assert "creating aws-private-0 (aws:ec2/subnet:Subnet): InvalidSubnet.Range" in text
    assert "aws-dev: failed after 1 min 15 s: 1 created, 2 unchanged" in text
    assert "next: mend the cause" in text
    assert "\x1b[?25h" in text.rpartition("\x1b[?25l")[2], "the cursor is shown again"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.44, "0.4 s"), (34.0, "34 s"), (725.0, "12 min 05 s"), (3720.0, "1 h 02 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
