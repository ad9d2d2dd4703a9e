"""Small programs on Azure and between the clouds, recorded: what the tests of these components look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure_native
import pulumi_kubernetes as k8s

from components.azure.cloud import AzureCloud
from components.azure.openings import link_priority
from components.exports import AwsSiteExports
from components.link.aws_peering import AwsEnd, AwsPeering, AwsPeeringArgs
from components.link.azure_peering import AzureEnd, AzurePeering, AzurePeeringArgs
from components.link.vpn import VpnLink, VpnLinkArgs
from infra.plan import AwsSitePlan, AzureSitePlan, FleetPlan, PeeringLinkPlan, VpnLinkPlan
from tests.components import recording
from tests.infra.fleets import fleet_data, planned

if TYPE_CHECKING:
    from components.contracts import Identity
    from tests.components.recording import Recording

PAIR = fleet_data({"aws": "aws", "azure": "azure"}, {"aws-1": ("aws", 1), "azure-1": ("azure", 2)})
PAIR["adminCidrs"] = ["203.0.113.0/24"]


def pair_with(**changes: object) -> FleetPlan:
    """Plan one AWS and one Azure site with further fields of the fleet changed."""
    return planned({**PAIR, **changes})


def aws_exports(site: AwsSitePlan) -> AwsSiteExports:
    """Give what an AWS site would: links are built against this, whether the site is in their stack or not."""

    def known(text: str) -> pulumi.Output[str]:
        return pulumi.Output.from_input(f"{site.name}-{text}")

    return AwsSiteExports(
        vpc_id=known("vpc"),
        gateway_id=known("gateway") if site.gateway else pulumi.Output.from_input(""),
        route_table_ids=(known("table-a"), known("table-b"), known("table-c")),
        node_security_group_id=known("nodes"),
        mesh_security_group_id=known("mesh"),
        tunnel_log_group_arn=pulumi.Output.from_input(f"arn:aws:logs:{site.region}:123456789012:log-group:tunnels"),
    )


class Fleet:
    """All Azure sites, clusters and links of a plan, built into the running program."""

    def __init__(self, plan: FleetPlan) -> None:
        self.plan = plan
        self.aws_providers = {
            name: aws.Provider(f"{name}-provider", region=site.region)
            for name, site in plan.sites.items()
            if isinstance(site, AwsSitePlan)
        }
        self.clouds = {
            name: AzureCloud(plan, site, azure_native.Provider(f"{name}-provider", location=site.region))
            for name, site in plan.sites.items()
            if isinstance(site, AzureSitePlan)
        }
        self.aws = {name: aws_exports(site) for name, site in plan.sites.items() if isinstance(site, AwsSitePlan)}
        self.azure = {name: cloud.site().exports() for name, cloud in self.clouds.items()}
        self.identities: list[Identity] = []

    def clusters(self) -> None:
        for cluster in self.plan.clusters.values():
            cloud = self.clouds.get(cluster.site)
            if cloud is None:
                continue
            built = cloud.cluster(cluster)
            release = k8s.core.v1.ConfigMap(
                f"{cluster.name}-cilium", opts=pulumi.ResourceOptions(provider=built.provider)
            )
            ready = cloud.nodes(built, after=release)
            cloud.storage_class(built, after=ready)
            self.identities.append(cloud.identity(built, name="api", namespace="hms", service_account="api"))

    def links(self) -> None:
        last: dict[str, pulumi.Resource] = {}
        for name, link in self.plan.links.items():
            touched = [site for site in link.sites if site in self.clouds]
            after = [last[site] for site in touched if site in last]
            built = self._link(name, link, after)
            last.update(dict.fromkeys(touched, built))

    def _link(self, name: str, link: VpnLinkPlan | PeeringLinkPlan, after: list[pulumi.Resource]) -> pulumi.Resource:
        priority = link_priority(self.plan, name)
        if isinstance(link, VpnLinkPlan):
            return self.vpn(name, link, priority, after)
        if link.cloud == "aws":
            owner, peer = (
                AwsEnd(site=self.aws[site], plan=self.plan.sites[site], provider=self.aws_providers[site])
                for site in link.sites
            )
            return AwsPeering(name, AwsPeeringArgs(plan=link, owner=owner, peer=peer))
        ours, theirs = (
            AzureEnd(site=self.azure[site], plan=self.plan.sites[site], provider=self.clouds[site].provider)
            for site in link.sites
        )
        return AzurePeering(name, AzurePeeringArgs(plan=link, owner=ours, peer=theirs, priority=priority, after=after))

    def vpn(self, name: str, link: VpnLinkPlan, priority: int, after: list[pulumi.Resource]) -> VpnLink:
        return VpnLink(
            name,
            VpnLinkArgs(
                plan=link,
                aws=self.aws[link.aws],
                azure=self.azure[link.azure],
                aws_plan=self.plan.sites[link.aws],
                azure_plan=self.plan.sites[link.azure],
                aws_provider=self.aws_providers[link.aws],
                azure_provider=self.clouds[link.azure].provider,
                priority=priority,
                after=after,
            ),
        )


def record_fleet(plan: FleetPlan, *, preview: bool = False) -> Recording:
    """Record the Azure side and all links of a plan."""

    def program() -> None:
        fleet = Fleet(plan)
        fleet.clusters()
        fleet.links()

    return recording.record(program, preview=preview)
