"""A link between two AWS sites: peering of their VPCs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws
from pulumi_aws import ec2

from components.aws.openings import AwsFirewall, aws_openings

if TYPE_CHECKING:
    from components.exports import AwsSiteExports
    from infra.plan import AwsSitePlan, PeeringLinkPlan


@dataclass(frozen=True, kw_only=True)
class AwsEnd:
    """One end of a peering.

    Parameters
    ----------
    site
        The site as the link's stack sees it.
    plan
        Its plan.
    provider
        Provider of its region.
    """

    site: AwsSiteExports
    plan: AwsSitePlan
    provider: aws.Provider


@dataclass(frozen=True, kw_only=True)
class AwsPeeringArgs:
    """What a peering is built from.

    Parameters
    ----------
    plan
        The link.
    owner, peer
        The site that asks and the site that accepts.
    """

    plan: PeeringLinkPlan
    owner: AwsEnd
    peer: AwsEnd


class AwsPeering(pulumi.ComponentResource):
    """A peering connection, in one region or between two, with routes and openings both ways."""

    def __init__(self, name: str, args: AwsPeeringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:link:AwsPeering", name, None, opts)
        self._name = name
        tags = {**args.plan.tags, "Name": name}
        self.connection = ec2.VpcPeeringConnection(
            f"{name}-connection",
            vpc_id=args.owner.site.vpc_id,
            peer_vpc_id=args.peer.site.vpc_id,
            peer_region=args.peer.plan.region,
            # Between regions only the other side can accept; one way for both cases.
            auto_accept=False,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, provider=args.owner.provider),
        )
        accepted = ec2.VpcPeeringConnectionAccepter(
            f"{name}-accepter",
            vpc_peering_connection_id=self.connection.id,
            auto_accept=True,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, provider=args.peer.provider),
        )
        # Options can be set only once it is accepted, and each side sets its own. Names of one VPC do not resolve to
        # private addresses from the other: the mesh uses addresses.
        ec2.PeeringConnectionOptions(
            f"{name}-owner-options",
            vpc_peering_connection_id=accepted.vpc_peering_connection_id,
            requester=ec2.PeeringConnectionOptionsRequesterArgs(allow_remote_vpc_dns_resolution=False),
            opts=pulumi.ResourceOptions(parent=self, provider=args.owner.provider, depends_on=[accepted]),
        )
        ec2.PeeringConnectionOptions(
            f"{name}-peer-options",
            vpc_peering_connection_id=accepted.vpc_peering_connection_id,
            accepter=ec2.PeeringConnectionOptionsAccepterArgs(allow_remote_vpc_dns_resolution=False),
            opts=pulumi.ResourceOptions(parent=self, provider=args.peer.provider, depends_on=[accepted]),
        )
        for here, there in ((args.owner, args.peer), (args.peer, args.owner)):
            self._routes(here, there, accepted)
            aws_openings(
                f"{name}-{here.plan.name}",
                args.plan.openings[here.plan.name],
                AwsFirewall(
                    node_security_group_id=here.site.node_security_group_id,
                    mesh_security_group_id=here.site.mesh_security_group_id,
                    tags=args.plan.tags,
                ),
                pulumi.ResourceOptions(parent=self, provider=here.provider),
            )
        self.register_outputs({"connectionId": self.connection.id})

    def _routes(self, here: AwsEnd, there: AwsEnd, accepted: ec2.VpcPeeringConnectionAccepter) -> None:
        for number, table in enumerate(here.site.route_table_ids, start=1):
            ec2.Route(
                f"{self._name}-{here.plan.name}-route-{number}",
                route_table_id=table,
                destination_cidr_block=str(there.plan.cidr),
                vpc_peering_connection_id=accepted.vpc_peering_connection_id,
                opts=pulumi.ResourceOptions(parent=self, provider=here.provider, depends_on=[accepted]),
            )
