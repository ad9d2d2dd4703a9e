"""Physical names, ARNs and tags as AWS wants them. No resource is made here."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LOAD_BALANCER_NAME = 32
"""Longest name of a load balancer or target group, in characters."""

ROLE_NAME = 64
"""Longest name of an IAM role, in characters."""

_PARTITIONS = (("us-gov-", "aws-us-gov"), ("cn-", "aws-cn"))
_DIGEST = 8


def partition(region: str) -> str:
    """Give the partition of a region, the second part of its ARNs."""
    return next((name for prefix, name in _PARTITIONS if region.startswith(prefix)), "aws")


def managed_policy(region: str, name: str) -> str:
    """Give the ARN of a policy that AWS keeps, such as ``AmazonEKSClusterPolicy`` or ``service-role/...``."""
    return f"arn:{partition(region)}:iam::aws:policy/{name}"


def bounded(name: str, limit: int) -> str:
    """Shorten a physical name to ``limit`` characters; what is cut off lives on in a digest, so names stay distinct.

    For names that Pulumi cannot make up itself: its random suffix does not fit behind the longest names of a fleet.
    """
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: limit - _DIGEST - 1].rstrip('-')}-{digest}"


def cluster_name(tags: Mapping[str, str], cluster: str) -> str:
    """Give the name of an EKS cluster: clusters of two fleets in one account must not meet."""
    return f"{tags['fleet']}-{cluster}"


def named(tags: Mapping[str, str], name: str, **more: str) -> dict[str, str]:
    """Give a resource's tags: the plan's, its ``Name``, and what is particular to it."""
    return {**tags, "Name": name, **more}
