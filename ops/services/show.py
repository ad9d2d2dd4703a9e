"""The plan of a fleet, to look at: what the file leaves out filled in."""

from __future__ import annotations

import dataclasses
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from infra.plan import VpnLinkPlan
from ops.services.tables import Table, joined

if TYPE_CHECKING:
    from infra.plan import FleetPlan


def plan_tables(plan: FleetPlan) -> tuple[Table, ...]:
    """Give the plan as tables: sites, links, tunnels, clusters, components and flows."""
    fleet = plan.fleet
    tables = [
        Table(
            title=f"Sites of {plan.name}",
            head=("site", "cloud", "region", "range", "ASN", "gateway", "nodes in"),
            rows=tuple(
                (
                    name,
                    site.cloud,
                    site.region,
                    str(site.cidr),
                    str(site.asn),
                    site.gateway or "none",
                    joined(site.addresses.node_ranges),
                )
                for name, site in plan.sites.items()
            ),
        ),
        Table(
            title="Links",
            head=("link", "kind", "between", "made by"),
            rows=tuple(
                (
                    name,
                    "IPsec, 4 tunnels" if isinstance(link, VpnLinkPlan) else f"{link.cloud} peering",
                    " and ".join(link.sites),
                    f"{link.owner}-{plan.name}",
                )
                for name, link in plan.links.items()
            ),
        ),
        Table(
            title="Tunnels",
            head=("link", "tunnel", "inside", "AWS end", "Azure end", "AWS connection", "Azure instance"),
            rows=tuple(
                (
                    name,
                    str(tunnel.number),
                    str(tunnel.inside),
                    str(tunnel.aws_address),
                    str(tunnel.azure_address),
                    f"{link.name}-vpn-{tunnel.instance + 1}, tunnel {tunnel.aws_tunnel}",
                    str(tunnel.instance),
                )
                for name, link in plan.links.items()
                if isinstance(link, VpnLinkPlan)
                for tunnel in link.tunnels
            ),
        ),
        Table(
            title=f"Clusters: Cilium {plan.mesh.cilium}, {plan.mesh.profile}, MTU {plan.mesh.mtu}, "
            f"{'WireGuard' if plan.mesh.encrypted else 'NOT ENCRYPTED'}, up to {plan.mesh.max_clusters}",
            head=("cluster", "id", "site", "Kubernetes", "pods", "services", "mesh API server", "peers"),
            rows=tuple(
                (
                    name,
                    str(cluster.id),
                    cluster.site,
                    cluster.kubernetes,
                    str(cluster.pod_cidr or "of the VPC"),
                    str(cluster.service_cidr),
                    joined(cluster.mesh_addresses) if cluster.meshed else "not meshed",
                    _peers(plan, name),
                )
                for name, cluster in plan.clusters.items()
            ),
        ),
        Table(
            title="Components",
            head=("component", "clusters", "port", "replicas", "critical", "state", "calls"),
            rows=tuple(
                (
                    name,
                    joined(component.clusters),
                    str(component.port),
                    str(component.replicas),
                    "yes" if component.critical else "no",
                    component.state.size if component.state else "none",
                    joined([flow.to for flow in fleet.flows if flow.from_ == name]),
                )
                for name, component in fleet.components.items()
            ),
        ),
    ]
    return tuple(table for table in tables if table.rows)


def plan_json(plan: FleetPlan) -> dict[str, Any]:
    """Give the plan as plain data, the fleet as it was written included."""
    plain: dict[str, Any] = _plain(plan)
    return {"v": 1, **plain}


def _peers(plan: FleetPlan, cluster: str) -> str:
    peers = [peer.name for peer in plan.peers(cluster)]
    return joined(peers) if len(peers) <= 6 else f"{joined(peers[:5])} and {len(peers) - 5} more"


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a plan
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    if isinstance(value, IPv4Address | IPv4Network):
        return str(value)
    return value
