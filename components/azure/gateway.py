"""The Azure end of links to another cloud: an active-active VPN gateway with BGP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_azure_native as azure_native
from pulumi_azure_native import network

from components.azure.diagnostics import keep_logs
from components.azure.network import ZONES

if TYPE_CHECKING:
    from infra.plan import AzureSitePlan

IP_CONFIGURATIONS = ("instance-0", "instance-1")
"""Names of the gateway's two IP configurations; connections name them too."""

_TIMEOUT = "2h"
"""Creating takes 45 minutes and more; a deadline that passes leaves a gateway that the state does not know."""


@dataclass(frozen=True, kw_only=True)
class VpnGatewayArgs:
    """What a VPN gateway is built from.

    Parameters
    ----------
    plan
        The site; its ``gateway`` is the size.
    provider
        Provider of the site's subscription.
    resource_group_name, resource_group_id
        Where it is built.
    subnet_id
        The GatewaySubnet.
    workspace_id
        Log Analytics workspace for the gateway's logs.
    """

    plan: AzureSitePlan
    provider: azure_native.Provider
    resource_group_name: pulumi.Input[str]
    resource_group_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    workspace_id: pulumi.Input[str]

    def __post_init__(self) -> None:
        if self.plan.gateway is None:
            raise ValueError(f"plan: the site {self.plan.name!r} has no gateway")


class VpnGateway(pulumi.ComponentResource):
    """Two instances, two fixed public addresses, BGP with the plan's custom addresses.

    Active-active because an active-passive gateway takes one custom BGP address only, and a link has four tunnels
    (Microsoft, vpn-gateway-howto-aws-bgp).

    Attributes
    ----------
    public_ips
        Addresses of instance 0 and 1: known long before the gateway stands.
    """

    def __init__(self, name: str, args: VpnGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:azure:VpnGateway", name, None, opts)
        plan = args.plan
        addresses = [
            network.PublicIPAddress(
                # The other cloud's end of the tunnels knows this address: a new name is a new address, and an outage.
                f"{name}-ip-{instance}",
                public_ip_address_name=f"{name}-ip-{instance}",
                resource_group_name=args.resource_group_name,
                location=plan.region,
                sku=network.PublicIPAddressSkuArgs(name=network.PublicIPAddressSkuName.STANDARD),
                public_ip_allocation_method=network.IPAllocationMethod.STATIC,
                zones=list(ZONES),
                tags=plan.tags,
                opts=pulumi.ResourceOptions(parent=self, provider=args.provider, protect=plan.protect),
            )
            for instance in (0, 1)
        ]
        # A static address exists as soon as its resource does; the SDK still says that it may be missing.
        first, second = (address.ip_address.apply(lambda ip: ip or "") for address in addresses)
        self.public_ips: tuple[pulumi.Output[str], pulumi.Output[str]] = (first, second)
        self.gateway = network.VirtualNetworkGateway(
            f"{name}-gateway",
            # The id of its own IP configurations goes into it, so its name is fixed: a rename builds another gateway,
            # for an hour without any link.
            virtual_network_gateway_name=f"{name}-gateway",
            resource_group_name=args.resource_group_name,
            location=plan.region,
            gateway_type=network.VirtualNetworkGatewayType.VPN,
            vpn_type=network.VpnType.ROUTE_BASED,
            vpn_gateway_generation=(
                network.VpnGatewayGeneration.GENERATION1
                if plan.gateway == "VpnGw1AZ"
                else network.VpnGatewayGeneration.GENERATION2
            ),
            sku=network.VirtualNetworkGatewaySkuArgs(name=plan.gateway, tier=plan.gateway),
            active_active=True,
            enable_bgp=True,
            ip_configurations=[
                network.VirtualNetworkGatewayIPConfigurationArgs(
                    name=configuration,
                    private_ip_allocation_method=network.IPAllocationMethod.DYNAMIC,
                    subnet=network.SubResourceArgs(id=args.subnet_id),
                    public_ip_address=network.SubResourceArgs(id=address.id),
                )
                for configuration, address in zip(IP_CONFIGURATIONS, addresses, strict=True)
            ],
            # Never a peering address of the gateway as a whole: Azure answers that it cannot be modified.
            bgp_settings=network.BgpSettingsArgs(
                asn=plan.asn,
                bgp_peering_addresses=[
                    network.IPConfigurationBgpPeeringAddressArgs(
                        ipconfiguration_id=pulumi.Output.concat(
                            args.resource_group_id,
                            f"/providers/Microsoft.Network/virtualNetworkGateways/{name}-gateway",
                            f"/ipConfigurations/{configuration}",
                        ),
                        custom_bgp_ip_addresses=list(apipa),
                    )
                    for configuration, apipa in zip(IP_CONFIGURATIONS, plan.apipa, strict=True)
                ],
            ),
            tags=plan.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.provider,
                protect=plan.protect,
                # A second one can neither have the name nor stand in the subnet.
                delete_before_replace=True,
                custom_timeouts=pulumi.CustomTimeouts(create=_TIMEOUT, update=_TIMEOUT, delete=_TIMEOUT),
            ),
        )
        keep_logs(
            f"{name}-logs",
            self.gateway.id,
            ["GatewayDiagnosticLog", "TunnelDiagnosticLog", "RouteDiagnosticLog", "IKEDiagnosticLog"],
            workspace_id=args.workspace_id,
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider),
        )
        self.register_outputs({"gatewayId": self.gateway.id, "publicIps": list(self.public_ips)})
