"""An Azure site: a network hub in one region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import pulumi
import pulumi_azure_native as azure_native
from pulumi_azure_native import operationalinsights, resources

from components.azure.encryption import SiteEncryption, SiteEncryptionArgs
from components.azure.gateway import VpnGateway, VpnGatewayArgs
from components.azure.network import SiteNetwork, SiteNetworkArgs
from components.exports import AzureSiteExports

if TYPE_CHECKING:
    from infra.plan import AzureSitePlan, SitePlan

T = TypeVar("T")

_LOG_DAYS = 90


@dataclass(frozen=True, kw_only=True)
class AzureSiteArgs:
    """What an Azure site is built from.

    Parameters
    ----------
    fleet
        Name of the fleet, which the resource group carries.
    plan
        The site.
    provider
        Provider of the subscription that it stands in.
    """

    fleet: str
    plan: AzureSitePlan
    provider: azure_native.Provider


class AzureSite(pulumi.ComponentResource):
    """A resource group with the site's network, keys, logs and, where a link needs it, VPN gateway.

    Attributes
    ----------
    network, encryption
        For the clusters on the site.
    gateway
        None where the site has none.
    workspace
        Log Analytics workspace that all logs of the site go to.
    """

    def __init__(self, name: str, args: AzureSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:azure:Site", name, None, opts)
        plan = args.plan
        self.plan: SitePlan = plan
        child = pulumi.ResourceOptions(parent=self)

        self.resource_group = resources.ResourceGroup(
            f"{name}-group",
            # All of the site is inside: a rename destroys it.
            resource_group_name=f"hms-{args.fleet}-{plan.name}",
            location=plan.region,
            tags=plan.tags,
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider, protect=plan.protect),
        )
        group = self.resource_group.name
        self.workspace = operationalinsights.Workspace(
            f"{name}-logs",
            workspace_name=f"{name}-logs",
            resource_group_name=group,
            location=plan.region,
            sku=operationalinsights.WorkspaceSkuArgs(name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018),
            retention_in_days=_LOG_DAYS,
            tags=plan.tags,
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider),
        )
        self.network = SiteNetwork(
            f"{name}-network",
            SiteNetworkArgs(plan=plan, provider=args.provider, resource_group_name=group),
            opts=child,
        )
        self.encryption = SiteEncryption(
            f"{name}-encryption",
            SiteEncryptionArgs(
                plan=plan, provider=args.provider, resource_group_name=group, workspace_id=self.workspace.id
            ),
            opts=child,
        )
        self.gateway: VpnGateway | None = None
        if self.network.gateway_subnet:
            self.gateway = VpnGateway(
                f"{name}-vpn",
                VpnGatewayArgs(
                    plan=plan,
                    provider=args.provider,
                    resource_group_name=group,
                    resource_group_id=self.resource_group.id,
                    subnet_id=self.network.gateway_subnet.id,
                    workspace_id=self.workspace.id,
                ),
                opts=child,
            )
        self._exports = self._export()
        self.register_outputs({"resourceGroupName": group, "vnetId": self.network.vnet.id})

    def exports(self) -> AzureSiteExports:
        """Give what links and other stacks need of the site."""
        return self._exports

    def _export(self) -> AzureSiteExports:
        none = pulumi.Output.from_input("")
        firewall = self.network.firewall
        return AzureSiteExports(
            resource_group_name=self.resource_group.name,
            resource_group_id=self.resource_group.id,
            vnet_id=self._settled(self.network.vnet.id),
            vnet_name=self._settled(self.network.vnet.name),
            gateway_id=self.gateway.gateway.id if self.gateway else none,
            gateway_name=self.gateway.gateway.name if self.gateway else none,
            public_ips=self.gateway.public_ips if self.gateway else (none, none),
            node_nsg_name=self._settled(firewall.node_nsg.name),
            mesh_nsg_name=self._settled(firewall.mesh_nsg.name),
        )

    def _settled(self, value: pulumi.Output[T]) -> pulumi.Output[T]:
        """Hold a value back until the network stands: a link's writes beside the site's own would answer 409."""
        return pulumi.Output.all(value, self.network.last_subnet.id).apply(lambda both: both[0])
