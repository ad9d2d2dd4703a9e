"""Flow logs of the site's VPC: who talked to whom, and what the security groups refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from components.aws.logs import flow_log_group_name, log_group
from components.aws.naming import named, partition

if TYPE_CHECKING:
    from infra.plan import AwsSitePlan

AGGREGATION_SECONDS = 60
"""How long flows are gathered before they are written: the shortest of the two that AWS offers."""


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """Arguments of :class:`FlowLogs`.

    Parameters
    ----------
    key_arn
        Key of the log group.
    account
        Number of the account that the site is in.
    """

    plan: AwsSitePlan
    vpc_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    account: pulumi.Input[str]
    provider: aws.Provider


def _trust(plan: AwsSitePlan, account: str) -> dict[str, Any]:
    # Without the conditions the service could be made to use the role for another account's logs (confused deputy).
    source = f"arn:{partition(plan.region)}:ec2:{plan.region}:{account}:vpc-flow-log/*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account},
                    "ArnLike": {"aws:SourceArn": source},
                },
            }
        ],
    }


def _permissions(log_group_arn: str) -> dict[str, Any]:
    # The log group is ours, so the role need not make one.
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                "Resource": f"{log_group_arn}:*",
            },
            {"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*"},
        ],
    }


class FlowLogs(pulumi.ComponentResource):
    """All traffic of a VPC, in an encrypted log group."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:aws:FlowLogs", name, None, opts)
        plan = args.plan
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        group = log_group(f"{name}-logs", flow_log_group_name(plan.tags), args.key_arn, plan.tags, child)
        account = pulumi.Output.from_input(args.account)
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=pulumi.Output.json_dumps(account.apply(lambda number: _trust(plan, number))),
            tags=named(plan.tags, f"{name}-role"),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-write",
            role=role.name,
            policy=pulumi.Output.json_dumps(group.arn.apply(_permissions)),
            opts=child,
        )
        aws.ec2.FlowLog(
            f"{name}-all",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination=group.arn,
            log_destination_type="cloud-watch-logs",
            iam_role_arn=role.arn,
            max_aggregation_interval=AGGREGATION_SECONDS,
            tags=named(plan.tags, f"{name}-all"),
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=[policy]),
        )
        self.register_outputs({"logGroup": group.name})
