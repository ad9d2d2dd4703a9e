"""Identities: one role, one service account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws
import pytest

from components.aws.identity import Issuer, ServiceAccountRole, ServiceAccountRoleArgs
from tests.components.aws_fleets import dev
from tests.components.recording import record

if TYPE_CHECKING:
    from components.contracts import Identity

TAGS = {"fleet": "dev", "cluster": "aws-1"}


def role_args(**change: object) -> ServiceAccountRoleArgs:
    given: dict[str, object] = {
        "issuer": Issuer(arn=pulumi.Output.from_input("arn:oidc"), url=pulumi.Output.from_input("https://oidc/id/X")),
        "namespace": "hms-api",
        "service_account": "api",
        "tags": TAGS,
        "provider": aws.Provider("cloud"),
    }
    return ServiceAccountRoleArgs(**{**given, **change})  # type: ignore[arg-type]


def test_the_trust_is_bounded_to_one_service_account() -> None:
    recording = dev()
    policy = json.loads(recording.named("aws-1-api-identity-role").inputs["assumeRolePolicy"])
    issuer = recording.named("aws-1-oidc").inputs["url"].removeprefix("https://")
    (statement,) = policy["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert set(statement["Principal"]) == {"Federated"}
    assert statement["Principal"]["Federated"].endswith(f"oidc-provider/{issuer}")
    assert statement["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": "system:serviceaccount:hms-api:api",
        }
    }


@pytest.mark.parametrize("field", ["namespace", "service_account"])
@pytest.mark.parametrize("value", ["*", "api-*", "", "a:b", "ap?"])
def test_patterns_are_refused(field: str, value: str) -> None:
    def program() -> None:
        with pytest.raises(ValueError, match=field):
            role_args(**{field: value})

    record(program)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"Action": "*"}, r"action \*"),
        ({"Action": ("s3:PutObject", "iam:*")}, r"action iam:\*"),
        ({"Resource": "*"}, r"resource \* without a condition"),
        ({"NotAction": "iam:*"}, "NotAction"),
    ],
)
def test_statements_that_allow_too_much_are_refused(change: dict[str, object], problem: str) -> None:
    good = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::a/*"}

    def program() -> None:
        with pytest.raises(ValueError, match=rf"statements\[1\] of hms-api/api allows too much \({problem}.*; name "):
            role_args(statements=[good, {**good, **change}])

    record(program)


def test_what_a_statement_only_learns_later_may_stand_in_it() -> None:
    def program() -> None:
        arn = pulumi.Output.from_input("arn:aws:kms:us-east-1:123456789012:key/1")
        statement = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": arn}
        ServiceAccountRole("role", role_args(statements=(statement,)))

    (statement,) = json.loads(record(program).named("role-policy").inputs["policy"])["Statement"]
    assert statement["Resource"] == "arn:aws:kms:us-east-1:123456789012:key/1"


def test_workloads_get_annotation_and_what_to_wait_for() -> None:
    made: list[Identity] = []

    def program() -> None:
        identity = ServiceAccountRole("aws-1-api-identity", role_args()).identity()
        made.append(identity)
        pulumi.export("annotations", dict(identity.annotations))

    recording = record(program)
    (annotation,) = recording.exports()["annotations"].items()
    assert annotation == ("eks.amazonaws.com/role-arn", "arn:aws:iam::123456789012:role/dev-aws-1-api-identity")
    (identity,) = made
    assert dict(identity.pod_labels) == {}
    assert len(identity.resources) == 1


def test_policies_come_with_the_arn() -> None:
    def program() -> None:
        policy = "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"
        statements = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}]
        role = ServiceAccountRole("role", role_args(policies=(policy,), statements=statements))
        aws.iam.RolePolicy("after", role=role.arn, policy="{}")

    recording = record(program)
    after = recording.named("after")
    assert recording.waits_for(after, recording.named("role-AmazonEBSCSIDriverPolicy"))
    assert recording.waits_for(after, recording.named("role-policy"))


def test_role_names_fit_however_long_the_components_is() -> None:
    recording = record(lambda: ServiceAccountRole(f"{'c' * 32}-{'d' * 40}-identity", role_args()))
    (role,) = recording.of_type("Role")
    assert len(role.inputs["name"]) <= 64
