"""CloudWatch log groups and VPC flow logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.aws import policies, tokens
from simulator.aws.common import ec2_reference, exactly_one, key_names, key_reference, make, matching, names
from simulator.kind import UNKNOWN, Autoname, Duration, Failure, Reference, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs
    from simulator.world import Record

_RETENTION = (
    0,
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)


def _logs_may_use_key(context: Context, inputs: Inputs) -> None:
    """CloudWatch tries the key at once: its policy must let the service of this region in."""
    wanted = inputs.get("kmsKeyId")
    if wanted is None:
        return
    group = f"arn:aws:logs:{context.scope}:{context.account}:log-group:{inputs['name']}"
    for key in context.find(tokens.KMS_KEY):
        if wanted in key_names(key) and policies.allows(
            key.outputs.get("policy"), "Service", f"logs.{context.scope}.amazonaws.com", "kms:GenerateDataKey"
        ):
            return
    raise Refused(
        "InvalidParameterException",
        f"The specified KMS key does not exist or is not allowed to be used with Arn '{group}'",
    )


def _not_protected(context: Context) -> None:
    if context.old is not None and context.old.outputs.get("deletionProtectionEnabled") is True:
        raise Refused(
            "ValidationException",
            "Cannot delete log group: deletion protection is enabled. Disable deletion protection first.",
        )


LOG_GROUP = make(
    tokens.LOG_GROUP,
    arn_as=("logs", "log-group:{name}"),
    autoname=Autoname("name", max_length=512),
    make_id=lambda _, inputs: str(inputs["name"]),
    exists=("ResourceAlreadyExistsException", "The specified log group already exists"),
    immutable=("name", "namePrefix", "logGroupClass"),
    references=(key_reference("kmsKeyId", "InvalidParameterException", "The specified KMS key does not exist"),),
    checks=(
        matching("name", r"[.\-_/#A-Za-z0-9]{1,512}", "1 to 512 characters of a-zA-Z0-9._-/#"),
        names("retentionInDays", _RETENTION),
        names("logGroupClass", ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")),
    ),
    admits=(_logs_may_use_key,),
    defaults={"retentionInDays": 0, "skipDestroy": False, "logGroupClass": "STANDARD"},
    on_delete=_not_protected,
    duration=Duration(create=1, update=1, delete=1),
)


def log_group_names(record: Record) -> Iterable[str]:
    """Give what an input may call a log group or bucket: its ARN, with or without the star CloudWatch adds."""
    arn = str(record.outputs.get("arn", ""))
    return arn, f"{arn}:*"


def _flow_log_form(inputs: Inputs) -> Iterable[Failure]:
    kind = inputs.get("logDestinationType", "cloud-watch-logs")
    if kind == "cloud-watch-logs" and inputs.get("iamRoleArn") is None:
        yield Failure("iamRoleArn", "DeliverLogsPermissionArn is required for log destination type cloud-watch-logs")
    if kind == "s3" and inputs.get("iamRoleArn") is not None:
        yield Failure("iamRoleArn", "DeliverLogsPermissionArn is not applicable for log destination type s3")
    if inputs.get("logDestination") is None:
        yield Failure("logDestination", "LogDestination can't be empty.")
    if inputs.get("transitGatewayId") is None and inputs.get("trafficType") is None:
        yield Failure("trafficType", "TrafficType is required for the resource type")
    if inputs.get("transitGatewayId") is not None and inputs.get("maxAggregationInterval", 60) not in (60, UNKNOWN):
        yield Failure("maxAggregationInterval", "a transit gateway's interval must be 60 seconds")


def _delivery_role(context: Context, inputs: Inputs) -> None:
    for role in context.find(tokens.ROLE, arn=inputs.get("iamRoleArn")):
        trust = role.outputs.get("assumeRolePolicy")
        if not policies.allows(trust, "Service", "vpc-flow-logs.amazonaws.com", "sts:AssumeRole"):
            raise Refused("InvalidParameter", "Unable to assume given IAM role")


FLOW_LOG = make(
    tokens.FLOW_LOG,
    id_prefix="fl",
    arn_as=("ec2", "vpc-flow-log/{id}"),
    immutable=(
        "deliverCrossAccountRole",
        "destinationOptions",
        "eniId",
        "iamRoleArn",
        "logDestination",
        "logDestinationType",
        "logFormat",
        "maxAggregationInterval",
        "subnetId",
        "trafficType",
        "transitGatewayAttachmentId",
        "transitGatewayId",
        "vpcId",
    ),
    references=(
        ec2_reference("vpcId", tokens.VPC, "vpc", code="InvalidVpcID.NotFound"),
        ec2_reference("subnetId", tokens.SUBNET, "subnet"),
        ec2_reference("transitGatewayId", tokens.TRANSIT_GATEWAY, "transitGateway"),
        Reference(
            "logDestination",
            (tokens.LOG_GROUP, tokens.BUCKET),
            by=log_group_names,
            code="InvalidParameter",
            message="LogDestination: {value} does not exist",
        ),
        Reference(
            "iamRoleArn",
            tokens.ROLE,
            by="arn",
            code="InvalidParameter",
            message="DeliverLogsPermissionArn: {value} is not a role of this account",
        ),
    ),
    checks=(
        exactly_one(
            "eniId", "subnetId", "transitGatewayId", "transitGatewayAttachmentId", "vpcId", "regionalNatGatewayId"
        ),
        names("trafficType", ("ACCEPT", "REJECT", "ALL")),
        names("logDestinationType", ("cloud-watch-logs", "s3", "kinesis-data-firehose")),
        names("maxAggregationInterval", (60, 600)),
        _flow_log_form,
    ),
    admits=(_delivery_role,),
    defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
    duration=Duration(create=2, update=1, delete=1),
)

KINDS = (LOG_GROUP, FLOW_LOG)
