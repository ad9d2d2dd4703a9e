"""KMS keys and aliases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from simulator.aws import policies, tokens
from simulator.aws.common import between, key_names, make, matching, names
from simulator.kind import Autoname, Duration, Failure, Reference, Refused, known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs

CALLER = "arn:aws:iam::{account}:user/hms"
"""Who the simulated program is, see the invoke ``getCallerIdentity``."""


def default_policy(account: str) -> str:
    """Policy of a key made without one: the account's own IAM policies decide."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Id": "key-default-1",
            "Statement": [
                {
                    "Sid": "Enable IAM User Permissions",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    )


def _key_form(inputs: Inputs) -> Iterable[Failure]:
    if inputs.get("rotationPeriodInDays") is not None and inputs.get("enableKeyRotation", False) is False:
        yield Failure("rotationPeriodInDays", '"rotation_period_in_days": enable_key_rotation must be set to true')
    spec = inputs.get("customerMasterKeySpec", "SYMMETRIC_DEFAULT")
    if inputs.get("enableKeyRotation") is True and known(spec) and spec != "SYMMETRIC_DEFAULT":
        yield Failure("enableKeyRotation", "only symmetric encryption keys can be rotated automatically")


def _not_locked_out(context: Context, inputs: Inputs) -> None:
    policy = inputs.get("policy")
    if policy is None or inputs.get("bypassPolicyLockoutSafetyCheck") is True:
        return
    owners = (f"arn:aws:iam::{context.account}:root", context.account, CALLER.format(account=context.account))
    if not any(policies.allows(policy, "AWS", owner, "kms:PutKeyPolicy") for owner in owners):
        raise Refused(
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        )


def _principals_exist(context: Context, inputs: Inputs) -> None:
    """Refuse roles of this account that do not exist; Auto Scaling's own comes into being with the first group."""
    scaling = any(context.find(tokens.AUTO_SCALING_GROUP, anywhere=True))
    for statement in policies.statements(inputs.get("policy") or "{}"):
        for kind, name in policies.principals(statement):
            if kind != "AWS" or not name.startswith(f"arn:aws:iam::{context.account}:role/"):
                continue
            exists = scaling if "/aws-service-role/" in name else any(context.find(tokens.ROLE, arn=name))
            if not exists:
                raise Refused(
                    "MalformedPolicyDocumentException",
                    f"Policy contains a statement with one or more invalid principals: {name}",
                )


def _key_outputs(context: Context, inputs: Inputs) -> Outputs:
    return {"keyId": context.id, "policy": inputs.get("policy") or default_policy(context.account)}


KEY = make(
    tokens.KMS_KEY,
    arn_as=("kms", "key/{id}"),
    make_id=lambda context, _: context.uuid(),
    immutable=("customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"),
    checks=(
        between("deletionWindowInDays", 7, 30),
        between("rotationPeriodInDays", 90, 2_560),
        names("keyUsage", ("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT")),
        policies.well_formed("policy", "resource"),
        _key_form,
    ),
    admits=(_not_locked_out, _principals_exist),
    defaults={
        "keyUsage": "ENCRYPT_DECRYPT",
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "isEnabled": True,
        "enableKeyRotation": False,
        "multiRegion": False,
    },
    compute=_key_outputs,
    computed=("policy",),
    # Deleting only schedules it: whoever uses the key does not stop that.
    duration=Duration(create=8, update=5, delete=2),
)


def _alias_outputs(context: Context, inputs: Inputs) -> Outputs:
    for key in context.find(tokens.KMS_KEY):
        if inputs["targetKeyId"] in key_names(key):
            return {"targetKeyArn": key.outputs["arn"]}
    return {}


ALIAS = make(
    tokens.KMS_ALIAS,
    tagged=False,
    arn_as=("kms", "{name}"),
    make_id=lambda _, inputs: str(inputs["name"]),
    exists=("AlreadyExistsException", "An alias with the name {id} already exists"),
    autoname=Autoname("name", max_length=256),
    immutable=("name", "namePrefix"),
    references=(
        Reference(
            "targetKeyId",
            tokens.KMS_KEY,
            by=key_names,
            code="NotFoundException",
            message="Invalid keyId {value}",
        ),
    ),
    checks=(
        matching(
            "name",
            r"alias/(?!aws/)[a-zA-Z0-9/_-]{1,250}",
            "must begin with 'alias/', not 'alias/aws/', and have letters, digits, /, _ and - only",
        ),
    ),
    compute=_alias_outputs,
    duration=Duration(create=1, update=1, delete=1),
)

KINDS = (KEY, ALIAS)
