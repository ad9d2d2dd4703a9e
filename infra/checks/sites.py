"""Sites: ASNs, gateways, zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.addresses import planned_asn
from infra.model import AwsSite, AzureSite
from infra.planner import REGIONS_OF_TWO_ZONES
from infra.problems import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model import Fleet

GATEWAY_SIZES = ("VpnGw1AZ", "VpnGw2AZ", "VpnGw3AZ", "VpnGw4AZ", "VpnGw5AZ")
"""Sizes that can be created: those without AZ cannot since 1 January 2025; Basic has no BGP."""

_RESERVED_BY_AZURE = {8074, 8075, 12076, 65515, *range(65517, 65521)}
_RESERVED_BY_IANA = {23456, *range(64496, 64512), *range(65535, 65552)}
_LARGEST_FOR_AWS_PEER = 2_147_483_647


def check(fleet: Fleet) -> Iterator[Finding]:
    """Yield what is wrong with each site by itself, and ASNs that two sites share."""
    holders: dict[int, str] = {}
    for name, site in fleet.sites.items():
        yield from _gateway(name, site)
        if isinstance(site, AwsSite):
            yield from _zones(name, site)
        asn = site.asn if site.asn is not None else planned_asn(site.cidr)
        yield from _asn(name, site, asn)
        # Two planned ones are equal where the ranges overlap: that is one mistake, and told at the range.
        planned_twice = site.asn is None and asn in holders and fleet.sites[holders[asn]].asn is None
        if asn in holders and not (planned_twice and site.cidr.overlaps(fleet.sites[holders[asn]].cidr)):
            yield Finding(
                path=("sites", name, "asn"),
                message=f"ASN {asn} is that of site {holders[asn]!r} too",
                fix=f"asn: {_free_asn(fleet, holders)}",
            )
        holders.setdefault(asn, name)


def _free_asn(fleet: Fleet, holders: dict[int, str]) -> int:
    taken = {*holders, *(planned_asn(site.cidr) for site in fleet.sites.values())}
    return next(asn for asn in range(65056, 65500) if asn not in taken)


def _asn(name: str, site: AwsSite | AzureSite, asn: int) -> Iterator[Finding]:
    path = ("sites", name, "asn")
    planned = f"nothing (it is planned: {planned_asn(site.cidr)}), or one from 64512 to 65514"
    if asn in _RESERVED_BY_AZURE:
        yield Finding(path=path, message=f"ASN {asn} is reserved by Azure", fix=planned)
    elif asn in _RESERVED_BY_IANA:
        yield Finding(path=path, message=f"ASN {asn} is reserved by IANA", fix=planned)
    elif isinstance(site, AwsSite) and not (64512 <= asn <= 65534 or 4_200_000_000 <= asn <= 4_294_967_294):
        yield Finding(path=path, message=f"AWS gateways take private ASNs only, not {asn}", fix=planned)
    elif isinstance(site, AzureSite) and not 1 <= asn <= _LARGEST_FOR_AWS_PEER:
        yield Finding(
            path=path, message=f"ASN {asn} is out of the range that an AWS customer gateway takes", fix=planned
        )


def _gateway(name: str, site: AwsSite | AzureSite) -> Iterator[Finding]:
    if not isinstance(site, AzureSite) or site.gateway is None or site.gateway.size in GATEWAY_SIZES:
        return
    size = site.gateway.size
    path = ("sites", name, "gateway", "size")
    if f"{size}AZ" in GATEWAY_SIZES:
        yield Finding(
            path=path, message=f"{size} can no longer be created (Azure, since 1 January 2025)", fix=f"{size}AZ"
        )
    elif size == "Basic":
        yield Finding(path=path, message="Basic has no BGP and no custom IPsec policy", fix="VpnGw1AZ")
    else:
        yield Finding(path=path, message=f"{size!r} is no gateway size", fix=f"one of {', '.join(GATEWAY_SIZES)}")


def _zones(name: str, site: AwsSite) -> Iterator[Finding]:
    if site.region in REGIONS_OF_TWO_ZONES:
        yield Finding(
            path=("sites", name, "region"),
            message=f"{site.region} offers two zones to a new account, a site stands on three",
            fix="another region, such as us-west-2",
        )
    for index, zone in enumerate(site.zones or ()):
        if not (zone.startswith(site.region) and zone[len(site.region) :] in tuple("abcdef")):
            yield Finding(
                path=("sites", name, "zones", index),
                message=f"{zone!r} is no zone of {site.region}",
                fix=f"{site.region}a",
            )
    if site.zones and len(set(site.zones)) < len(site.zones):
        yield Finding(path=("sites", name, "zones"), message="a zone stands twice", fix="three different zones")
