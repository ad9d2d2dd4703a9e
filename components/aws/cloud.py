"""One AWS site as the composition sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.aws.cluster import EksCluster, EksClusterArgs
from components.aws.identity import ServiceAccountRole, ServiceAccountRoleArgs
from components.aws.mesh_endpoint import MeshEndpoint, MeshEndpointArgs
from components.aws.nodes import EksNodes, EksNodesArgs
from components.aws.site import AwsSite, AwsSiteArgs
from components.aws.storage import EncryptedStorage, EncryptedStorageArgs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi
    import pulumi_aws as aws
    import pulumi_kubernetes as k8s

    from components.contracts import Cluster, Identity
    from infra.plan import AwsSitePlan, ClusterPlan, FleetPlan


class AwsCloud:
    """Makes an AWS site and what stands on it. See :class:`components.contracts.Cloud`.

    Parameters
    ----------
    plan
        The whole fleet.
    site
        The site.
    provider
        For the site's region.
    """

    def __init__(self, plan: FleetPlan, site: AwsSitePlan, provider: aws.Provider) -> None:
        self.provider = provider
        self._plan = plan
        self._site_plan = site
        self._site: AwsSite | None = None
        self._clusters: dict[str, EksCluster] = {}

    def site(self) -> AwsSite:
        """Build the site. Called once, in the stack that the site belongs to."""
        self._site = AwsSite(self._site_plan.name, AwsSiteArgs(plan=self._site_plan, provider=self.provider))
        return self._site

    def cluster(self, plan: ClusterPlan) -> EksCluster:
        """Build a control plane on the site."""
        cluster = EksCluster(
            plan.name,
            EksClusterArgs(plan=plan, site=self._built(), provider=self.provider, eni=self._plan.mesh.profile == "eni"),
        )
        self._clusters[plan.name] = cluster
        return cluster

    def nodes(self, cluster: Cluster, *, after: pulumi.Resource) -> Sequence[pulumi.Resource]:
        """Build the mesh endpoint, the node pools that wait for ``after``, and what needs nodes."""
        plan, site = cluster.plan, self._built()
        endpoint = (
            MeshEndpoint(f"{plan.name}-mesh", MeshEndpointArgs(plan=plan, site=site, provider=self.provider))
            if plan.meshed
            else None
        )
        nodes = EksNodes(
            f"{plan.name}-nodes",
            EksNodesArgs(
                cluster=self._clusters[plan.name],
                site=site,
                provider=self.provider,
                after=after,
                keeps_state=self._keeps_state(plan.name),
                target_group_arn=endpoint.target_group_arn if endpoint else None,
            ),
        )
        return nodes.ready

    def storage_class(self, cluster: Cluster, *, after: Sequence[pulumi.Resource]) -> k8s.storage.v1.StorageClass:
        """Build the encrypted storage class of a cluster."""
        own = self._clusters[cluster.plan.name]
        args = EncryptedStorageArgs(cluster=own, key_arn=self._built().key_arn, after=after)
        return EncryptedStorage(f"{cluster.plan.name}-storage", args).storage_class

    def identity(self, cluster: Cluster, *, name: str, namespace: str, service_account: str) -> Identity:
        """Build the role of one service account; ``name`` is the component's."""
        plan = cluster.plan
        role = ServiceAccountRole(
            f"{plan.name}-{name}-identity",
            ServiceAccountRoleArgs(
                issuer=self._clusters[plan.name].issuer,
                namespace=namespace,
                service_account=service_account,
                tags=plan.tags,
                provider=self.provider,
            ),
        )
        return role.identity()

    def _built(self) -> AwsSite:
        if self._site is None:
            raise RuntimeError(f"site {self._site_plan.name!r} is not built yet: call site() before what stands on it")
        return self._site

    def _keeps_state(self, cluster: str) -> bool:
        components = self._plan.fleet.components.values()
        return any(component.state is not None and cluster in component.clusters for component in components)
