"""A link between two Azure sites: peering of their VNets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_azure_native as azure_native
from pulumi_azure_native import network

from components.azure.openings import AzureFirewall, azure_openings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.exports import AzureSiteExports
    from infra.plan import AzureSitePlan, PeeringLinkPlan


@dataclass(frozen=True, kw_only=True)
class AzureEnd:
    """One end of a peering.

    Parameters
    ----------
    site
        The site as the link's stack sees it.
    plan
        Its plan.
    provider
        Provider of its subscription.
    """

    site: AzureSiteExports
    plan: AzureSitePlan
    provider: azure_native.Provider


@dataclass(frozen=True, kw_only=True)
class AzurePeeringArgs:
    """What a peering is built from.

    Parameters
    ----------
    plan
        The link.
    owner, peer
        The two sites.
    priority
        Azure priority of its first opening, on both sides: :func:`components.azure.openings.link_priority`.
    after
        Links before it at one of the sites: Azure takes one write to a VNet, and to a security
        group, at a time.
    """

    plan: PeeringLinkPlan
    owner: AzureEnd
    peer: AzureEnd
    priority: int
    after: Sequence[pulumi.Resource] = ()


class AzurePeering(pulumi.ComponentResource):
    """Two peerings, one from each side, with openings both ways. Azure adds the routes itself.

    Neither side forwards for others or lends its gateway: what goes over a peering is from nodes of one site to nodes
    of the other.
    """

    def __init__(self, name: str, args: AzurePeeringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:link:AzurePeering", name, None, opts)
        peerings: list[network.VirtualNetworkPeering] = []
        for here, there in ((args.owner, args.peer), (args.peer, args.owner)):
            peering = f"{name}-{here.plan.name}"
            peerings.append(
                network.VirtualNetworkPeering(
                    peering,
                    virtual_network_peering_name=peering,
                    resource_group_name=here.site.resource_group_name,
                    virtual_network_name=here.site.vnet_name,
                    remote_virtual_network=network.SubResourceArgs(id=there.site.vnet_id),
                    allow_virtual_network_access=True,
                    allow_forwarded_traffic=False,
                    allow_gateway_transit=False,
                    use_remote_gateways=False,
                    # The second changes the state of the first: one after the other.
                    opts=pulumi.ResourceOptions(
                        parent=self, provider=here.provider, depends_on=list(peerings[-1:] or args.after)
                    ),
                )
            )
            azure_openings(
                f"{name}-{here.plan.name}",
                args.plan.openings[here.plan.name],
                AzureFirewall(
                    resource_group_name=here.site.resource_group_name,
                    node_nsg_name=here.site.node_nsg_name,
                    mesh_nsg_name=here.site.mesh_nsg_name,
                    node_ranges=here.plan.addresses.node_ranges,
                    mesh_ranges=here.plan.addresses.mesh_ranges,
                ),
                args.priority,
                pulumi.ResourceOptions(parent=self, provider=here.provider, depends_on=list(args.after)),
            )
        self.register_outputs({"peeringIds": [peering.id for peering in peerings]})
