"""The engine's events in our words: names, causes, counts; never a value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi.automation.events import EngineEvent

from ops.adapters.redact import redact
from ops.adapters.translate import Translation, clean, planned_steps
from ops.progress.events import Counts, Event
from tests.ops.fakes import SUBNET, VPC

ROOT = Path(__file__).parents[2]
STACK = "urn:pulumi:aws-dev::hms::pulumi:pulumi:Stack::hms-aws-dev"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"


def run(*events: dict[str, Any]) -> tuple[Translation, list[Event]]:
    translation = Translation("up", "aws-dev")
    found = [event for each in events for event in translation(EngineEvent.from_json(each))]
    return translation, found


def step(what: str, urn: str, op: str = "create", *, custom: bool = True) -> dict[str, Any]:
    type_ = urn.split("::")[2].rpartition("$")[2]
    state = {"urn": urn, "type": type_, "custom": custom, "outputs": {"password": "hunter2hunter2"}}
    metadata = {"op": op, "urn": urn, "type": type_, "new": state, "logical": True}
    return {what: {"metadata": metadata}}


def says(message: str, urn: str = "", severity: str = "error") -> dict[str, Any]:
    return {"diagnosticEvent": {"message": message, "color": "never", "severity": severity, "urn": urn}}


def test_a_step_starts_and_ends() -> None:
    _, (started, finished) = run(step("resourcePreEvent", VPC), step("resOutputsEvent", VPC))
    assert (started.phase, started.name, started.type, started.tangible) == (
        "started",
        "aws-vpc",
        "aws:ec2/vpc:Vpc",
        True,
    )
    assert finished.phase == "finished"
    assert finished.seconds is not None
    assert "hunter2" not in repr((started, finished))


def test_a_component_ends_once() -> None:
    events = [step("resOutputsEvent", VPC, custom=False)] * 2
    _, found = run(step("resourcePreEvent", VPC, custom=False), *events)
    assert [event.phase for event in found] == ["started", "finished"]


def test_the_stack_itself_is_no_news() -> None:
    assert run(step("resourcePreEvent", STACK), step("resOutputsEvent", STACK))[1] == []


def test_unchanged_resources_do_not_start() -> None:
    _, found = run(step("resourcePreEvent", VPC, "same"), step("resOutputsEvent", VPC, "same"))
    assert [event.phase for event in found] == ["finished"]


def test_a_failure_has_its_resource_and_cause() -> None:
    translation, found = run(
        step("resourcePreEvent", SUBNET),
        says(
            f"<{{%fg 1%}}>creating {SUBNET}: 1 error occurred:\n\t* InvalidSubnet.Range: outside<{{%reset%}}>", SUBNET
        ),
        step("resOpFailedEvent", SUBNET),
        says("update failed", STACK),
    )
    assert found[-1].phase == "failed"
    (failure,) = translation.failures()
    assert (failure.name, failure.op, failure.cause) == ("aws-private-0", "create", "InvalidSubnet.Range: outside")


def test_a_refused_property_is_a_failed_check() -> None:
    translation, _ = run(says("aws:ec2/subnet:Subnet resource 'x' has a problem: unknown property 'cidr'", SUBNET))
    (failure,) = translation.failures()
    assert (failure.op, failure.name) == ("check", "aws-private-0")


def test_the_aftermath_is_told_only_where_nothing_else_is() -> None:
    translation, _ = run(says("update failed", STACK))
    (failure,) = translation.failures()
    assert (failure.urn, failure.cause) == ("", "update failed")


def test_the_engine_counts() -> None:
    changes = {"create": 4, "same": 2, "read": 9}
    translation, _ = run(
        {"summaryEvent": {"maybeCorrupt": False, "durationSeconds": 1, "resourceChanges": changes, "PolicyPacks": {}}}
    )
    assert translation.counts == Counts(create=4, same=2)


def test_a_dead_engine_is_counted_for() -> None:
    translation, _ = run(step("resourcePreEvent", VPC), step("resOutputsEvent", VPC), step("resourcePreEvent", SUBNET))
    assert translation.counts == Counts(create=1)


def test_warnings_are_shown_and_debug_is_not() -> None:
    _, found = run(says("old engine", severity="warning"), says("rpc done", severity="debug"))
    assert [(event.level, event.text) for event in found] == [("warning", "old engine")]


def test_a_traceback_is_condensed_to_its_cause_and_our_place() -> None:
    text = (
        "python inline source runtime error: Program failed with an unhandled exception:\n"
        "Traceback (most recent call last):\n"
        f'  File "{ROOT}/components/fleet.py", line 12, in deploy\n    build()\n'
        f'  File "{ROOT}/.venv/lib/python3.11/site-packages/pulumi/output.py", line 3, in run\n    raise it\n'
        "ValueError: no such subnet\n"
    )
    assert clean(text) == "the program failed: ValueError: no such subnet (components/fleet.py:12)"


def policy(level: str, rule: str = "ebs-encrypted", message: str = "encrypt it") -> dict[str, Any]:
    return {
        "policyEvent": {
            "message": message,
            "color": "never",
            "policyName": rule,
            "policyPackName": "hms",
            "policyPackVersion": "1",
            "policyPackVersionTag": "1",
            "enforcementLevel": level,
            "resourceUrn": VPC,
        }
    }


def test_a_mandatory_policy_is_a_failure_and_an_advisory_one_is_not() -> None:
    translation, found = run(policy("mandatory"), policy("advisory"))
    assert [(event.kind, event.finding and event.finding.level) for event in found] == [
        ("policy", "mandatory"),
        ("policy", "advisory"),
    ]
    assert [failure.cause for failure in translation.failures()] == ["policy ebs-encrypted: encrypt it"]
    assert translation.policies is None, "the pack is not ours"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"bad key {KEY} here", "MIIEow"),
        (KEY[:-20], "MIIEow"),
        ('sharedKey: "abcdefgh12345678" is too short', "abcdefgh12345678"),
        ('{"password": "correct-horse-battery"}', "correct-horse-battery"),
        ("client-key-data: TUlJRXBBSUJBQUtDQVFFQQ==", "TUlJRXBBSUJBQUtDQVFFQQ"),
        ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0abc.c2lnbmF0dXJl", "eyJzdWIi"),
        ("AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
    ],
)
def test_secrets_do_not_pass(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert "[secret]" in redact(text)
    assert secret not in clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "InvalidSubnet.Range: The CIDR '10.0.0.0/24' is invalid",
        "secret hms/api not found",
        "the token is expired",
        "reading secrets of kms key arn:aws:kms:us-east-1:123456789012:key/mrk-1",
    ],
)
def test_plain_words_pass(text: str) -> None:
    assert redact(text) == text


def test_a_preview_tells_the_order() -> None:
    digest = {
        "steps": [
            {"op": "create", "urn": STACK, "newState": {}},
            {
                "op": "create",
                "urn": VPC,
                "newState": {"provider": "urn:pulumi:aws-dev::hms::pulumi:providers:aws::a::1"},
            },
            {
                "op": "create",
                "urn": SUBNET,
                "newState": {"dependencies": [VPC], "propertyDependencies": {"vpcId": [VPC]}},
            },
        ]
    }
    vpc, subnet = planned_steps(digest)
    assert vpc.after == ("urn:pulumi:aws-dev::hms::pulumi:providers:aws::a",)
    assert subnet.after == (VPC,)
