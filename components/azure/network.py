"""The network of an Azure site: VNet, subnets, and one address for all that goes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_azure_native as azure_native
from pulumi_azure_native import network

from components.azure.firewall import SiteFirewall, SiteFirewallArgs
from infra.clustermesh import MESH_SUBNET

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network

    from infra.plan import AzureSitePlan

NODE_SUBNET = "nodes"
"""Name in Azure of the subnet that nodes stand in."""

GATEWAY_SUBNET = "GatewaySubnet"
"""Name in Azure by which a VPN gateway finds its subnet."""

ZONES = ("1", "2", "3")
"""Availability zones of an Azure region."""


@dataclass(frozen=True, kw_only=True)
class SiteNetworkArgs:
    """What the network of a site is built from.

    Parameters
    ----------
    plan
        The site.
    provider
        Provider of the site's subscription.
    resource_group_name
        Where it is built.
    """

    plan: AzureSitePlan
    provider: azure_native.Provider
    resource_group_name: pulumi.Input[str]


class SiteNetwork(pulumi.ComponentResource):
    """The network of a site.

    Attributes
    ----------
    egress_ip
        Public address from which all nodes go out.
    gateway_subnet
        None where the site has no gateway.
    """

    def __init__(self, name: str, args: SiteNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:azure:Network", name, None, opts)
        self._name = name
        self._args = args
        plan = args.plan

        self.firewall = SiteFirewall(
            f"{name}-firewall",
            SiteFirewallArgs(plan=plan, provider=args.provider, resource_group_name=args.resource_group_name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.vnet = network.VirtualNetwork(
            f"{name}-vnet",
            # Everything on the site stands in it: a new name is a new site.
            virtual_network_name=f"{name}-vnet",
            resource_group_name=args.resource_group_name,
            location=plan.region,
            address_space=network.AddressSpaceArgs(address_prefixes=[str(plan.cidr)]),
            tags=plan.tags,
            opts=self._opts(),
        )
        nat = self._nat()
        # One after the other: parallel writes to one VNet answer 409. The first after the rules, so that nothing ever
        # stands behind Azure's defaults, which let the whole VirtualNetwork tag in.
        self.node_subnet = network.Subnet(
            f"{name}-nodes",
            subnet_name=NODE_SUBNET,
            resource_group_name=args.resource_group_name,
            virtual_network_name=self.vnet.name,
            address_prefix=str(plan.addresses.nodes),
            network_security_group=network.NetworkSecurityGroupArgs(id=self.firewall.node_nsg.id),
            nat_gateway=network.SubResourceArgs(id=nat.id),
            default_outbound_access=False,
            opts=self._opts(after=self.firewall.rules[-1:]),
        )
        self.mesh_subnet = network.Subnet(
            f"{name}-mesh",
            # Services of type LoadBalancer find it by this name.
            subnet_name=MESH_SUBNET,
            resource_group_name=args.resource_group_name,
            virtual_network_name=self.vnet.name,
            address_prefix=str(plan.addresses.mesh),
            network_security_group=network.NetworkSecurityGroupArgs(id=self.firewall.mesh_nsg.id),
            default_outbound_access=False,
            opts=self._opts(after=[self.node_subnet]),
        )
        self.gateway_subnet = self._gateway_subnet(plan.addresses.gateway) if plan.gateway else None
        self.register_outputs({"vnetId": self.vnet.id, "egressIp": self.egress_ip.ip_address})

    @property
    def last_subnet(self) -> network.Subnet:
        """Who waits for it waits for the whole network."""
        return self.gateway_subnet or self.mesh_subnet

    def _opts(self, *, after: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, provider=self._args.provider, depends_on=list(after))

    def _nat(self) -> network.NatGateway:
        args, name = self._args, self._name
        self.egress_ip = network.PublicIPAddress(
            f"{name}-egress-ip",
            public_ip_address_name=f"{name}-egress-ip",
            resource_group_name=args.resource_group_name,
            location=args.plan.region,
            sku=network.PublicIPAddressSkuArgs(name=network.PublicIPAddressSkuName.STANDARD),
            public_ip_allocation_method=network.IPAllocationMethod.STATIC,
            zones=list(ZONES),
            tags=args.plan.tags,
            opts=self._opts(),
        )
        return network.NatGateway(
            f"{name}-nat",
            nat_gateway_name=f"{name}-nat",
            resource_group_name=args.resource_group_name,
            location=args.plan.region,
            sku=network.NatGatewaySkuArgs(name=network.NatGatewaySkuName.STANDARD),
            public_ip_addresses=[network.SubResourceArgs(id=self.egress_ip.id)],
            tags=args.plan.tags,
            opts=self._opts(),
        )

    def _gateway_subnet(self, cidr: IPv4Network) -> network.Subnet:
        # Without a security group: Azure supports none there. It cannot be renamed or moved under a gateway.
        return network.Subnet(
            f"{self._name}-gateway",
            subnet_name=GATEWAY_SUBNET,
            resource_group_name=self._args.resource_group_name,
            virtual_network_name=self.vnet.name,
            address_prefix=str(cidr),
            opts=self._opts(after=[self.mesh_subnet]),
        )
