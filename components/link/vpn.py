"""A link between an AWS site and an Azure site: four IPsec tunnels with BGP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws
import pulumi_random as random
from pulumi_aws import ec2

from components.aws.openings import AwsFirewall, aws_openings
from components.azure.openings import AzureFirewall, azure_openings
from components.link.connections import Peer, azure_proposal, connection, local_network_gateway
from components.link.tunnels import aws_proposal, customer_gateway_args, tunnel_args
from infra.predicates import MIN_PSK_LENGTH, ike_policy_pair_agrees, psk_is_strong

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi_azure_native as azure_native
    from pulumi_azure_native import network

    from components.exports import AwsSiteExports, AzureSiteExports
    from infra.plan import AwsSitePlan, AzureSitePlan, VpnLinkPlan
    from infra.tunnels import TunnelPlan

_PSK_LENGTH = 48


@dataclass(frozen=True, kw_only=True)
class VpnLinkArgs:
    """What a link between clouds is built from.

    Parameters
    ----------
    plan
        The link.
    aws, azure
        The two sites as the link's stack sees them.
    aws_plan, azure_plan
        Their plans.
    aws_provider, azure_provider
        Providers of their regions; the link builds on both sides.
    priority
        Azure priority of its first opening: :func:`components.azure.openings.link_priority`.
    after
        Links before it at the same Azure site: Azure takes one write to a gateway, and to a
        security group, at a time.
    """

    plan: VpnLinkPlan
    aws: AwsSiteExports
    azure: AzureSiteExports
    aws_plan: AwsSitePlan
    azure_plan: AzureSitePlan
    aws_provider: pulumi_aws.Provider
    azure_provider: azure_native.Provider
    priority: int
    after: Sequence[pulumi.Resource] = ()

    def __post_init__(self) -> None:
        """Refuse a link that would never come up, or in weak ciphers.

        Raises
        ------
        ValueError
            If a site has no gateway, or the two ends do not offer the same.
        """
        if self.aws_plan.gateway is None:
            raise ValueError(f"aws_plan: the site {self.aws_plan.name!r} has no gateway for {self.plan.name!r}")
        if self.azure_plan.gateway is None:
            raise ValueError(f"azure_plan: the site {self.azure_plan.name!r} has no gateway for {self.plan.name!r}")
        if apart := ike_policy_pair_agrees(aws_proposal(self.plan.policy), azure_proposal(self.plan.policy)):
            raise ValueError(
                f"plan: the ends of {self.plan.name!r} offer no common strong proposal ({', '.join(apart)}); "
                "pair the policy's words as infra/predicates.py does"
            )


class VpnLink(pulumi.ComponentResource):
    """Two AWS connections of two tunnels to the two instances of an Azure gateway, and the openings on both sides.

    Nothing on the AWS side waits for the Azure gateway: its public addresses exist long before it does. A key is
    exchanged by replacing one ``tunnel-N-psk`` at a time (``pulumi up --replace URN``); three tunnels carry on.

    Attributes
    ----------
    connections
        The four Azure connections in the order in which they are made.
    """

    def __init__(self, name: str, args: VpnLinkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:link:Vpn", name, None, opts)
        self._name = name
        self._args = args
        keys = {tunnel.number: self._preshared_key(tunnel) for tunnel in args.plan.tunnels}
        vpns = [self._vpn_connection(instance, keys) for instance in (0, 1)]
        connections: list[network.VirtualNetworkGatewayConnection] = []
        for tunnel in args.plan.tunnels:
            vpn = vpns[tunnel.instance]
            peer = local_network_gateway(
                f"{name}-aws-end-{tunnel.number}",
                args,
                tunnel,
                outside=vpn.tunnel1_address if tunnel.aws_tunnel == 1 else vpn.tunnel2_address,
                opts=self._azure(),
            )
            connections.append(
                connection(
                    f"{name}-connection-{tunnel.number}",
                    args,
                    tunnel,
                    Peer(gateway_id=peer.id, key=keys[tunnel.number]),
                    # One after the other: a gateway answers parallel writes with 409.
                    opts=self._azure(connections[-1:] or args.after),
                )
            )
        self.connections: Sequence[network.VirtualNetworkGatewayConnection] = connections
        if args.aws_plan.gateway == "transit-gateway":
            self._routes()
        self._openings()
        self.register_outputs(
            {"connectionIds": [connection.id for connection in connections], "vpnConnectionIds": [v.id for v in vpns]}
        )

    def _aws(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, provider=self._args.aws_provider)

    def _azure(self, after: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, provider=self._args.azure_provider, depends_on=list(after))

    def _preshared_key(self, tunnel: TunnelPlan) -> pulumi.Output[str]:
        # A new name is a new key, and the tunnel is down until both clouds have it.
        name = f"{self._name}-tunnel-{tunnel.number}-psk"
        password = random.RandomPassword(
            name,
            length=_PSK_LENGTH,
            # Letters and digits only: AWS refuses + and /, and Azure - and ~ are at odds over others.
            special=False,
            opts=pulumi.ResourceOptions(parent=self),
        )

        def strong(made: str) -> str:
            # AWS refuses a key that begins with 0.
            key = f"k{made}"
            if not psk_is_strong(key):
                raise ValueError(
                    f"{name}: not {MIN_PSK_LENGTH} to 64 letters and digits, as both clouds take them; "
                    "replace it (pulumi up --replace URN)"
                )
            return key

        return pulumi.Output.secret(password.result.apply(strong))

    def _vpn_connection(self, instance: int, keys: dict[int, pulumi.Output[str]]) -> ec2.VpnConnection:
        args, plan = self._args, self._args.plan
        customer_gateway = ec2.CustomerGateway(
            f"{self._name}-customer-gateway-{instance + 1}",
            type="ipsec.1",
            ip_address=args.azure.public_ips[instance],
            **customer_gateway_args(args.azure_plan.asn),
            tags=self._tags(f"customer-gateway-{instance + 1}"),
            opts=self._aws(),
        )
        gateway = (
            {"vpn_gateway_id": args.aws.gateway_id}
            if args.aws_plan.gateway == "virtual-private-gateway"
            else {"transit_gateway_id": args.aws.gateway_id}
        )
        first, second = (
            tunnel_args(
                tunnel,
                plan.policy,
                preshared_key=keys[tunnel.number],
                log_group_arn=args.aws.tunnel_log_group_arn,
            )
            for tunnel in plan.tunnels
            if tunnel.instance == instance
        )
        return ec2.VpnConnection(
            # A new name is a new pair of outside addresses: two tunnels go down until Azure has them.
            f"{self._name}-vpn-{instance + 1}",
            type="ipsec.1",
            customer_gateway_id=customer_gateway.id,
            static_routes_only=False,
            **gateway,
            **first,
            **second,
            tags=self._tags(f"vpn-{instance + 1}"),
            opts=self._aws(),
        )

    def _tags(self, suffix: str) -> dict[str, str]:
        return {**self._args.plan.tags, "Name": f"{self._name}-{suffix}"}

    def _routes(self) -> None:
        """Lead what is for the Azure site to the transit gateway, which propagates nothing into a VPC's tables."""
        for number, table in enumerate(self._args.aws.route_table_ids, start=1):
            ec2.Route(
                f"{self._name}-route-{number}",
                route_table_id=table,
                destination_cidr_block=str(self._args.azure_plan.cidr),
                transit_gateway_id=self._args.aws.gateway_id,
                opts=self._aws(),
            )

    def _openings(self) -> None:
        args, plan = self._args, self._args.plan
        aws_openings(
            f"{self._name}-{plan.aws}",
            plan.openings[plan.aws],
            AwsFirewall(
                node_security_group_id=args.aws.node_security_group_id,
                mesh_security_group_id=args.aws.mesh_security_group_id,
                tags=plan.tags,
            ),
            self._aws(),
        )
        azure_openings(
            f"{self._name}-{plan.azure}",
            plan.openings[plan.azure],
            AzureFirewall(
                resource_group_name=args.azure.resource_group_name,
                node_nsg_name=args.azure.node_nsg_name,
                mesh_nsg_name=args.azure.mesh_nsg_name,
                node_ranges=args.azure_plan.addresses.node_ranges,
                mesh_ranges=args.azure_plan.addresses.mesh_ranges,
            ),
            args.priority,
            self._azure(args.after),
        )
