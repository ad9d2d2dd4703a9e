"""An AWS site: the network hub that clusters stand on and links lead to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.aws.firewall import Firewall, FirewallArgs
from components.aws.flow_logs import FlowLogs, FlowLogsArgs
from components.aws.gateway import GatewayArgs, build_gateway
from components.aws.key import SiteKey, SiteKeyArgs
from components.aws.network import Network, NetworkArgs
from components.exports import AwsSiteExports

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi_aws as aws

    from components.aws.network import Three
    from infra.plan import AwsSitePlan, SitePlan


@dataclass(frozen=True, kw_only=True)
class AwsSiteArgs:
    """Arguments of :class:`AwsSite`."""

    plan: AwsSitePlan
    provider: aws.Provider


class AwsSite(pulumi.ComponentResource):
    """VPC over three zones, key, flow logs, security groups, and a gateway where links need one.

    Attributes
    ----------
    plan
        What it was built from.
    region
        Region that it is in.
    vpc_id
        Id of the VPC.
    node_subnet_ids, mesh_subnet_ids
        Private subnets, one a zone.
    node_group_id, mesh_group_id
        Security groups of nodes and of mesh load balancers.
    key_arn
        The site's key.
    egress
        What must stand before a machine in a private subnet reaches the Internet, and until it is gone.
    """

    def __init__(self, name: str, args: AwsSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:aws:Site", name, None, opts)
        self.plan: SitePlan = args.plan
        self.region = args.plan.region
        child = pulumi.ResourceOptions(parent=self)
        network = Network(f"{name}-network", NetworkArgs(plan=args.plan, provider=args.provider), child)
        key = SiteKey(
            f"{name}-key", SiteKeyArgs(plan=args.plan, account=network.account, provider=args.provider), child
        )
        FlowLogs(
            f"{name}-flow",
            FlowLogsArgs(
                plan=args.plan,
                vpc_id=network.vpc_id,
                key_arn=key.arn,
                account=network.account,
                provider=args.provider,
            ),
            child,
        )
        firewall = Firewall(
            f"{name}-firewall", FirewallArgs(plan=args.plan, vpc_id=network.vpc_id, provider=args.provider), child
        )
        self._gateway = build_gateway(
            f"{name}-gateway",
            GatewayArgs(
                plan=args.plan,
                vpc_id=network.vpc_id,
                route_table_ids=network.route_table_ids,
                key_arn=key.arn,
                provider=args.provider,
            ),
            child,
        )
        self.vpc_id: pulumi.Output[str] = network.vpc_id
        self.node_subnet_ids: Three = network.node_subnet_ids
        self.mesh_subnet_ids: Three = network.mesh_subnet_ids
        self.route_table_ids: Three = network.route_table_ids
        self.egress: Sequence[pulumi.Resource] = network.egress
        self.key_arn: pulumi.Output[str] = key.arn
        self.node_group_id: pulumi.Output[str] = firewall.node_group_id
        self.mesh_group_id: pulumi.Output[str] = firewall.mesh_group_id
        self.register_outputs({"vpcId": self.vpc_id, "gatewayId": self._gateway.gateway_id})

    def exports(self) -> AwsSiteExports:
        """Give what another site's stack may need of this one."""
        return AwsSiteExports(
            vpc_id=self.vpc_id,
            gateway_id=self._gateway.gateway_id,
            route_table_ids=self.route_table_ids,
            node_security_group_id=self.node_group_id,
            mesh_security_group_id=self.mesh_group_id,
            tunnel_log_group_arn=self._gateway.tunnel_log_group_arn,
        )
