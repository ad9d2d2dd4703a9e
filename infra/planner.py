"""From a fleet to its plan. Deterministic: no clock, no environment, no order but that of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import addresses
from infra.model import AwsSite, AzureSite, Cluster, Fleet, NodePool
from infra.plan import (
    AwsSitePlan,
    AzureSitePlan,
    ClusterPlan,
    FleetPlan,
    LinkPlan,
    MeshPlan,
    NodePoolPlan,
    Opening,
    PeeringLinkPlan,
    SitePlan,
    VpnLinkPlan,
)
from infra.ports import FIRST_MESH_NODE_PORT, MESH_API, node_ports
from infra.trust import plan_trust
from infra.tunnels import IkePolicy, plan_tunnels

if TYPE_CHECKING:
    from ipaddress import IPv4Network

    from infra.addresses import AwsAddresses, AzureAddresses

DEFAULT_NODE_SIZE = {"aws": "m6i.xlarge", "azure": "Standard_D4s_v5"}
"""Size of a node where the file names none: 4 vCPU, 16 GiB, current, with encryption at host on Azure."""


_ZONE_LETTERS = {"ap-northeast-1": ("a", "c", "d"), "ca-central-1": ("a", "b", "d")}
"""Regions where a letter is kept for old accounts."""

REGIONS_OF_TWO_ZONES = ("us-west-1",)
"""AWS regions that offer a new account two zones only."""

UNDERLAY_MTU = 1400
"""Largest safe MTU through the IPsec tunnels: Azure asks for 1400 at most, AWS discovers no path MTU."""

PEERED_MTU = 1500
"""MTU that holds over peering between regions and between VNets."""


def link_mtu(fleet: Fleet, link: tuple[str, str]) -> int:
    """Give the largest packet (bytes) that a link carries whole."""
    first, second = (fleet.sites[site].cloud for site in link)
    return PEERED_MTU if first == second else UNDERLAY_MTU


def path_mtu(fleet: Fleet) -> int:
    """Give the smallest link MTU of the fleet: the mesh uses one value everywhere."""
    return min((link_mtu(fleet, link.sites) for link in fleet.links), default=PEERED_MTU)


def base_tags(fleet: Fleet) -> dict[str, str]:
    """Tags of every cloud resource of the fleet."""
    return {
        **dict(sorted(fleet.tags.extra.items())),
        "fleet": fleet.name,
        "owner": fleet.tags.owner,
        "cost-center": fleet.tags.cost_center,
        "managed-by": "pulumi",
    }


def plan_slots(fleet: Fleet) -> dict[int, int]:
    """Give each cross-cloud link (by index in the file) its slot: pinned, else the lowest free at both gateways."""
    taken: dict[str, set[int]] = {site: set() for site in fleet.sites}
    slots: dict[int, int] = {}
    crossing = [
        (index, link)
        for index, link in enumerate(fleet.links)
        if fleet.sites[link.sites[0]].cloud != fleet.sites[link.sites[1]].cloud
    ]
    for index, link in crossing:
        if link.slot is not None:
            slots[index] = link.slot
            for site in link.sites:
                taken[site].add(link.slot)
    for index, link in crossing:
        if link.slot is None:
            used = taken[link.sites[0]] | taken[link.sites[1]]
            slots[index] = next(slot for slot in range(len(used) + 1) if slot not in used)
            for site in link.sites:
                taken[site].add(slots[index])
    return slots


def default_zones(region: str) -> tuple[str, str, str]:
    """Give the first three zones that a new account sees in an AWS region."""
    first, second, third = _ZONE_LETTERS.get(region, ("a", "b", "c"))
    return f"{region}{first}", f"{region}{second}", f"{region}{third}"


def _site_addresses(site: AwsSite | AzureSite) -> AwsAddresses | AzureAddresses:
    if isinstance(site, AwsSite):
        return addresses.aws_addresses(site.cidr)
    return addresses.azure_addresses(site.cidr)


def _openings(mesh: MeshPlan, sources: tuple[IPv4Network, ...]) -> tuple[Opening, ...]:
    ports = node_ports(overlay=mesh.profile == "overlay", encrypted=mesh.encrypted)
    return (
        *(Opening(target="nodes", port=port, sources=sources) for port in ports),
        Opening(target="mesh", port=MESH_API, sources=sources),
    )


def _plan_links(fleet: Fleet, mesh: MeshPlan, tags: dict[str, str]) -> dict[str, LinkPlan]:
    order = list(fleet.sites)
    slots = plan_slots(fleet)
    links: dict[str, LinkPlan] = {}
    for index, link in enumerate(fleet.links):
        earlier, later = sorted(link.sites, key=order.index)
        name = f"{earlier}-{later}"
        ranges = {site: _site_addresses(fleet.sites[site]).node_ranges for site in link.sites}
        openings = {
            earlier: _openings(mesh, ranges[later]),
            later: _openings(mesh, ranges[earlier]),
        }
        tagged = {**tags, "link": name}
        clouds = {fleet.sites[site].cloud: site for site in link.sites}
        if len(clouds) == 1:
            (cloud,) = clouds
            links[name] = PeeringLinkPlan(
                name=name, cloud=cloud, owner=later, peer=earlier, openings=openings, tags=tagged
            )
        else:
            links[name] = VpnLinkPlan(
                name=name,
                aws=clouds["aws"],
                azure=clouds["azure"],
                owner=later,
                slot=slots[index],
                tunnels=plan_tunnels(slots[index]),
                policy=IkePolicy(),
                openings=openings,
                tags=tagged,
            )
    return links


def _plan_site(name: str, fleet: Fleet, mesh: MeshPlan, links: dict[str, LinkPlan], tags: dict[str, str]) -> SitePlan:
    site = fleet.sites[name]
    crossing = [link for link in links.values() if isinstance(link, VpnLinkPlan) and name in link.sites]
    asn = site.asn if site.asn is not None else addresses.planned_asn(site.cidr)
    tagged = {**tags, "site": name}
    if isinstance(site, AwsSite):
        aws = addresses.aws_addresses(site.cidr)
        wanted = site.gateway.kind if site.gateway else "virtual-private-gateway" if crossing else None
        return AwsSitePlan(
            name=name,
            region=site.region,
            zones=site.zones or default_zones(site.region),
            cidr=site.cidr,
            asn=asn,
            gateway=wanted,
            addresses=aws,
            internal=_openings(mesh, aws.node_ranges),
            tags=tagged,
            protect=fleet.protect,
        )
    azure = addresses.azure_addresses(site.cidr)
    tunnels = [tunnel for link in crossing for tunnel in link.tunnels]
    size = site.gateway.size if site.gateway else "VpnGw2AZ" if crossing else None
    return AzureSitePlan(
        name=name,
        region=site.region,
        cidr=site.cidr,
        asn=asn,
        gateway=size,
        apipa=(
            tuple(str(tunnel.azure_address) for tunnel in tunnels if tunnel.instance == 0),
            tuple(str(tunnel.azure_address) for tunnel in tunnels if tunnel.instance == 1),
        ),
        addresses=azure,
        internal=_openings(mesh, azure.node_ranges),
        tags=tagged,
        protect=fleet.protect,
    )


def _plan_pool(name: str, pool: NodePool, cloud: str) -> NodePoolPlan:
    return NodePoolPlan(
        name=name, size=pool.size or DEFAULT_NODE_SIZE[cloud], min=pool.min, max=pool.max, disk_gib=pool.disk_gib
    )


def _plan_cluster(name: str, cluster: Cluster, fleet: Fleet, mesh: MeshPlan, tags: dict[str, str]) -> ClusterPlan:
    site = fleet.sites[cluster.site]
    services = cluster.service_cidr or addresses.service_cidr(cluster.id)
    pods = cluster.pod_cidr or addresses.pod_cidr(cluster.id, mesh.max_clusters)
    return ClusterPlan(
        name=name,
        id=cluster.id,
        site=cluster.site,
        kubernetes=cluster.kubernetes,
        meshed=cluster.meshed,
        pod_cidr=pods if mesh.profile == "overlay" else None,
        service_cidr=services,
        dns_address=str(services[10]),
        mesh_addresses=tuple(
            str(addresses.mesh_address(subnet, cluster.id)) for subnet in _site_addresses(site).mesh_ranges
        ),
        mesh_node_port=FIRST_MESH_NODE_PORT + cluster.id,
        node_pools=tuple(_plan_pool(pool, spec, site.cloud) for pool, spec in cluster.node_pools.items()),
        admin_cidrs=tuple(str(cidr) for cidr in fleet.admin_cidrs),
        tags={**tags, "site": cluster.site, "cluster": name},
        protect=fleet.protect,
    )


def plan_fleet(fleet: Fleet) -> FleetPlan:
    """Make the plan of a fleet that passed its checks.

    Deterministic: the same file gives the same plan on every machine, in the same order.
    """
    tags = base_tags(fleet)
    mesh = MeshPlan(
        cilium=fleet.mesh.cilium,
        profile=fleet.mesh.profile,
        mtu=fleet.mesh.mtu or min(UNDERLAY_MTU if fleet.mesh.profile == "overlay" else PEERED_MTU, path_mtu(fleet)),
        max_clusters=fleet.mesh.max_clusters,
        encryption=fleet.mesh.encryption,
        trust=plan_trust(fleet.mesh.ca),
        trust_site=next(iter(fleet.sites)),
    )
    links = _plan_links(fleet, mesh, tags)
    return FleetPlan(
        name=fleet.name,
        fleet=fleet,
        mesh=mesh,
        sites={name: _plan_site(name, fleet, mesh, links, tags) for name in fleet.sites},
        links=links,
        clusters={name: _plan_cluster(name, cluster, fleet, mesh, tags) for name, cluster in fleet.clusters.items()},
        tags=tags,
    )
