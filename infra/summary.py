"""What a stack tells of itself: plain tables of clusters, links and components, for outputs and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.plan import VpnLinkPlan

if TYPE_CHECKING:
    from infra.plan import FleetPlan
    from infra.scopes import Scope


def clusters_summary(plan: FleetPlan, scope: Scope) -> dict[str, dict[str, Any]]:
    """Give each cluster of a scope as one flat row."""
    rows = {}
    for name in scope.clusters:
        cluster = plan.clusters[name]
        site = plan.sites[cluster.site]
        rows[name] = {
            "id": cluster.id,
            "site": cluster.site,
            "cloud": site.cloud,
            "region": site.region,
            "kubernetes": cluster.kubernetes,
            "cilium": plan.mesh.cilium,
            "meshed": cluster.meshed,
            "podCidr": str(cluster.pod_cidr or "(of the VPC)"),
            "serviceCidr": str(cluster.service_cidr),
            "meshAddresses": list(cluster.mesh_addresses) if cluster.meshed else [],
        }
    return rows


def links_summary(plan: FleetPlan, scope: Scope) -> dict[str, dict[str, Any]]:
    """Give each link of a scope as one flat row."""
    rows = {}
    for name in scope.links:
        link = plan.links[name]
        tunnels = link.tunnels if isinstance(link, VpnLinkPlan) else ()
        rows[name] = {
            "sites": list(link.sites),
            "kind": "IPsec, 4 tunnels, BGP" if tunnels else "peering",
            "tunnels": [str(tunnel.inside) for tunnel in tunnels],
        }
    return rows


def components_summary(plan: FleetPlan, scope: Scope) -> dict[str, dict[str, Any]]:
    """Give each component that runs in a scope as one flat row."""
    rows: dict[str, dict[str, Any]] = {
        "sys": {
            "clusters": list(scope.clusters),
            "image": f"Cilium {plan.mesh.cilium} with Hubble",
            "port": None,
            "replicas": None,
            "critical": True,
        }
    }
    for name, component in plan.fleet.components.items():
        here = [cluster for cluster in component.clusters if cluster in scope.clusters]
        if here:
            rows[name] = {
                "clusters": here,
                "image": component.image,
                "port": component.port,
                "replicas": component.replicas,
                "critical": component.critical,
            }
    return rows
