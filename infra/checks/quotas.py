"""Quotas of the clouds, counted before anything is built. Sources: the clouds' own quota pages; see `Quotas`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from infra.model import AwsSite, AzureSite, Link
from infra.ports import node_ports
from infra.problems import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model import Fleet

_ZONES = 3
_AZURE_TUNNELS = {"VpnGw1AZ": 30, "VpnGw2AZ": 30, "VpnGw3AZ": 30, "VpnGw4AZ": 100, "VpnGw5AZ": 100}
_CONNECTIONS = 2  # AWS VPN connections a link
_TUNNELS = 4  # Azure connections a link
_OWN_ROUTES = 1  # the default route of a private table


def check(fleet: Fleet) -> Iterator[Finding]:
    """Yield quotas that the fleet would exceed."""
    links = [link for link in fleet.links if all(site in fleet.sites for site in link.sites)]
    crossing: dict[str, int] = Counter(site for link in links if _crosses(fleet, link) for site in link.sites)
    peered: dict[str, int] = Counter(site for link in links if not _crosses(fleet, link) for site in link.sites)
    yield from _regions(fleet, crossing)
    for name, site in fleet.sites.items():
        if isinstance(site, AwsSite):
            yield from _aws_site(fleet, name, site, crossing.get(name, 0), peered.get(name, 0))
        elif crossing.get(name, 0):
            yield from _azure_gateway(name, site, crossing[name])


def _crosses(fleet: Fleet, link: Link) -> bool:
    first, second = (fleet.sites[site].cloud for site in link.sites)
    return first != second


def _exceeds(path: tuple[str | int, ...], what: str, count: int, limit: int, quota: str) -> Iterator[Finding]:
    if count > limit:
        yield Finding(
            path=path,
            message=f"{what}: {count} are more than AWS allows by default or was granted ({limit})",
            fix=f"fewer, or, once AWS has raised the quota, quotas: {{{quota}: {count}}}",
        )


def _regions(fleet: Fleet, crossing: dict[str, int]) -> Iterator[Finding]:
    regions: dict[str, list[str]] = {}
    for name, site in fleet.sites.items():
        if isinstance(site, AwsSite):
            regions.setdefault(site.region, []).append(name)
    quotas = fleet.quotas
    for region, names in regions.items():
        path = ("sites", names[-1], "region")
        gateways = sum(1 for name in names if crossing.get(name) or _has_gateway(fleet, name))
        connections = _CONNECTIONS * sum(crossing.get(name, 0) for name in names)
        yield from _exceeds(path, f"VPCs in {region}", len(names), quotas.vpcs_per_region, "vpcsPerRegion")
        yield from _exceeds(
            path,
            f"elastic addresses in {region} (three NAT gateways a site)",
            _ZONES * len(names),
            quotas.addresses_per_region,
            "addressesPerRegion",
        )
        yield from _exceeds(
            path, f"VPN gateways in {region}", gateways, quotas.gateways_per_region, "gatewaysPerRegion"
        )
        yield from _exceeds(
            path,
            f"VPN connections in {region}",
            connections,
            quotas.connections_per_region,
            "connectionsPerRegion",
        )


def _has_gateway(fleet: Fleet, name: str) -> bool:
    return fleet.sites[name].gateway is not None


def _aws_site(fleet: Fleet, name: str, site: AwsSite, crossing: int, peered: int) -> Iterator[Finding]:
    path = ("sites", name)
    quotas = fleet.quotas
    transit = site.gateway is not None and site.gateway.kind == "transit-gateway"
    if not transit:
        yield from _exceeds(
            path,
            f"VPN connections on the gateway of {name!r}",
            _CONNECTIONS * crossing,
            quotas.connections_per_gateway,
            "connectionsPerGateway",
        )
    # Routes over a virtual private gateway are propagated, and count on a limit of their own (100).
    static = _OWN_ROUTES + peered + (crossing if transit else 0)
    yield from _exceeds(path, f"routes in a route table of {name!r}", static, quotas.routes_per_table, "routesPerTable")
    yield from _exceeds(path, f"peerings of {name!r}", peered, quotas.peerings_per_vpc, "peeringsPerVpc")
    ports = node_ports(overlay=fleet.mesh.profile == "overlay", encrypted=fleet.mesh.encryption.type == "wireguard")
    clusters = sum(1 for cluster in fleet.clusters.values() if cluster.site == name and cluster.meshed)
    rules = len(ports) * (1 + crossing + peered) + clusters
    yield from _exceeds(
        path,
        f"rules in the nodes' security group of {name!r}",
        rules,
        quotas.rules_per_security_group,
        "rulesPerSecurityGroup",
    )


def _azure_gateway(name: str, site: AzureSite, crossing: int) -> Iterator[Finding]:
    size = site.gateway.size if site.gateway else "VpnGw2AZ"
    limit = _AZURE_TUNNELS.get(size)
    if limit is not None and _TUNNELS * crossing > limit:
        yield Finding(
            path=("sites", name, "gateway", "size") if site.gateway else ("sites", name),
            message=f"{_TUNNELS * crossing} tunnels are more than a {size} carries ({limit})",
            fix="VpnGw4AZ (100 tunnels)" if limit < 100 else "fewer links: a further site",
        )
