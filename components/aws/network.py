"""The site's network: a VPC over three zones, with a way out of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components.aws.naming import named
from components.aws.subnets import subnets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.aws.subnets import Subnets
    from infra.plan import AwsSitePlan

ANYWHERE = "0.0.0.0/0"
"""Destination of default routes and of what leaves; never a source."""

Three = tuple[pulumi.Output[str], pulumi.Output[str], pulumi.Output[str]]


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """Arguments of :class:`Network`."""

    plan: AwsSitePlan
    provider: aws.Provider


class Network(pulumi.ComponentResource):
    """VPC, subnets, route tables, Internet gateway and one NAT gateway a zone.

    Routes are resources of their own, since links add theirs to the same tables; a table with routes inside it would
    take those away again.

    Attributes
    ----------
    vpc_id, account
        Id of the VPC, and number of the account that owns it.
    node_subnet_ids, mesh_subnet_ids
        Private subnets of nodes and of mesh load balancers, one a zone.
    route_table_ids
        Private route tables, one a zone: of its node subnet and its mesh subnet.
    egress
        What must stand before a machine in a private subnet reaches the Internet, and until it is gone.
    """

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:aws:Network", name, None, opts)
        self._name = name
        self._args = args
        plan = args.plan
        # Renaming it replaces everything that stands in it: clusters, gateways, load balancers.
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=str(plan.cidr),
            # The private endpoint of an EKS cluster is found by name.
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=named(plan.tags, f"{name}-vpc"),
            opts=self._child(),
        )
        self.vpc_id: pulumi.Output[str] = vpc.id
        self.account: pulumi.Output[str] = vpc.owner_id
        # The group that a careless resource would get by default lets nothing in and nothing out.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=named(plan.tags, f"{name}-default-unused"),
            opts=self._child(),
        )
        public = subnets(name, "public", plan, vpc.id, self._child())
        nodes = subnets(name, "nodes", plan, vpc.id, self._child())
        mesh = subnets(name, "mesh", plan, vpc.id, self._child())
        way_out = self._public_routes(public)
        tables = [self._table(f"private-{zone}") for zone in range(3)]
        self.egress: tuple[pulumi.Resource, ...] = tuple(
            resource
            for zone, table in enumerate(tables)
            for resource in (
                self._associate(table, f"nodes-{zone}", nodes[zone]),
                self._associate(table, f"mesh-{zone}", mesh[zone]),
                self._nat_route(zone, public[zone], table, way_out),
            )
        )
        self.node_subnet_ids: Three = (nodes[0].id, nodes[1].id, nodes[2].id)
        self.mesh_subnet_ids: Three = (mesh[0].id, mesh[1].id, mesh[2].id)
        self.route_table_ids: Three = (tables[0].id, tables[1].id, tables[2].id)
        self.register_outputs({"vpcId": self.vpc_id, "routeTableIds": list(self.route_table_ids)})

    def _child(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, provider=self._args.provider, depends_on=list(depends_on))

    def _public_routes(self, public: Subnets) -> list[pulumi.Resource]:
        """Make the Internet gateway and lead the public subnets to it."""
        gateway = aws.ec2.InternetGateway(
            f"{self._name}-internet",
            vpc_id=self.vpc_id,
            tags=named(self._args.plan.tags, f"{self._name}-internet"),
            opts=self._child(),
        )
        table = self._table("public")
        route = aws.ec2.Route(
            f"{self._name}-public-default",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=self._child(),
        )
        return [route, *(self._associate(table, f"public-{zone}", each) for zone, each in enumerate(public))]

    def _table(self, suffix: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(
            f"{self._name}-{suffix}",
            vpc_id=self.vpc_id,
            tags=named(self._args.plan.tags, f"{self._name}-{suffix}"),
            opts=self._child(),
        )

    def _associate(self, table: aws.ec2.RouteTable, suffix: str, subnet: aws.ec2.Subnet) -> pulumi.Resource:
        association: pulumi.Resource = aws.ec2.RouteTableAssociation(
            f"{self._name}-{suffix}", route_table_id=table.id, subnet_id=subnet.id, opts=self._child()
        )
        return association

    def _nat_route(
        self, zone: int, public: aws.ec2.Subnet, table: aws.ec2.RouteTable, way_out: Sequence[pulumi.Resource]
    ) -> pulumi.Resource:
        tags = named(self._args.plan.tags, f"{self._name}-nat-{zone}")
        # The Internet gateway cannot be detached while public addresses of the VPC are in use: it outlives them.
        address = aws.ec2.Eip(f"{self._name}-nat-{zone}", domain="vpc", tags=tags, opts=self._child(way_out))
        nat = aws.ec2.NatGateway(
            f"{self._name}-nat-{zone}",
            allocation_id=address.allocation_id,
            subnet_id=public.id,
            tags=tags,
            opts=self._child(way_out),
        )
        route: pulumi.Resource = aws.ec2.Route(
            f"{self._name}-private-{zone}-default",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            nat_gateway_id=nat.id,
            opts=self._child(),
        )
        return route
