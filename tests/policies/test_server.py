"""The pack as the engine talks to it: messages in, messages out."""

from __future__ import annotations

from datetime import date
from typing import Any, NoReturn

import grpc
import pytest
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policies.registry import RULES
from policies.server import NAME, PolicyServer
from policies.wire import SECRET, SIGNATURE, UNKNOWN_TEXTS
from tests.policies.rows.tunnels import PSK, aws_end, azure_end, local

KEY = "aws:kms/key:Key"
VOLUME = "aws:ebs/volume:Volume"
AZURE = "azure-native:network:VirtualNetworkGatewayConnection"


class Refusal(Exception):  # noqa: N818 - what the engine gets is no error of ours
    pass


class Context(grpc.ServicerContext):  # type: ignore[misc]
    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        raise Refusal(f"{code.name}: {details}")


Context.__abstractmethods__ = frozenset()
CONTEXT = Context()


def urn(name: str) -> str:
    return f"urn:pulumi:dev::hms::type::{name}"


def asked(type_: str, properties: dict[str, Any], name: str = "one") -> analyzer_pb2.AnalyzeRequest:
    request = analyzer_pb2.AnalyzeRequest(type=type_, urn=urn(name), name=name)
    json_format.ParseDict(properties, request.properties)
    return request


def secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def failed(response: analyzer_pb2.AnalyzeResponse) -> list[str]:
    return [diagnostic.policyName for diagnostic in response.diagnostics]


def undecided(response: analyzer_pb2.AnalyzeResponse) -> dict[str, str]:
    return {one.policy_name: one.reason for one in response.not_applicable if one.reason.startswith("not decidable")}


def configured(**entries: dict[str, Any]) -> PolicyServer:
    server = PolicyServer(today=lambda: date(2026, 6, 30))
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for name, entry in entries.items():
        config = request.policyConfig[name.replace("_", "-")]
        config.enforcementLevel = entry.pop("level", analyzer_pb2.MANDATORY)
        json_format.ParseDict(entry, config.properties)
    server.Configure(request, CONTEXT)
    return server


def test_every_rule_is_a_policy_with_its_level() -> None:
    info = PolicyServer().GetAnalyzerInfo(empty_pb2.Empty(), CONTEXT)
    assert [policy.name for policy in info.policies] == [rule.id for rule in RULES]
    by_name = {policy.name: policy for policy in info.policies}
    assert by_name["kms-key-rotates"].enforcementLevel == analyzer_pb2.MANDATORY
    assert by_name["kms-key-rotates"].policy_type == analyzer_pb2.POLICY_TYPE_RESOURCE
    assert by_name["tunnel-keys-equal"].policy_type == analyzer_pb2.POLICY_TYPE_STACK
    assert by_name["tunnel-keys-equal"].severity == analyzer_pb2.POLICY_SEVERITY_CRITICAL
    assert "exceptions" in by_name["psk-strong"].configSchema.properties
    assert info.supportsConfig


def test_a_violation_is_told_with_its_remedy() -> None:
    response = PolicyServer().Analyze(asked(VOLUME, {"encrypted": False, "kmsKeyId": "k", "tags": TAGS}), CONTEXT)
    (diagnostic,) = response.diagnostics
    assert diagnostic.policyName == "ebs-volume-encrypted"
    assert diagnostic.policyPackName == NAME
    assert diagnostic.urn == urn("one")
    assert diagnostic.enforcementLevel == analyzer_pb2.MANDATORY
    assert "encrypted is false: whoever gets a snapshot of it could read it" in diagnostic.message
    assert "kms_key_id" in diagnostic.message


TAGS = {"owner": "a", "fleet": "b", "cost-center": "c"}


def test_the_unknown_values_are_those_of_the_policy_sdk() -> None:
    assert UNKNOWN_STRING_VALUE in UNKNOWN_TEXTS
    assert len(UNKNOWN_TEXTS) == 7


def test_an_unknown_value_is_not_decidable_and_hides_nothing() -> None:
    volume = {"encrypted": False, "kmsKeyId": UNKNOWN_STRING_VALUE, "tags": TAGS}
    assert failed(PolicyServer().Analyze(asked(VOLUME, volume), CONTEXT)) == ["ebs-volume-encrypted"]
    unsure = {"encrypted": True, "kmsKeyId": UNKNOWN_STRING_VALUE, "tags": TAGS}
    response = PolicyServer().Analyze(asked(VOLUME, unsure), CONTEXT)
    assert failed(response) == []
    assert undecided(response) == {"ebs-volume-encrypted": "not decidable yet: kmsKeyId will be known by the update"}


