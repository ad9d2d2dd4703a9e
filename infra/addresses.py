"""The address plan: every range is a function of the site's own range or of the cluster's own id.

So nothing moves when a site, a cluster or a link is added: there is no counter that another entry could shift.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

POD_POOL = IPv4Network("10.128.0.0/9")
"""Pods of all clusters: one supernet, which Cilium's strict encryption mode needs."""

SERVICE_POOL = IPv4Network("10.64.0.0/10")
"""Services of all clusters: inside RFC 1918, as EKS demands, and clear of what AKS forbids."""

POD_PREFIX = {255: 17, 511: 18}
"""Prefix of one cluster's pod range by the mesh's largest number of clusters: 128 or 64 nodes of a /24."""

SERVICE_PREFIX = 19
"""Prefix of one cluster's service range: 512 of them fill the pool."""

NODE_POD_PREFIX = 24
"""Prefix of one node's share of the pod range."""

SITE_PREFIXES = range(16, 21)
"""Prefixes of a site's range. AWS takes no VPC larger than /16; below /20 the small subnets would be under /28."""

# A cloud keeps the first addresses of a subnet: AWS and Azure both the first four and the last.
_FIRST_FREE = 4


@dataclass(frozen=True, kw_only=True)
class AwsAddresses:
    """Subnets of an AWS site, each a triple over its three zones.

    With a /16: nodes 3 x /19, mesh 3 x /22, public 3 x /24, attachment 3 x /28.
    """

    nodes: tuple[IPv4Network, IPv4Network, IPv4Network]
    mesh: tuple[IPv4Network, IPv4Network, IPv4Network]
    public: tuple[IPv4Network, IPv4Network, IPv4Network]
    attachment: tuple[IPv4Network, IPv4Network, IPv4Network]
    half: IPv4Network

    @property
    def node_ranges(self) -> tuple[IPv4Network, ...]:
        """Where nodes get their addresses: the lower half, in which nothing but node subnets may ever stand.

        One range and not three, since a security group takes 60 rules by default and each range costs one a port.
        """
        return (self.half,)

    @property
    def mesh_ranges(self) -> tuple[IPv4Network, ...]:
        """Where the load balancers of the mesh API servers stand."""
        return self.mesh


@dataclass(frozen=True, kw_only=True)
class AzureAddresses:
    """Subnets of an Azure site; a subnet spans all zones there.

    With a /16: nodes /17, mesh /22, gateway /27.
    """

    nodes: IPv4Network
    mesh: IPv4Network
    gateway: IPv4Network

    @property
    def node_ranges(self) -> tuple[IPv4Network, ...]:
        """Where nodes get their addresses."""
        return (self.nodes,)

    @property
    def mesh_ranges(self) -> tuple[IPv4Network, ...]:
        """Where the load balancers of the mesh API servers stand."""
        return (self.mesh,)


def nth(network: IPv4Network, prefix: int, index: int) -> IPv4Network:
    """Give the subnet number ``index`` of ``network`` with that prefix, without listing those before it."""
    size = 1 << (32 - prefix)
    subnet = IPv4Network((int(network.network_address) + index * size, prefix))
    if not subnet.subnet_of(network):
        raise ValueError(f"{network} holds no subnet number {index} of /{prefix}")
    return subnet


def _three(network: IPv4Network, prefix: int) -> tuple[IPv4Network, IPv4Network, IPv4Network]:
    return nth(network, prefix, 0), nth(network, prefix, 1), nth(network, prefix, 2)


def aws_addresses(cidr: IPv4Network) -> AwsAddresses:
    """Cut an AWS site's range: eighths 0-2 nodes, 4 mesh, 5 public, 6 transit attachment; 3 and 7 stay free."""
    eighth = cidr.prefixlen + 3
    return AwsAddresses(
        half=nth(cidr, cidr.prefixlen + 1, 0),
        nodes=_three(cidr, eighth),
        mesh=_three(nth(cidr, eighth, 4), cidr.prefixlen + 6),
        public=_three(nth(cidr, eighth, 5), cidr.prefixlen + 8),
        attachment=_three(nth(cidr, eighth, 6), 28),
    )


def azure_addresses(cidr: IPv4Network) -> AzureAddresses:
    """Cut an Azure site's range: the lower half for nodes, then mesh and gateway in the upper half."""
    eighth = cidr.prefixlen + 3
    return AzureAddresses(
        nodes=nth(cidr, cidr.prefixlen + 1, 0),
        mesh=nth(nth(cidr, eighth, 4), cidr.prefixlen + 6, 0),
        # /27 or larger is what Azure recommends; GatewaySubnet cannot grow while a gateway stands in it.
        gateway=nth(nth(cidr, eighth, 5), 27, 0),
    )


def planned_asn(cidr: IPv4Network) -> int:
    """Derive a private 16-bit ASN from a site's range, 64512 to 65055: clear of all that a cloud reserves.

    Two sites whose ranges differ only further right than the second octet (10/8), or the third (192.168/16),
    get the same one; a check says so and asks for an ``asn``.
    """
    first, second, third, _ = cidr.network_address.packed
    return {10: 64512 + second, 172: 64768 + second % 32, 192: 64800 + third}.get(first, 64512 + second)


def pod_cidr(cluster_id: int, max_clusters: int) -> IPv4Network:
    """Pod range of a cluster (overlay profile): a function of its id alone."""
    return nth(POD_POOL, POD_PREFIX[max_clusters], cluster_id)


def service_cidr(cluster_id: int) -> IPv4Network:
    """Service range of a cluster: a function of its id alone."""
    return nth(SERVICE_POOL, SERVICE_PREFIX, cluster_id)


def mesh_address(subnet: IPv4Network, cluster_id: int) -> IPv4Address:
    """Give the fixed address of a cluster's mesh API server in a mesh subnet: a function of its id alone.

    Raises
    ------
    ValueError
        If the subnet is too small for the id.
    """
    address = subnet.network_address + _FIRST_FREE + cluster_id
    if address >= subnet.broadcast_address:
        raise ValueError(f"{subnet} holds no mesh address for cluster id {cluster_id}")
    return address


def largest_id(mesh_subnet_prefix: int) -> int:
    """Largest cluster id that a mesh subnet of that prefix has an address for."""
    return (1 << (32 - mesh_subnet_prefix)) - 2 - _FIRST_FREE
