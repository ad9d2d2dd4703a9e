"""Subnets of a site, one a zone of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pulumi_aws as aws

from components.aws.naming import named

if TYPE_CHECKING:
    import pulumi

    from infra.plan import AwsSitePlan

Kind = Literal["public", "nodes", "mesh", "attachment"]
Subnets = tuple[aws.ec2.Subnet, aws.ec2.Subnet, aws.ec2.Subnet]

_TAGS: dict[Kind, dict[str, str]] = {
    # Where a load balancer that is asked for from inside a cluster looks for a place.
    "public": {"kubernetes.io/role/elb": "1"},
    "mesh": {"kubernetes.io/role/internal-elb": "1"},
    "nodes": {},
    "attachment": {},
}


def subnets(
    name: str, kind: Kind, plan: AwsSitePlan, vpc_id: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> Subnets:
    """Make the three subnets of a kind, with the ranges that the plan gives them.

    Nothing in them gets a public address by itself. The tag ``subnet`` holds the kind. Renaming one replaces it, and
    all that stands in it.
    """

    def one(zone: int) -> aws.ec2.Subnet:
        logical = f"{name}-{kind}-{zone}"
        return aws.ec2.Subnet(
            logical,
            vpc_id=vpc_id,
            cidr_block=str(getattr(plan.addresses, kind)[zone]),
            availability_zone=plan.zones[zone],
            map_public_ip_on_launch=False,
            tags=named(plan.tags, logical, subnet=kind, **_TAGS[kind]),
            opts=opts,
        )

    return one(0), one(1), one(2)
