"""The site's end of links to the other cloud: a virtual private gateway, or a transit gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pulumi
import pulumi_aws as aws

from components.aws.logs import log_group, tunnel_log_group_name
from components.aws.naming import named
from components.aws.subnets import subnets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from infra.plan import AwsSitePlan

LIMITS = pulumi.CustomTimeouts(create="1h", update="1h", delete="1h")
"""Time limits of gateways and attachments: minutes as a rule, but a deletion waits for the tunnels to go."""


class Gateway(Protocol):
    """What links need of either kind."""

    @property
    def gateway_id(self) -> pulumi.Output[str]:
        """Id of the gateway, ready for a VPN connection and for routes to it; empty where there is none."""
        ...

    @property
    def tunnel_log_group_arn(self) -> pulumi.Output[str]:
        """Log group of its tunnels' IKE and BGP messages; empty where there is none."""
        ...


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    """Arguments of both gateways.

    Parameters
    ----------
    route_table_ids
        Private route tables, which learn the other cloud's routes.
    key_arn
        Key of the tunnels' log group.
    """

    plan: AwsSitePlan
    vpc_id: pulumi.Input[str]
    route_table_ids: Sequence[pulumi.Input[str]]
    key_arn: pulumi.Input[str]
    provider: aws.Provider


class VirtualPrivateGateway(pulumi.ComponentResource):
    """A gateway of one VPC: traffic takes one tunnel at a time, and routes arrive in the tables by themselves."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:aws:VirtualPrivateGateway", name, None, opts)
        plan = args.plan
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        logs = log_group(f"{name}-tunnels", tunnel_log_group_name(plan.tags), args.key_arn, plan.tags, child)
        # Renaming it, or another ASN, replaces it: every tunnel of the site goes down and gets new addresses.
        gateway = aws.ec2.VpnGateway(
            f"{name}-vgw",
            amazon_side_asn=str(plan.asn),
            tags=named(plan.tags, f"{name}-vgw"),
            opts=pulumi.ResourceOptions(
                parent=self, provider=args.provider, protect=plan.protect, custom_timeouts=LIMITS
            ),
        )
        attachment = aws.ec2.VpnGatewayAttachment(
            f"{name}-attachment",
            vpc_id=args.vpc_id,
            vpn_gateway_id=gateway.id,
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider, custom_timeouts=LIMITS),
        )
        for zone, table in enumerate(args.route_table_ids):
            aws.ec2.VpnGatewayRoutePropagation(
                f"{name}-propagation-{zone}",
                route_table_id=table,
                # By way of the attachment: a gateway that is not attached cannot propagate.
                vpn_gateway_id=attachment.vpn_gateway_id,
                opts=child,
            )
        self.gateway_id: pulumi.Output[str] = gateway.id
        self.tunnel_log_group_arn: pulumi.Output[str] = logs.arn
        self.register_outputs({"gatewayId": self.gateway_id})


class TransitGateway(pulumi.ComponentResource):
    """A gateway beside the VPC: traffic takes all tunnels at once (ECMP).

    It has interfaces in subnets of their own, and writes nothing into the VPC's route tables: links add routes.
    """

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:aws:TransitGateway", name, None, opts)
        plan = args.plan
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        logs = log_group(f"{name}-tunnels", tunnel_log_group_name(plan.tags), args.key_arn, plan.tags, child)
        # Renaming it, or another ASN, replaces it: every tunnel of the site goes down and gets new addresses.
        gateway = aws.ec2transitgateway.TransitGateway(
            f"{name}-tgw",
            description=f"{plan.tags['fleet']}: links of site {plan.name}",
            amazon_side_asn=plan.asn,
            vpn_ecmp_support="enable",
            dns_support="enable",
            # Tunnels and the VPC meet in one table; nobody else's attachment gets in unasked.
            default_route_table_association="enable",
            default_route_table_propagation="enable",
            auto_accept_shared_attachments="disable",
            tags=named(plan.tags, f"{name}-tgw"),
            opts=pulumi.ResourceOptions(
                parent=self, provider=args.provider, protect=plan.protect, custom_timeouts=LIMITS
            ),
        )
        attachment = aws.ec2transitgateway.VpcAttachment(
            f"{name}-attachment",
            transit_gateway_id=gateway.id,
            vpc_id=args.vpc_id,
            subnet_ids=[subnet.id for subnet in subnets(name, "attachment", plan, args.vpc_id, child)],
            dns_support="enable",
            tags=named(plan.tags, f"{name}-attachment"),
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider, custom_timeouts=LIMITS),
        )
        # By way of the attachment: a route of the VPC to a gateway that it is not attached to is refused.
        self.gateway_id: pulumi.Output[str] = attachment.transit_gateway_id
        self.tunnel_log_group_arn: pulumi.Output[str] = logs.arn
        self.register_outputs({"gatewayId": self.gateway_id})


@dataclass(frozen=True, kw_only=True)
class NoGateway:
    """A site without links to the other cloud."""

    gateway_id: pulumi.Output[str]
    tunnel_log_group_arn: pulumi.Output[str]


_KINDS: dict[str, Callable[[str, GatewayArgs, pulumi.ResourceOptions], Gateway]] = {
    "virtual-private-gateway": VirtualPrivateGateway,
    "transit-gateway": TransitGateway,
}


def build_gateway(name: str, args: GatewayArgs, opts: pulumi.ResourceOptions) -> Gateway:
    """Build the gateway that the plan asks for."""
    if args.plan.gateway is None:
        nothing = pulumi.Output.from_input("")
        return NoGateway(gateway_id=nothing, tunnel_log_group_arn=nothing)
    return _KINDS[args.plan.gateway](name, args, opts)
