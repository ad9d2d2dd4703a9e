"""What components promise each other, whichever cloud they build on.

Everything above a cluster (Cilium, HMS components) and beside a site (links) is written once against these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulumi
    import pulumi_kubernetes as k8s

    from components.exports import SiteExports
    from infra.plan import ClusterPlan, SitePlan


class Site(Protocol):
    """A network hub. The component offers more, to the clusters of its own cloud only."""

    plan: SitePlan

    def exports(self) -> SiteExports:
        """Give what another site's stack may need of this one."""
        ...


class Cluster(Protocol):
    """A Kubernetes control plane, before or after it has nodes."""

    plan: ClusterPlan
    platform: Literal["eks", "aks"]
    """Which switches Cilium's chart needs; nothing else may ask."""
    resource: pulumi.Resource
    """The cluster itself: what is inside goes when it goes."""
    operator_role_arn: pulumi.Output[str] | None
    """Role of Cilium's operator, where pods get addresses of the cloud's network (profile eni)."""
    provider: k8s.Provider
    kubeconfig: pulumi.Output[str]
    """Secret."""
    api_host: pulumi.Output[str]
    """Host of the API server without scheme, for agents that start before service addresses work."""
    oidc_issuer: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A cloud identity bound to one service account.

    Parameters
    ----------
    annotations
        For the ServiceAccount.
    pod_labels
        For the pods that use it.
    resources
        What must exist before such a pod starts.
    """

    annotations: Mapping[str, pulumi.Input[str]]
    pod_labels: Mapping[str, str]
    resources: Sequence[pulumi.Resource]


class Cloud(Protocol):
    """One site's cloud: makes the site, its clusters and their nodes. One object a site, made by the composition."""

    provider: pulumi.ProviderResource
    """For the site's region; links build on both ends with it."""

    def site(self) -> Site:
        """Build the site. Called once, in the stack that the site belongs to."""
        ...

    def cluster(self, plan: ClusterPlan) -> Cluster:
        """Build a control plane on the site (after :meth:`site`)."""
        ...

    def nodes(self, cluster: Cluster, *, after: pulumi.Resource) -> Sequence[pulumi.Resource]:
        """Build the node pools that wait for the CNI, and what needs nodes.

        Parameters
        ----------
        after
            The Cilium release.

        Returns
        -------
        Resources that exist only once ordinary pods run: the readiness gate for workloads.
        """
        ...

    def storage_class(self, cluster: Cluster, *, after: Sequence[pulumi.Resource]) -> k8s.storage.v1.StorageClass:
        """Build the encrypted storage class ``hms-encrypted``, once for each cluster that keeps state."""
        ...

    def identity(self, cluster: Cluster, *, name: str, namespace: str, service_account: str) -> Identity:
        """Build the cloud identity of one service account; ``name`` is the component's."""
        ...
