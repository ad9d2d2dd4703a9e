"""What a deployment takes of each region, counted from the plan. Sources stand beside what the plan does not say."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.plan import AwsSitePlan, AzureSitePlan, VpnLinkPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.plan import ClusterPlan, FleetPlan, NodePoolPlan
    from infra.scopes import Scope

_ZONES = 3
_ENDS_A_LINK = 2
"""Public addresses of an active-active VPN gateway: AWS has a customer gateway and a connection for each."""

_EKS_SURGE = 2 * _ZONES
"""Nodes that EKS adds to a group for an update: up to twice its zones (EKS user guide, managed node update)."""

_AKS_SURGE = 0.1
"""Share of a pool that AKS adds for an upgrade, rounded up (AKS, node surge upgrade: 10 % unless set)."""


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """Numbers of nodes of one size: those that a deployment starts, and the most there may ever be at once."""

    start: int
    most: int

    def __add__(self, other: Nodes) -> Nodes:
        return Nodes(start=self.start + other.start, most=self.most + other.most)


@dataclass(frozen=True, kw_only=True)
class AwsNeeds:
    """What a deployment takes of an AWS region; all but zones and versions are numbers.

    Parameters
    ----------
    zones
        Number of NAT gateways by zone.
    nodes
        By instance type.
    kubernetes
        Clusters by Kubernetes version.
    """

    region: str
    vpcs: int
    private_gateways: int
    transit_gateways: int
    customer_gateways: int
    connections: int
    zones: dict[str, int]
    nodes: dict[str, Nodes]
    kubernetes: dict[str, tuple[str, ...]]

    @property
    def addresses(self) -> int:
        """One elastic address a NAT gateway."""
        return sum(self.zones.values())


@dataclass(frozen=True, kw_only=True)
class AzureNeeds:
    """What a deployment takes of an Azure region.

    Parameters
    ----------
    addresses
        Public IP addresses: one for the NAT gateway of a site, two for its VPN gateway.
    nodes
        By VM size.
    kubernetes
        Clusters by Kubernetes version.
    """

    region: str
    networks: int
    addresses: int
    nodes: dict[str, Nodes]
    kubernetes: dict[str, tuple[str, ...]]


def aws_needs(plan: FleetPlan, scope: Scope) -> tuple[AwsNeeds, ...]:
    """Count for each AWS region, in the order of the file."""
    sites = [site for name in scope.sites if isinstance(site := plan.sites[name], AwsSitePlan)]
    links = [link for name in scope.links if isinstance(link := plan.links[name], VpnLinkPlan)]
    needs = []
    # A link's AWS end is made by the stack that owns the link, whichever site that is.
    regions = [*(site.region for site in sites), *(plan.sites[link.aws].region for link in links)]
    for region in dict.fromkeys(regions):
        here = [site for site in sites if site.region == region]
        ends = _ENDS_A_LINK * sum(plan.sites[link.aws].region == region for link in links)
        kinds = Counter(site.gateway for site in here)
        clusters = _clusters(plan, scope, {site.name for site in here})
        needs.append(
            AwsNeeds(
                region=region,
                vpcs=len(here),
                private_gateways=kinds["virtual-private-gateway"],
                transit_gateways=kinds["transit-gateway"],
                customer_gateways=ends,
                connections=ends,
                zones=dict(Counter(zone for site in here for zone in site.zones)),
                nodes=_nodes(clusters, _eks_most),
                kubernetes=_versions(clusters),
            )
        )
    return tuple(needs)


def azure_needs(plan: FleetPlan, scope: Scope) -> tuple[AzureNeeds, ...]:
    """Count for each Azure region, in the order of the file."""
    sites = [site for name in scope.sites if isinstance(site := plan.sites[name], AzureSitePlan)]
    needs = []
    for region in dict.fromkeys(site.region for site in sites):
        here = [site for site in sites if site.region == region]
        clusters = _clusters(plan, scope, {site.name for site in here})
        needs.append(
            AzureNeeds(
                region=region,
                networks=len(here),
                addresses=sum(1 + (_ENDS_A_LINK if site.gateway else 0) for site in here),
                nodes=_nodes(clusters, _aks_most),
                kubernetes=_versions(clusters),
            )
        )
    return tuple(needs)


def _clusters(plan: FleetPlan, scope: Scope, sites: set[str]) -> list[ClusterPlan]:
    return [plan.clusters[name] for name in scope.clusters if plan.clusters[name].site in sites]


def _eks_most(pool: NodePoolPlan) -> int:
    return pool.max + _EKS_SURGE


def _aks_most(pool: NodePoolPlan) -> int:
    return pool.max + math.ceil(pool.max * _AKS_SURGE)


def _nodes(clusters: list[ClusterPlan], most: Callable[[NodePoolPlan], int]) -> dict[str, Nodes]:
    nodes: dict[str, Nodes] = {}
    for pool in (pool for cluster in clusters for pool in cluster.node_pools):
        nodes[pool.size] = nodes.get(pool.size, Nodes(start=0, most=0)) + Nodes(start=pool.min, most=most(pool))
    return nodes


def _versions(clusters: list[ClusterPlan]) -> dict[str, tuple[str, ...]]:
    versions: dict[str, tuple[str, ...]] = {}
    for cluster in clusters:
        versions[cluster.kubernetes] = (*versions.get(cluster.kubernetes, ()), cluster.name)
    return versions
