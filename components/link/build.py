"""Which component builds a link: tunnels between clouds, peering inside one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.plan import VpnLinkPlan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulumi

    from components.contracts import Cloud
    from components.exports import SiteExports
    from infra.plan import FleetPlan, LinkPlan


def build_link(
    plan: FleetPlan,
    link: LinkPlan,
    exports: Mapping[str, SiteExports],
    clouds: Mapping[str, Cloud],
    after: Sequence[pulumi.Resource],
) -> pulumi.Resource:
    """Build a link between two sites, of this stack or of another.

    Parameters
    ----------
    exports, clouds
        By site; both ends of the link are in them.
    after
        Links before it at the same Azure sites.
    """
    # The SDKs are imported here, since a stack on one cloud need not load the other's.
    sites: Mapping[str, Any] = exports
    plans: Mapping[str, Any] = plan.sites
    providers: Mapping[str, Any] = {name: cloud.provider for name, cloud in clouds.items()}
    if isinstance(link, VpnLinkPlan):
        from components.azure.openings import link_priority
        from components.link.vpn import VpnLink, VpnLinkArgs

        return VpnLink(
            link.name,
            VpnLinkArgs(
                plan=link,
                aws=sites[link.aws],
                azure=sites[link.azure],
                aws_plan=plans[link.aws],
                azure_plan=plans[link.azure],
                aws_provider=providers[link.aws],
                azure_provider=providers[link.azure],
                priority=link_priority(plan, link.name),
                after=after,
            ),
        )
    if link.cloud == "aws":
        from components.link.aws_peering import AwsEnd, AwsPeering, AwsPeeringArgs

        owner, peer = (AwsEnd(site=sites[s], plan=plans[s], provider=providers[s]) for s in link.sites)
        return AwsPeering(link.name, AwsPeeringArgs(plan=link, owner=owner, peer=peer))
    from components.azure.openings import link_priority
    from components.link.azure_peering import AzureEnd, AzurePeering, AzurePeeringArgs

    asks, accepts = (AzureEnd(site=sites[s], plan=plans[s], provider=providers[s]) for s in link.sites)
    return AzurePeering(
        link.name,
        AzurePeeringArgs(plan=link, owner=asks, peer=accepts, priority=link_priority(plan, link.name), after=after),
    )
