"""One Azure site's cloud: makes the site, its clusters and their nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.azure.cluster import AksCluster, AksClusterArgs
from components.azure.identity import WorkloadIdentity, WorkloadIdentityArgs
from components.azure.nodes import AksNodes, AksNodesArgs
from components.azure.site import AzureSite, AzureSiteArgs
from components.azure.storage import EncryptedStorage, EncryptedStorageArgs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi
    import pulumi_azure_native as azure_native
    import pulumi_kubernetes as k8s

    from components.contracts import Cluster, Identity
    from infra.plan import AzureSitePlan, ClusterPlan, FleetPlan


class AzureCloud:
    """What :class:`components.contracts.Cloud` promises, on Azure.

    Parameters
    ----------
    plan
        The fleet.
    site
        The site that this object makes, with the clusters on it.
    provider
        Provider of the subscription that it stands in.
    """

    def __init__(self, plan: FleetPlan, site: AzureSitePlan, provider: azure_native.Provider) -> None:
        self._fleet = plan.name
        self._site_plan = site
        self.provider: pulumi.ProviderResource = provider
        self._site: AzureSite | None = None
        self._clusters: dict[str, AksCluster] = {}

    def site(self) -> AzureSite:
        """Build the site."""
        self._site = AzureSite(
            self._site_plan.name,
            AzureSiteArgs(fleet=self._fleet, plan=self._site_plan, provider=self.provider),
        )
        return self._site

    def cluster(self, plan: ClusterPlan) -> AksCluster:
        """Build a control plane, and its first node pool with it."""
        cluster = AksCluster(
            plan.name,
            AksClusterArgs(fleet=self._fleet, plan=plan, site=self._built(), provider=self.provider),
        )
        self._clusters[plan.name] = cluster
        return cluster

    def nodes(self, cluster: Cluster, *, after: pulumi.Resource) -> Sequence[pulumi.Resource]:
        """Build the node pools besides the first.

        Returns
        -------
        The release, which is complete only when its pods run (AKS has nodes before it, so it can wait for them), and
        the further pools.
        """
        if len(cluster.plan.node_pools) == 1:
            return (after,)
        nodes = AksNodes(
            f"{cluster.plan.name}-nodes",
            AksNodesArgs(
                cluster=self._clusters[cluster.plan.name], site=self._built(), provider=self.provider, after=after
            ),
        )
        return (after, *nodes.pools)

    def storage_class(self, cluster: Cluster, *, after: Sequence[pulumi.Resource]) -> k8s.storage.v1.StorageClass:
        """Build the storage class ``hms-encrypted``."""
        return EncryptedStorage(
            f"{cluster.plan.name}-storage",
            EncryptedStorageArgs(cluster=self._clusters[cluster.plan.name], site=self._built(), after=after),
        ).storage_class

    def identity(self, cluster: Cluster, *, name: str, namespace: str, service_account: str) -> Identity:
        """Build the managed identity of one service account; ``name`` is the component's."""
        return WorkloadIdentity(
            f"{cluster.plan.name}-{name}-identity",
            WorkloadIdentityArgs(
                cluster=cluster,
                site=self._built(),
                provider=self.provider,
                namespace=namespace,
                service_account=service_account,
            ),
        ).identity

    def _built(self) -> AzureSite:
        if self._site is None:
            raise RuntimeError(f"the site {self._site_plan.name!r} has to be built before what stands on it")
        return self._site
