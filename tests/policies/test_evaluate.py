from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from policies.config import PolicyConfig, RuleException
from policies.evaluate import evaluate, read_stack_export
from policies.registry import BY_ID
from policies.values import UNKNOWN, Secret
from policies.wire import HIDDEN, SECRET, SIGNATURE, decode
from tests.policies.recorded import resources_of
from tests.policies.rows.row import made
from tests.policies.rows.tunnels import LINK

TODAY = date(2026, 6, 30)
KEY = made("aws:kms/key:Key", {"enableKeyRotation": False, "deletionWindowInDays": 7, "tags": {"owner": "a"}}, "key")
UNSURE = made("aws:kms/key:Key", {"enableKeyRotation": UNKNOWN, "tags": UNKNOWN}, "unsure")


def excepted(rule: str, pattern: str, expires: date = TODAY) -> RuleException:
    return RuleException(rule=rule, resource=pattern, reason="because of this test", expires=expires)


def test_findings_say_everything_and_come_worst_first() -> None:
    report = evaluate([KEY], PolicyConfig(), TODAY)
    assert [(one.rule, one.path) for one in report.findings] == [
        ("kms-key-deletion-waits", "deletionWindowInDays"),
        ("kms-key-rotates", "enableKeyRotation"),
        ("tags-complete", "tags.fleet"),
        ("tags-complete", "tags[cost-center]"),
    ]
    first = report.findings[1]
    assert first.severity == "high"
    assert first.level == "mandatory"
    assert first.name == "key"
    assert first.remediation == BY_ID["kms-key-rotates"].remediation
    assert "would stay the same for ever" in first.message
    assert report.fails


def test_the_order_of_resources_does_not_matter() -> None:
    resources = [*resources_of("dev"), KEY, UNSURE]
    expected = evaluate(resources, PolicyConfig(), TODAY)
    assert evaluate(resources[::-1], PolicyConfig(), TODAY) == expected


def test_not_decidable_is_neither_a_finding_nor_a_pass() -> None:
    rules = [BY_ID["kms-key-rotates"]]
    report = evaluate([UNSURE], PolicyConfig(), TODAY, rules)
    assert report.findings == ()
    assert [(one.rule, one.path) for one in report.undecided] == [("kms-key-rotates", "enableKeyRotation")]
    assert report.passes == 0
    assert not report.fails
    assert evaluate([replace(UNSURE, inputs={"enableKeyRotation": True})], PolicyConfig(), TODAY, rules).passes == 1


def test_levels() -> None:
    report = evaluate([KEY], PolicyConfig(levels={"all": "advisory", "kms-key-rotates": "disabled"}), TODAY)
    assert {one.level for one in report.findings} == {"advisory"}
    assert "kms-key-rotates" not in {one.rule for one in report.findings}
    assert not report.fails


@pytest.mark.parametrize("pattern", ["key", "*::key", "k?y", "urn:pulumi:dev::*"])
def test_an_exception_takes_a_finding_off_and_is_reported(pattern: str) -> None:
    config = PolicyConfig(exceptions=(excepted("kms-key-rotates", pattern),))
    report = evaluate([KEY], config, TODAY)
    assert "kms-key-rotates" not in {one.rule for one in report.findings}
    assert [(use.exception.resource, use.urn) for use in report.used] == [(pattern, KEY.urn)]
    assert report.expired == ()


def test_an_exception_is_for_its_rule_and_its_resource() -> None:
    config = PolicyConfig(exceptions=(excepted("kms-key-rotates", "other"), excepted("tags-complete", "key")))
    report = evaluate([KEY], config, TODAY)
    assert {one.rule for one in report.findings} == {"kms-key-rotates", "kms-key-deletion-waits"}


def test_an_expired_exception_takes_nothing_off_and_fails() -> None:
    config = PolicyConfig(exceptions=(excepted("kms-key-rotates", "key", date(2026, 6, 29)),))
    report = evaluate([KEY], config, TODAY)
    assert "kms-key-rotates" in {one.rule for one in report.findings}
    assert report.expired == config.exceptions
    # Whether or not anything breaks the rule still.
    assert evaluate([], config, TODAY).fails


def test_an_exception_holds_for_a_rule_over_the_stack_too() -> None:
    resources = LINK[:3]  # the second tunnel has no other end
    rules = [BY_ID["tunnel-ends-meet"]]
    assert evaluate(resources, PolicyConfig(), TODAY, rules).fails
    config = PolicyConfig(exceptions=(excepted("tunnel-ends-meet", "aws"),))
    assert not evaluate(resources, config, TODAY, rules).fails


def test_an_exported_stack_is_read() -> None:
    urn = "urn:pulumi:dev::hms::azure-native:network:VirtualNetworkGatewayConnection::one"
    secret = {SIGNATURE: SECRET, "ciphertext": "v1:abc"}
    export = {
        "version": 3,
        "deployment": {
            "resources": [
                {
                    "urn": urn,
                    "type": "azure-native:network:VirtualNetworkGatewayConnection",
                    "inputs": {
                        "__defaults": [],
                        "connectionType": "IPsec",
                        "sharedKey": secret,
                        "dpdTimeoutSeconds": 45.0,
                    },
                    "provider": "urn:pulumi:dev::hms::pulumi:providers:azure-native::azure::1234",
                    "propertyDependencies": {"sharedKey": ["urn:psk"], "connectionType": None},
                },
                {"urn": "urn:gone", "type": "a:b:C", "delete": True},
                {"urn": "urn:pulumi:dev::hms::pulumi:pulumi:Stack::hms-dev", "type": "pulumi:pulumi:Stack"},
            ]
        },
    }
    connection, stack = read_stack_export(export)
    assert connection.name == "one"
    assert connection.provider == "urn:pulumi:dev::hms::pulumi:providers:azure-native::azure"
    assert dict(connection.inputs) == {
        "connectionType": "IPsec",
        "sharedKey": Secret(UNKNOWN),
        "dpdTimeoutSeconds": 45,
    }
    assert connection.dependencies["sharedKey"] == {"urn:psk"}
    assert stack.inputs == {}
    # A rule about the mark passes on ciphertext, one about the value is undecided.
    assert BY_ID["secrets-marked"].run(connection) == ()
    report = evaluate([connection], PolicyConfig(), TODAY, [BY_ID["psk-strong"]])
    assert [one.path for one in report.undecided] == ["sharedKey"]


def test_no_exported_stack_is_refused() -> None:
    with pytest.raises(ValueError, match="pulumi stack export"):
        read_stack_export({"version": 3})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({SIGNATURE: SECRET, "value": "a"}, Secret("a")),
        ({SIGNATURE: SECRET, "plaintext": '{"a": [1.0]}'}, Secret({"a": [1]})),
        ({SIGNATURE: SECRET, "ciphertext": "v1:x"}, Secret(UNKNOWN)),
        ({SIGNATURE: SECRET, "value": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}, Secret(UNKNOWN)),
        ({SIGNATURE: SECRET, "value": HIDDEN}, Secret(Secret(UNKNOWN))),
        (HIDDEN, Secret(UNKNOWN)),
        ("6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", UNKNOWN),
        ({SIGNATURE: "5cf8f73096256a8f31e491e813e4eb8e", "urn": "urn:a"}, "urn:a"),
        ({SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "file"}, UNKNOWN),
        (30.0, 30),
        (0.5, 0.5),
        (True, True),
        ({"a": [None, {"b": 2.0}]}, {"a": [None, {"b": 2}]}),
    ],
)
def test_what_the_engine_writes_is_read(written: object, meant: object) -> None:
    assert decode(written) == meant
