"""The Azure end of a link's tunnels: one local network gateway and one connection each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_azure_native import network

from components.azure.gateway import IP_CONFIGURATIONS

if TYPE_CHECKING:
    from components.link.vpn import VpnLinkArgs
    from infra.tunnels import IkePolicy, TunnelPlan

_TIMEOUT = "2h"
"""A connection waits its turn at the gateway, whose own changes take most of an hour."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """The other end of a connection.

    Parameters
    ----------
    gateway_id
        The local network gateway that describes it.
    key
        The pre-shared key; secret.
    """

    gateway_id: pulumi.Input[str]
    key: pulumi.Output[str]


def local_network_gateway(
    name: str,
    args: VpnLinkArgs,
    tunnel: TunnelPlan,
    *,
    outside: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> network.LocalNetworkGateway:
    """Describe one AWS tunnel end to Azure. Each has room for one BGP peer, so there is one a tunnel.

    Parameters
    ----------
    outside
        Public address of the tunnel end.
    """
    return network.LocalNetworkGateway(
        name,
        local_network_gateway_name=name,
        resource_group_name=args.azure.resource_group_name,
        location=args.azure_plan.region,
        gateway_ip_address=outside,
        bgp_settings=network.BgpSettingsArgs(asn=args.aws_plan.asn, bgp_peering_address=str(tunnel.aws_address)),
        # BGP brings the routes; a range here would be a static one.
        local_network_address_space=network.AddressSpaceArgs(address_prefixes=[]),
        tags=args.plan.tags,
        opts=opts,
    )


def connection(
    name: str,
    args: VpnLinkArgs,
    tunnel: TunnelPlan,
    peer: Peer,
    *,
    opts: pulumi.ResourceOptions,
) -> network.VirtualNetworkGatewayConnection:
    """Make the connection of one tunnel.

    Parameters
    ----------
    opts
        Parent, provider and what it waits for.
    """
    # Without a pair of its own a connection takes the gateway's first addresses, and two of the four BGP sessions
    # never come up. The half of the other instance is unused, yet has to be one of that instance's addresses.
    pair = {tunnel.instance: tunnel.azure_address, 1 - tunnel.instance: tunnel.azure_other_address}
    return network.VirtualNetworkGatewayConnection(
        name,
        virtual_network_gateway_connection_name=name,
        resource_group_name=args.azure.resource_group_name,
        location=args.azure_plan.region,
        connection_type=network.VirtualNetworkGatewayConnectionType.IPSEC,
        connection_protocol=network.VirtualNetworkGatewayConnectionProtocol.IK_EV2,
        virtual_network_gateway1=network.VirtualNetworkGatewayArgs(id=args.azure.gateway_id),
        local_network_gateway2=network.LocalNetworkGatewayArgs(id=peer.gateway_id),
        enable_bgp=True,
        shared_key=peer.key,
        gateway_custom_bgp_ip_addresses=[
            network.GatewayCustomBgpIpAddressIpConfigurationArgs(
                ip_configuration_id=pulumi.Output.concat(
                    args.azure.gateway_id, f"/ipConfigurations/{IP_CONFIGURATIONS[instance]}"
                ),
                custom_bgp_ip_address=str(pair[instance]),
            )
            for instance in (0, 1)
        ],
        ipsec_policies=[_policy(args.plan.policy)],
        dpd_timeout_seconds=args.plan.policy.azure_dpd_timeout,
        use_policy_based_traffic_selectors=False,
        tags=args.plan.tags,
        opts=pulumi.ResourceOptions(
            parent=opts.parent,
            provider=opts.provider,
            depends_on=opts.depends_on,
            # The SDK does not mark it, so it would come back from Azure in the clear.
            additional_secret_outputs=["sharedKey"],
            custom_timeouts=pulumi.CustomTimeouts(create=_TIMEOUT, update=_TIMEOUT, delete=_TIMEOUT),
        ),
    )


def azure_proposal(policy: IkePolicy) -> dict[str, str]:
    """Give what a tunnel's Azure end offers, in Azure's words."""
    return {
        "ikeEncryption": policy.azure_ike_encryption,
        "ikeIntegrity": policy.azure_ike_integrity,
        "dhGroup": policy.azure_dh_group,
        "ipsecEncryption": policy.azure_ipsec_encryption,
        "ipsecIntegrity": policy.azure_ipsec_integrity,
        "pfsGroup": policy.azure_pfs_group,
    }


def _policy(policy: IkePolicy) -> network.IpsecPolicyArgs:
    """Give all eight fields: Azure refuses a part of a policy, and accepts nothing but the whole from the peer."""
    proposal = azure_proposal(policy)
    return network.IpsecPolicyArgs(
        ike_encryption=proposal["ikeEncryption"],
        ike_integrity=proposal["ikeIntegrity"],
        dh_group=proposal["dhGroup"],
        ipsec_encryption=proposal["ipsecEncryption"],
        ipsec_integrity=proposal["ipsecIntegrity"],
        pfs_group=proposal["pfsGroup"],
        sa_life_time_seconds=policy.azure_sa_lifetime,
        sa_data_size_kilobytes=policy.azure_sa_data_size,
    )
