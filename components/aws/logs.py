"""Encrypted log groups with an end to what they keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_aws as aws

from components.aws.naming import named

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi

RETENTION_DAYS = 365
"""How long logs are kept, in days: an incident is often found months later (CIS asks for a year)."""


def flow_log_group_name(tags: Mapping[str, str]) -> str:
    """Name the log group of a site's VPC flow logs."""
    return f"/hms/{tags['fleet']}/{tags['site']}/flow-logs"


def tunnel_log_group_name(tags: Mapping[str, str]) -> str:
    """Name the log group of a site's tunnels.

    AWS writes these logs itself. Under ``/aws/vendedlogs/`` it needs no entry of its own in the account's log
    resource policy, which is limited to 5120 characters ("Enable logging from AWS services").
    """
    return f"/aws/vendedlogs/hms/{tags['fleet']}/{tags['site']}/tunnels"


def control_plane_log_group_name(cluster: str) -> str:
    """Name the log group that EKS writes a control plane's logs to; ``cluster`` is the cluster's name in EKS."""
    return f"/aws/eks/{cluster}/cluster"


def log_group_patterns(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Give patterns of all log groups of a site, which its key serves and no others."""
    fleet, site = tags["fleet"], tags["site"]
    return (
        f"/hms/{fleet}/{site}/*",
        f"/aws/vendedlogs/hms/{fleet}/{site}/*",
        control_plane_log_group_name(f"{fleet}-*"),
    )


def log_group(
    name: str, physical: str, key_arn: pulumi.Input[str], tags: Mapping[str, str], opts: pulumi.ResourceOptions
) -> aws.cloudwatch.LogGroup:
    """Make a log group that is encrypted with the site's key.

    Parameters
    ----------
    name
        Logical name. Renaming it deletes the logs that were kept.
    physical
        Name in CloudWatch.
    """
    return aws.cloudwatch.LogGroup(
        name,
        name=physical,
        kms_key_id=key_arn,
        retention_in_days=RETENTION_DAYS,
        tags=named(tags, name),
        opts=opts,
    )