def test_rules_for_other_types_do_not_pass() -> None:
    response = PolicyServer().Analyze(asked(VOLUME, {}), CONTEXT)
    told = {one.policy_name for one in response.not_applicable}
    assert "kms-key-rotates" in told
    assert not {"ebs-volume-encrypted", "tags-complete", "tunnel-keys-equal"} & told


def test_marks_of_secrets_are_seen_and_values_are_not_told() -> None:
    plain = {"connectionType": "IPsec", "sharedKey": "short-and-plain", "tags": TAGS}
    response = PolicyServer().Analyze(asked(AZURE, plain), CONTEXT)
    assert {"secrets-marked", "psk-strong"} <= set(failed(response))
    assert "short-and-plain" not in str(response)
    marked = PolicyServer().Analyze(asked(AZURE, {**plain, "sharedKey": secret("short-and-plain")}), CONTEXT)
    assert "secrets-marked" not in failed(marked)
    assert "psk-strong" in failed(marked)
    assert "short-and-plain" not in str(marked)


def in_stack(resource: Any, properties: dict[str, Any]) -> analyzer_pb2.AnalyzerResource:
    message = analyzer_pb2.AnalyzerResource(type=resource.type, urn=resource.urn, name=resource.name)
    json_format.ParseDict(properties, message.properties)
    for name, urns in resource.dependencies.items():
        message.propertyDependencies[name].urns.extend(sorted(urns))
    return message


def test_the_stack_is_judged_by_what_was_asked_for_and_not_by_outputs() -> None:
    ends = [aws_end(), azure_end(), local(), azure_end("azure-2", "169.254.22.2", f"{PSK}b", "local-2")]
    ends.append(local("local-2", "169.254.22.1"))
    server = PolicyServer()
    for end in ends:
        server.Analyze(asked(end.type, dict(end.inputs), end.name), CONTEXT)
    # Azure does not repeat a key that it was given.
    outputs = [{key: value for key, value in end.inputs.items() if key != "sharedKey"} for end in ends]
    request = analyzer_pb2.AnalyzeStackRequest(resources=map(in_stack, ends, outputs))
    assert failed(server.AnalyzeStack(request, CONTEXT)) == []
    # Without what was asked for there is nothing but the outputs.
    assert "tunnel-keys-equal" in failed(PolicyServer().AnalyzeStack(request, CONTEXT))


def test_a_level_is_taken() -> None:
    server = configured(
        ebs_volume_encrypted={"level": analyzer_pb2.ADVISORY}, tags_complete={"level": analyzer_pb2.DISABLED}
    )
    (diagnostic,) = server.Analyze(asked(VOLUME, {"encrypted": False, "kmsKeyId": "k"}), CONTEXT).diagnostics
    assert diagnostic.enforcementLevel == analyzer_pb2.ADVISORY


def exception(**changes: Any) -> dict[str, Any]:
    return {"exceptions": [{"resource": "one", "reason": "because of this test", "expires": "2026-06-30", **changes}]}


def test_an_exception_is_taken() -> None:
    server = configured(ebs_volume_encrypted=exception())
    volume = {"encrypted": False, "kmsKeyId": "k", "tags": TAGS}
    assert failed(server.Analyze(asked(VOLUME, volume), CONTEXT)) == []
    assert failed(server.Analyze(asked(VOLUME, volume, "other"), CONTEXT)) == ["ebs-volume-encrypted"]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"no_such_rule": {}}, "INVALID_ARGUMENT: the policy configuration is refused:\n  - no-such-rule: there is no"),
        ({"psk_strong": {"level": analyzer_pb2.REMEDIATE}}, "enforcementLevel is 'remediate'"),
        ({"psk_strong": exception(reason="")}, "exceptions[0]: reason is ''"),
        ({"psk_strong": exception(expires="2026-06-29")}, "have expired:\n  - exception of psk-strong for one"),
    ],
)
def test_a_configuration_that_says_nothing_sensible_stops_everything(entries: dict[str, Any], said: str) -> None:
    with pytest.raises(Refusal) as caught:
        configured(**entries)
    assert said in str(caught.value)
