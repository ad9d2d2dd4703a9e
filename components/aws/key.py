"""The site's encryption key: Kubernetes secrets, logs and disks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from components.aws.logs import log_group_patterns
from components.aws.naming import named, partition

if TYPE_CHECKING:
    from infra.plan import AwsSitePlan

_USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]

DELETION_WINDOW_DAYS = 30
"""How long a deleted key can be brought back, in days: the longest that AWS offers."""


@dataclass(frozen=True, kw_only=True)
class SiteKeyArgs:
    """Arguments of :class:`SiteKey`.

    Parameters
    ----------
    account
        Number of the account that the site is in.
    """

    plan: AwsSitePlan
    account: pulumi.Input[str]
    provider: aws.Provider


def key_policy(plan: AwsSitePlan, account: str) -> dict[str, Any]:
    """Write the key's policy: who may use it beside those to whom IAM grants it.

    Disks of managed node groups are made by the service-linked role of Auto Scaling, which has no policy of ours
    ("Required AWS KMS key policy for use with encrypted volumes"): without the last two statements instances end
    with ``Client.InternalError``. In a fresh account that role comes into being with the first group, and KMS refuses
    a policy whose principal does not exist; so the role is named in a condition, which is no weaker: the condition
    key holds the ARN of the caller's role, path and account included.
    """
    arn = f"arn:{partition(plan.region)}"
    scaling = f"{arn}:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    only_scaling = {"ArnEquals": {"aws:PrincipalArn": scaling}, "StringEquals": {"kms:CallerAccount": account}}
    logs = [f"{arn}:logs:{plan.region}:{account}:log-group:{pattern}" for pattern in log_group_patterns(plan.tags)]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AccountDecidesByIam",
                "Effect": "Allow",
                "Principal": {"AWS": f"{arn}:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "LogsOfTheSite",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{plan.region}.amazonaws.com"},
                "Action": _USE,
                "Resource": "*",
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
            },
            {
                "Sid": "DisksOfNodeGroups",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": _USE,
                "Resource": "*",
                "Condition": only_scaling,
            },
            {
                "Sid": "DisksOfNodeGroupsAttached",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": "kms:CreateGrant",
                "Resource": "*",
                "Condition": {**only_scaling, "Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
        ],
    }


class SiteKey(pulumi.ComponentResource):
    """A key that rotates every year, with an alias.

    Attributes
    ----------
    arn
        The key's ARN.
    """

    def __init__(self, name: str, args: SiteKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:aws:SiteKey", name, None, opts)
        plan = args.plan
        # Renaming it replaces the key: what the old one encrypted (disks, secrets, logs) is lost 30 days later.
        key = aws.kms.Key(
            f"{name}-key",
            description=f"{plan.tags['fleet']}: secrets, logs and disks of site {plan.name}",
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=pulumi.Output.json_dumps(
                pulumi.Output.from_input(args.account).apply(lambda account: key_policy(plan, account))
            ),
            tags=named(plan.tags, name),
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider, protect=plan.protect),
        )
        aws.kms.Alias(
            f"{name}-alias",
            name=f"alias/hms/{plan.tags['fleet']}/{plan.name}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider),
        )
        self.arn: pulumi.Output[str] = key.arn
        self.register_outputs({"arn": self.arn})
