"""Where everything of a lab stands: the fleet's own names, ranges and addresses, on one machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from infra.planner import link_mtu
from lab.errors import LabError

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network

    from infra.plan import ClusterPlan, FleetPlan, LinkPlan, SitePlan

Depth = Literal["control", "datapath"]
"""``control``: API servers and the mesh's control plane alone; ``datapath``: nodes, agents and pods as well."""

_SLOT = 16
"""Addresses that a cluster has in each node subnet: one for its API server, the rest for nodes."""

_FIRST_SLOT = 1
"""The first slot holds what the clouds keep for themselves, and the site's router."""

_LETTERS = "abcdefghijklmno"


@dataclass(frozen=True, kw_only=True)
class NodeLab:
    """A node: a namespace that behaves like a machine in the site's network.

    Parameters
    ----------
    labels
        What the cloud would label it with; the scheduler spreads by them.
    """

    name: str
    cluster: str
    site: str
    zone: str
    region: str
    address: IPv4Address
    labels: dict[str, str]

    @property
    def namespace(self) -> str:
        """Its network namespace."""
        return f"node-{self.name}"


@dataclass(frozen=True, kw_only=True)
class ClusterLab:
    """A cluster.

    Parameters
    ----------
    api
        Address of its API server in the site's network.
    cloud_names
        What it is called in its cloud; the simulated Kubernetes provider knows it by these.
    """

    name: str
    id: int
    site: str
    plan: ClusterPlan
    api: IPv4Address
    nodes: tuple[NodeLab, ...]
    cloud_names: tuple[str, ...]

    @property
    def namespace(self) -> str:
        """Network namespace of its control plane."""
        return f"cp-{self.name}"

    @property
    def kubernetes_service(self) -> IPv4Address:
        """Cluster address of the API server: the first of the service range."""
        return self.plan.service_cidr[1]


@dataclass(frozen=True, kw_only=True)
class SiteLab:
    """A site: one underlay network with a router at its first address."""

    name: str
    cloud: Literal["aws", "azure"]
    cidr: IPv4Network

    @property
    def gateway(self) -> IPv4Address:
        """Address of its router."""
        return self.cidr[1]

    @property
    def namespace(self) -> str:
        """Network namespace of its bridge and router."""
        return f"site-{self.name}"


@dataclass(frozen=True, kw_only=True)
class LinkLab:
    """A link: a router between two sites.

    Parameters
    ----------
    mtu
        Largest packet in octets that it carries; larger ones are answered by ICMP, fragments are dropped.
    """

    name: str
    sites: tuple[str, str]
    mtu: int
    plan: LinkPlan

    @property
    def namespace(self) -> str:
        """Network namespace of the router."""
        return f"link-{self.name}"


@dataclass(frozen=True, kw_only=True)
class LabPlan:
    """A whole lab. Mappings keep the order of the fleet file."""

    fleet: FleetPlan
    depth: Depth
    sites: dict[str, SiteLab]
    links: dict[str, LinkLab]
    clusters: dict[str, ClusterLab]

    @property
    def nodes(self) -> tuple[NodeLab, ...]:
        """All nodes."""
        return tuple(node for cluster in self.clusters.values() for node in cluster.nodes)


def _zones(site: SitePlan) -> tuple[str, ...]:
    """Zones as the clouds label nodes with them: AWS by name, Azure by region and number."""
    if site.cloud == "aws":
        return site.zones
    return tuple(f"{site.region}-{number}" for number in (1, 2, 3))


def _subnet(site: SitePlan, index: int) -> IPv4Network:
    return site.addresses.nodes[index % 3] if site.cloud == "aws" else site.addresses.nodes


def _address(site: SitePlan, slot: int, zone: int, offset: int) -> IPv4Address:
    subnet = _subnet(site, zone)
    position = slot * _SLOT + offset
    if position >= subnet.num_addresses - 1:
        raise LabError(
            f"site {site.name} holds no more clusters in a lab: {subnet} has {subnet.num_addresses} addresses",
            f"give the lab fewer clusters, or sites.{site.name}.cidr a shorter prefix",
        )
    return subnet[position]


def _nodes(plan: FleetPlan, cluster: ClusterPlan, slot: int, count: int) -> tuple[NodeLab, ...]:
    site = plan.sites[cluster.site]
    zones = _zones(site)
    pool = cluster.node_pools[0]
    nodes = []
    for index in range(count):
        zone = zones[index % len(zones)]
        name = f"{cluster.name}-{_LETTERS[index]}"
        nodes.append(
            NodeLab(
                name=name,
                cluster=cluster.name,
                site=site.name,
                zone=zone,
                region=site.region,
                address=_address(site, slot, index, 1 + index),
                labels={
                    "topology.kubernetes.io/region": site.region,
                    "topology.kubernetes.io/zone": zone,
                    "node.kubernetes.io/instance-type": pool.size,
                },
            )
        )
    return tuple(nodes)


def plan_lab(plan: FleetPlan, *, depth: Depth, nodes: int = 2) -> LabPlan:
    """Place a fleet on one machine.

    Parameters
    ----------
    nodes
        Nodes a cluster, 1 to 14; without effect at the depth ``control``.

    Raises
    ------
    LabError
        If the number of nodes is out of range, or a site too small for its clusters.
    """
    if not 1 <= nodes < len(_LETTERS):
        raise LabError(f"{nodes} nodes a cluster are out of range", f"ask for 1 to {len(_LETTERS) - 1}")
    sites = {name: SiteLab(name=name, cloud=site.cloud, cidr=site.cidr) for name, site in plan.sites.items()}
    links = {
        name: LinkLab(name=name, sites=link.sites, mtu=link_mtu(plan.fleet, link.sites), plan=link)
        for name, link in plan.links.items()
    }
    clusters: dict[str, ClusterLab] = {}
    taken = dict.fromkeys(plan.sites, _FIRST_SLOT)
    for name, cluster in plan.clusters.items():
        slot = taken[cluster.site]
        taken[cluster.site] = slot + 1
        clusters[name] = ClusterLab(
            name=name,
            id=cluster.id,
            site=cluster.site,
            plan=cluster,
            api=_address(plan.sites[cluster.site], slot, 0, 0),
            nodes=_nodes(plan, cluster, slot, nodes) if depth == "datapath" else (),
            cloud_names=(f"{plan.name}-{name}", name),
        )
    return LabPlan(fleet=plan, depth=depth, sites=sites, links=links, clusters=clusters)
