"""Roles that an AWS service takes, with policies that AWS keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulumi


@dataclass(frozen=True, kw_only=True)
class ServiceRole:
    """A role and what gives it its permissions.

    What uses the role depends on the attachments too: then they come first, and are taken away last.
    """

    role: aws.iam.Role
    attachments: tuple[pulumi.Resource, ...]


def service_role(
    name: str, service: str, policies: Sequence[str], tags: Mapping[str, str], opts: pulumi.ResourceOptions
) -> ServiceRole:
    """Make a role for a service.

    Parameters
    ----------
    service
        Service that takes it, such as ``ec2.amazonaws.com``.
    policies
        ARNs of managed policies.
    """
    role = aws.iam.Role(
        f"{name}-role",
        assume_role_policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
            }
        ),
        tags=tags,
        opts=opts,
    )
    attachments = tuple(
        aws.iam.RolePolicyAttachment(
            f"{name}-{policy.rpartition('/')[2]}", role=role.name, policy_arn=policy, opts=opts
        )
        for policy in policies
    )
    return ServiceRole(role=role, attachments=attachments)
