"""The plan of a fleet: the frozen values that components build from. Everything here follows from the fleet file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ipaddress import IPv4Network

    from infra.addresses import AwsAddresses, AzureAddresses
    from infra.model import Encryption, Fleet
    from infra.ports import Port
    from infra.trust import TrustPlan
    from infra.tunnels import IkePolicy, TunnelPlan


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A firewall opening on one site for the nodes of another.

    Parameters
    ----------
    target
        ``nodes``, or ``mesh``: the load balancers of the mesh API servers.
    port
        What is opened.
    sources
        The other site's node ranges.
    """

    target: Literal["nodes", "mesh"]
    port: Port
    sources: tuple[IPv4Network, ...]


@dataclass(frozen=True, kw_only=True)
class AwsSitePlan:
    """An AWS site. ``gateway`` is None where no link leads to the other cloud and none was asked for."""

    name: str
    region: str
    zones: tuple[str, str, str]
    cidr: IPv4Network
    asn: int
    gateway: Literal["virtual-private-gateway", "transit-gateway"] | None
    addresses: AwsAddresses
    internal: tuple[Opening, ...]
    tags: dict[str, str]
    protect: bool

    cloud: Literal["aws"] = "aws"


@dataclass(frozen=True, kw_only=True)
class AzureSitePlan:
    """An Azure site.

    Parameters
    ----------
    gateway
        Size of the VPN gateway; None where no link leads to the other cloud and none was asked for.
    apipa
        Custom BGP addresses of the gateway's two instances over all links of the site, in the order of the links.
    """

    name: str
    region: str
    cidr: IPv4Network
    asn: int
    gateway: str | None
    apipa: tuple[tuple[str, ...], tuple[str, ...]]
    addresses: AzureAddresses
    internal: tuple[Opening, ...]
    tags: dict[str, str]
    protect: bool

    cloud: Literal["azure"] = "azure"


SitePlan = AwsSitePlan | AzureSitePlan


@dataclass(frozen=True, kw_only=True)
class NodePoolPlan:
    """Nodes of one size, with what the file left out filled in."""

    name: str
    size: str
    min: int
    max: int
    disk_gib: int


@dataclass(frozen=True, kw_only=True)
class ClusterPlan:
    """A cluster.

    Parameters
    ----------
    pod_cidr
        Cilium's cluster pool; None in the eni profile, where pods have addresses of the VPC.
    dns_address
        Cluster address of CoreDNS: the tenth of the service range, on both clouds.
    mesh_addresses
        Fixed addresses of the load balancer of its mesh API server: three on AWS (one a zone), one on Azure.
    mesh_node_port
        Node port behind that load balancer.
    admin_cidrs
        Public ranges that may reach the API server; empty: private only.
    """

    name: str
    id: int
    site: str
    kubernetes: str
    meshed: bool
    pod_cidr: IPv4Network | None
    service_cidr: IPv4Network
    dns_address: str
    mesh_addresses: tuple[str, ...]
    mesh_node_port: int
    node_pools: tuple[NodePoolPlan, ...]
    admin_cidrs: tuple[str, ...]
    tags: dict[str, str]
    protect: bool


@dataclass(frozen=True, kw_only=True)
class VpnLinkPlan:
    """A link between clouds.

    ``owner`` is the later of its two sites in the file: its stack makes the link and reads the other's exports.
    """

    name: str
    aws: str
    azure: str
    owner: str
    slot: int
    tunnels: tuple[TunnelPlan, TunnelPlan, TunnelPlan, TunnelPlan]
    policy: IkePolicy
    openings: dict[str, tuple[Opening, ...]]
    """By the site on which they are opened."""
    tags: dict[str, str]

    @property
    def sites(self) -> tuple[str, str]:
        """The two sites."""
        return self.aws, self.azure


@dataclass(frozen=True, kw_only=True)
class PeeringLinkPlan:
    """A link inside one cloud: ``owner`` (the later site) asks, ``peer`` accepts."""

    name: str
    cloud: Literal["aws", "azure"]
    owner: str
    peer: str
    openings: dict[str, tuple[Opening, ...]]
    tags: dict[str, str]

    @property
    def sites(self) -> tuple[str, str]:
        """The two sites."""
        return self.owner, self.peer


LinkPlan = VpnLinkPlan | PeeringLinkPlan


@dataclass(frozen=True, kw_only=True)
class MeshPlan:
    """What every cluster of the mesh shares."""

    cilium: str
    profile: Literal["overlay", "eni"]
    mtu: int
    max_clusters: int
    encryption: Encryption
    trust: TrustPlan
    trust_site: str
    """The site whose stack makes the CA: the first in the file."""

    @property
    def encrypted(self) -> bool:
        """Whether WireGuard runs between the nodes."""
        return self.encryption.type == "wireguard"


@dataclass(frozen=True, kw_only=True)
class FleetPlan:
    """The whole plan. Mappings keep the order of the file."""

    name: str
    fleet: Fleet
    mesh: MeshPlan
    sites: dict[str, SitePlan]
    links: dict[str, LinkPlan]
    clusters: dict[str, ClusterPlan]
    tags: dict[str, str]

    def peers(self, cluster: str) -> tuple[ClusterPlan, ...]:
        """List the other clusters of the mesh, in the order of their ids; none for a cluster outside the mesh."""
        if not self.clusters[cluster].meshed:
            return ()
        others = (other for name, other in self.clusters.items() if name != cluster and other.meshed)
        return tuple(sorted(others, key=lambda other: other.id))
