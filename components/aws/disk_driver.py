"""The driver that makes encrypted disks for pods that keep data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from components.aws.identity import ServiceAccountRole, ServiceAccountRoleArgs
from components.aws.naming import managed_policy, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.aws.cluster import EksCluster
    from components.aws.site import AwsSite

ADDON = "aws-ebs-csi-driver"
NAMESPACE = "kube-system"
SERVICE_ACCOUNT = "ebs-csi-controller-sa"
"""Service account of the driver's controller, as its addon names it."""

POLICY = "service-role/AmazonEBSCSIDriverPolicy"


@dataclass(frozen=True, kw_only=True)
class DiskDriverArgs:
    """Arguments of :class:`DiskDriver`.

    Parameters
    ----------
    after
        The node groups: EKS waits until the driver's pods run.
    """

    cluster: EksCluster
    site: AwsSite
    provider: aws.Provider
    after: Sequence[pulumi.Resource]


def key_statements(key_arn: pulumi.Input[str]) -> list[dict[str, Any]]:
    """List what the driver may do with the site's key: make encrypted disks, and let EC2 attach them."""
    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    return [
        {"Sid": "Use", "Effect": "Allow", "Action": use, "Resource": key_arn},
        {
            "Sid": "Attach",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": key_arn,
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    ]


class DiskDriver(pulumi.ComponentResource):
    """The EBS CSI driver, as an addon of EKS, with a role for its controller alone.

    Attributes
    ----------
    addon
        There once volumes can be made.
    """

    def __init__(self, name: str, args: DiskDriverArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:aws:DiskDriver", name, None, opts)
        tags = args.cluster.plan.tags
        role = ServiceAccountRole(
            f"{name}-driver",
            ServiceAccountRoleArgs(
                issuer=args.cluster.issuer,
                namespace=NAMESPACE,
                service_account=SERVICE_ACCOUNT,
                policies=(managed_policy(args.site.region, POLICY),),
                statements=key_statements(args.site.key_arn),
                tags=tags,
                provider=args.provider,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.addon = aws.eks.Addon(
            f"{name}-addon",
            cluster_name=args.cluster.name,
            addon_name=ADDON,
            service_account_role_arn=role.arn,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            tags=named(tags, f"{name}-addon"),
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=list(args.after)),
        )
        self.register_outputs({})
