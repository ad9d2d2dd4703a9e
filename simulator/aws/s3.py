"""S3 buckets, whose names are unique over all regions, and what is set on them one by one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulator.aws import policies, tokens
from simulator.aws.common import key_reference, make, names
from simulator.kind import Autoname, Duration, Failure, Kind, Reference, Refused, known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs

_NAME = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


def _bucket_form(inputs: Inputs) -> Iterable[Failure]:
    name = inputs.get("bucket")
    if known(name) and (not _NAME.fullmatch(str(name)) or ".." in str(name) or _ADDRESS.fullmatch(str(name))):
        yield Failure(
            "bucket",
            f"InvalidBucketName: only 3 to 63 lowercase alphanumeric characters, dots and hyphens allowed: {name}",
        )


def _name_free(context: Context, inputs: Inputs) -> None:
    if any(context.find(tokens.BUCKET, anywhere=True, bucket=inputs["bucket"])):
        raise Refused(
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
            status=409,
        )


def _bucket_outputs(context: Context, inputs: Inputs) -> Outputs:
    name = inputs["bucket"]
    return {
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{context.scope}.amazonaws.com",
        "bucketRegion": context.scope,
        "hostedZoneId": f"Z{context.hex(13, 'zone').upper()}",
    }


BUCKET = make(
    tokens.BUCKET,
    arn_as=("s3", "{bucket}"),
    make_id=lambda _, inputs: str(inputs["bucket"]),
    exists=("BucketAlreadyOwnedByYou", "You already own the bucket {id}"),
    autoname=Autoname("bucket", max_length=63),
    immutable=("bucket", "bucketPrefix", "objectLockEnabled"),
    checks=(_bucket_form,),
    admits=(_name_free,),
    defaults={"forceDestroy": False, "objectLockEnabled": False},
    compute=_bucket_outputs,
    duration=Duration(create=3, update=2, delete=1),
)


def _side(token: str, **fields: Any) -> Kind:  # noqa: ANN401 - handed on
    """Make the kind of a setting of a bucket, which goes with it."""
    references = (
        Reference("bucket", tokens.BUCKET, code="NoSuchBucket", message="The specified bucket does not exist: {value}"),
        *fields.pop("references", ()),
    )
    return make(
        token,
        tagged=False,
        make_id=lambda _, inputs: str(inputs["bucket"]),
        exists=("BucketAlreadyConfigured", "{id} has this setting from another resource already"),
        immutable=("bucket",),
        references=references,
        **fields,
    )


VERSIONING = _side(
    tokens.BUCKET_VERSIONING,
    checks=(
        names("versioningConfiguration.status", ("Enabled", "Suspended", "Disabled")),
        names("versioningConfiguration.mfaDelete", ("Enabled", "Disabled")),
    ),
)
ENCRYPTION = _side(
    tokens.BUCKET_ENCRYPTION,
    references=(
        key_reference(
            "rules[].applyServerSideEncryptionByDefault.kmsMasterKeyId",
            "KMS.NotFoundException",
            "Invalid keyId {value}",
        ),
    ),
    checks=(names("rules[].applyServerSideEncryptionByDefault.sseAlgorithm", ("AES256", "aws:kms", "aws:kms:dsse")),),
)
PUBLIC_ACCESS = _side(
    tokens.BUCKET_PUBLIC_ACCESS,
    defaults={
        "blockPublicAcls": False,
        "blockPublicPolicy": False,
        "ignorePublicAcls": False,
        "restrictPublicBuckets": False,
    },
)


def _not_public(context: Context, inputs: Inputs) -> None:
    blocks = context.find(tokens.BUCKET_PUBLIC_ACCESS, bucket=inputs["bucket"], blockPublicPolicy=True)
    for statement in policies.statements(inputs["policy"]):
        everyone = any(name == "*" for _, name in policies.principals(statement))
        if statement.get("Effect") == "Allow" and everyone and not statement.get("Condition") and any(blocks):
            raise Refused(
                "AccessDenied", "because public policies are prevented by the BlockPublicPolicy setting", status=403
            )


POLICY = _side(
    tokens.BUCKET_POLICY,
    checks=(policies.well_formed("policy", "resource"),),
    admits=(_not_public,),
)

KINDS = (BUCKET, VERSIONING, ENCRYPTION, PUBLIC_ACCESS, POLICY)
