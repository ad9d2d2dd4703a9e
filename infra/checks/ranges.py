"""One check over all ranges together: sites, pods, services, tunnels, and what the clouds keep for themselves."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from infra.addresses import POD_PREFIX, SITE_PREFIXES, pod_cidr, service_cidr
from infra.model import AzureSite
from infra.predicates import cidr_is_world
from infra.problems import Finding, Path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model import Fleet

_PRIVATE = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))

_RESERVED = {
    IPv4Network("169.254.0.0/16"): "link-local; the tunnels' own addresses are in it",
    IPv4Network("172.17.0.0/16"): "the bridge of container engines on nodes",
    IPv4Network("172.30.0.0/16"): "reserved by AKS",
    IPv4Network("172.31.0.0/16"): "reserved by AKS, and the default VPC of AWS",
    IPv4Network("192.0.2.0/24"): "reserved by AKS",
}
"""Sources: AKS's page on bringing your own CNI; Cilium's guide to a mesh of EKS clusters."""


@dataclass(frozen=True, kw_only=True)
class _Range:
    network: IPv4Network
    what: str
    path: Path
    pinned: bool


def check(fleet: Fleet) -> Iterator[Finding]:
    """Yield ranges that overlap each other or a reserved one, or that a cloud would not take."""
    yield from _sizes(fleet)
    yield from _admin(fleet)
    ranges = list(_all_ranges(fleet))
    for entry in ranges:
        for reserved, why in _RESERVED.items():
            if entry.network.overlaps(reserved):
                yield Finding(
                    path=entry.path,
                    message=f"{entry.what} {entry.network} overlaps {reserved} ({why})",
                    fix=f"a range in 10.0.0.0/8 that is free{_advice(entry)}",
                )
    yield from _overlaps(ranges)


def _advice(entry: _Range) -> str:
    return ", or nothing: it is planned then" if entry.path[0] == "clusters" else ""


def _all_ranges(fleet: Fleet) -> Iterator[_Range]:
    for name, site in fleet.sites.items():
        yield _Range(network=site.cidr, what=f"site {name!r}", path=("sites", name, "cidr"), pinned=True)
    for name, cluster in fleet.clusters.items():
        if fleet.mesh.max_clusters not in POD_PREFIX or not 1 <= cluster.id <= fleet.mesh.max_clusters:
            continue
        if fleet.mesh.profile == "overlay":
            yield _Range(
                network=cluster.pod_cidr or pod_cidr(cluster.id, fleet.mesh.max_clusters),
                what=f"pods of {name!r}",
                path=("clusters", name, "podCidr"),
                pinned=cluster.pod_cidr is not None,
            )
        yield _Range(
            network=cluster.service_cidr or service_cidr(cluster.id),
            what=f"services of {name!r}",
            path=("clusters", name, "serviceCidr"),
            pinned=cluster.service_cidr is not None,
        )


def _overlaps(ranges: list[_Range]) -> Iterator[Finding]:
    """Sweep the ranges in order of their addresses: 500 clusters have a thousand of them."""
    ordered = sorted(ranges, key=lambda entry: (int(entry.network.network_address), entry.network.prefixlen))
    open_ranges: list[_Range] = []
    for entry in ordered:
        open_ranges = [one for one in open_ranges if one.network.broadcast_address >= entry.network.network_address]
        for other in open_ranges:
            # Shown where a user wrote it; two clusters with one id have one finding already, at the id.
            if not entry.pinned and not other.pinned:
                continue
            first, second = (other, entry) if entry.pinned else (entry, other)
            yield Finding(
                path=second.path,
                message=f"{second.what} {second.network} overlaps {first.what} {first.network}",
                fix=f"a range in 10.0.0.0/8 that is free{_advice(second)}",
            )
        open_ranges.append(entry)


def _sizes(fleet: Fleet) -> Iterator[Finding]:
    for name, site in fleet.sites.items():
        path = ("sites", name, "cidr")
        if not any(site.cidr.subnet_of(private) for private in _PRIVATE):
            yield Finding(path=path, message=f"{site.cidr} is no private range", fix="a range such as 10.16.0.0/16")
        if site.cidr.prefixlen not in SITE_PREFIXES:
            yield Finding(
                path=path,
                message=f"a site of /{site.cidr.prefixlen} is too {'wide' if site.cidr.prefixlen < 16 else 'narrow'}",
                fix=f"/{SITE_PREFIXES[0]} to /{SITE_PREFIXES[-1]}",
            )
    for name, cluster in fleet.clusters.items():
        services = cluster.service_cidr
        if services is None:
            continue
        path = ("clusters", name, "serviceCidr")
        if not any(services.subnet_of(private) for private in _PRIVATE):
            yield Finding(
                path=path, message=f"{services} is no private range, as EKS demands", fix="nothing: it is planned then"
            )
        on = fleet.sites.get(cluster.site)
        widest = 13 if isinstance(on, AzureSite) else 12
        if not widest <= services.prefixlen <= 24:
            yield Finding(
                path=path,
                message=f"a service range of /{services.prefixlen} is refused by the cloud",
                fix=f"/{widest} to /24",
            )


def _admin(fleet: Fleet) -> Iterator[Finding]:
    for index, cidr in enumerate(fleet.admin_cidrs):
        path = ("adminCidrs", index)
        if cidr_is_world(str(cidr)):
            yield Finding(
                path=path,
                message=f"{cidr} opens the API servers to the world",
                fix="the public ranges of your offices, or none for private API servers",
            )
        elif any(cidr.overlaps(private) for private in _PRIVATE):
            yield Finding(
                path=path,
                message=f"{cidr} is private; the clouds see public addresses here",
                fix="the public range that you come from",
            )
