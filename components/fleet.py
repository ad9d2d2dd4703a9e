"""The composition: a scope of a fleet as one graph. The only place that knows all kinds of components."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from components.exports import AwsSiteExports, AzureSiteExports, SiteExports, TrustExports, as_outputs, from_outputs
from components.link.build import build_link
from components.mesh.cilium import Cilium, CiliumArgs
from components.mesh.trust import Trust, TrustArgs
from components.settle import settled
from components.workloads.cluster_workloads import deploy_workloads
from infra.model import Authority
from infra.plan import AwsSitePlan, AzureSitePlan, FleetPlan
from infra.record import fixed_fields
from infra.scopes import Scope, stack_name
from infra.summary import clusters_summary, components_summary, links_summary
from infra.trust import plan_trust, recorded
from infra.workloads import plan_workloads

if TYPE_CHECKING:
    from components.contracts import Cloud, Cluster


class FleetDeployment:
    """One deployment of a scope. Holds what the parts of the graph need of each other.

    Parameters
    ----------
    plan
        The whole fleet: names and addresses never depend on the scope.
    scope
        What this stack builds.
    """

    def __init__(self, plan: FleetPlan, scope: Scope) -> None:
        self.plan = plan
        self.scope = scope
        ends = {site for link in scope.links for site in plan.links[link].sites}
        touched = [site for site in plan.sites if site in scope.sites or site in ends]
        self.clouds: dict[str, Cloud] = {site: _cloud(plan, site) for site in touched}
        self.references = {
            site: pulumi.StackReference(f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack_name(plan, site)}")
            for site in scope.reads
        }
        self.exports: dict[str, SiteExports] = {site: self._read_site(site) for site in scope.reads if site in ends}
        self.clusters: dict[str, Cluster] = {}

    def build(self) -> None:
        """Build the scope and export what other stacks and the command line read."""
        for site in self.scope.sites:
            self.exports[site] = self.clouds[site].site().exports()
        trust = self._trust()
        self._links()
        for name in self.scope.clusters:
            self._cluster(name, trust)
        self._export(trust)

    def _read_site(self, site: str) -> SiteExports:
        outputs = self.references[site].require_output("sites").apply(lambda sites: sites[site])
        if isinstance(self.plan.sites[site], AwsSitePlan):
            return from_outputs(AwsSiteExports, outputs)
        return from_outputs(AzureSiteExports, outputs)

    def _trust(self) -> TrustExports:
        home = self.plan.mesh.trust_site
        if home in self.scope.sites:
            args = TrustArgs(fleet=self.plan.name, plan=self.plan.mesh.trust, protect=self.plan.fleet.protect)
            return Trust("mesh", args).exports()
        return from_outputs(TrustExports, self.references[home].require_output("trust"))

    def _own_trust(self, cluster: str) -> TrustExports:
        """Make the CA of a cluster outside the mesh, which shares no key with it.

        Left to itself certgen would make one, in a Secret that Helm then refuses to take over when the cluster joins.
        """
        args = TrustArgs(fleet=self.plan.name, plan=plan_trust(Authority()), protect=False)
        return Trust(f"{cluster}-ca", args).exports()

    def _links(self) -> None:
        # Azure serialises writes to a gateway, a VNet and a security group, and answers 409 to the second: links at
        # one Azure site follow each other.
        last_at: dict[str, pulumi.Resource] = {}
        for name in self.scope.links:
            link = self.plan.links[name]
            busy = [site for site in link.sites if isinstance(self.plan.sites[site], AzureSitePlan)]
            before = [last_at[site] for site in busy if site in last_at]
            built = build_link(self.plan, link, self.exports, self.clouds, before)
            last_at.update(dict.fromkeys(busy, built))

    def _cluster(self, name: str, trust: TrustExports) -> None:
        plan = self.plan.clusters[name]
        cloud = self.clouds[plan.site]
        cluster = cloud.cluster(plan)
        self.clusters[name] = cluster
        cilium = Cilium(
            f"{name}-cilium",
            CiliumArgs(plan=self.plan, cluster=cluster, trust=trust if plan.meshed else self._own_trust(name)),
        )
        ready = cloud.nodes(cluster, after=cilium.release)
        workloads = plan_workloads(self.plan, name)
        storage = cloud.storage_class(cluster, after=ready) if workloads.keeps_state else None
        deploy_workloads(self.plan, cluster, cloud, ready=ready, storage_class=storage)

    def _export(self, trust: TrustExports) -> None:
        pulumi.export("fixed", fixed_fields(self.plan, self.scope))
        pulumi.export("ca", recorded(self.plan.fleet.mesh.ca))
        pulumi.export("sites", {site: as_outputs(self.exports[site]) for site in self.scope.sites})
        if self.plan.mesh.trust_site in self.scope.sites:
            pulumi.export("trust", as_outputs(trust))
        pulumi.export("clusters", clusters_summary(self.plan, self.scope))
        pulumi.export("links", links_summary(self.plan, self.scope))
        pulumi.export("components", components_summary(self.plan, self.scope))
        pulumi.export(
            "kubeconfigs", {name: pulumi.Output.secret(cluster.kubeconfig) for name, cluster in self.clusters.items()}
        )


def _cloud(plan: FleetPlan, site: str) -> Cloud:
    """Make a site's cloud. The SDKs are imported here, since a stack on one cloud need not load the other's."""
    site_plan = plan.sites[site]
    if isinstance(site_plan, AzureSitePlan):
        import pulumi_azure_native as azure_native

        from components.azure.cloud import AzureCloud

        return AzureCloud(plan, site_plan, azure_native.Provider(f"{site}-azure", location=site_plan.region))
    import pulumi_aws as aws

    from components.aws.cloud import AwsCloud

    return AwsCloud(plan, site_plan, aws.Provider(f"{site}-aws", region=site_plan.region))


def deploy(plan: FleetPlan, scope: Scope) -> None:
    """Declare a scope of a fleet to the engine."""
    FleetDeployment(plan, scope).build()


async def run(plan: FleetPlan, scope: Scope) -> None:
    """Declare a scope of a fleet and wait until the engine has all of it: the whole Pulumi program."""
    await settled(lambda: deploy(plan, scope))
