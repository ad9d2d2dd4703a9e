"""Links: between which sites, in which tunnel addresses, and that every pair of meshed clusters has one."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from infra.checks.names import Names, suggest
from infra.planner import plan_slots
from infra.problems import Finding
from infra.tunnels import SLOTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model import Fleet


def check(fleet: Fleet, names: Names) -> Iterator[Finding]:
    """Yield what is wrong with links."""
    seen: dict[frozenset[str], int] = {}
    for index, link in enumerate(fleet.links):
        path = ("links", index)
        pair = frozenset(link.sites)
        for position, site in enumerate(link.sites):
            if site not in names.sites:
                yield Finding(
                    path=(*path, "sites", position),
                    message=f"there is no site {site!r}",
                    fix=suggest(site, names.sites),
                )
        if len(pair) == 1:
            yield Finding(path=path, message=f"joins {link.sites[0]!r} with itself", fix="two different sites")
        elif pair in seen:
            yield Finding(
                path=path,
                message=f"joins {' and '.join(link.sites)} a second time (first: links[{seen[pair]}])",
                fix="one link between two sites",
            )
        seen.setdefault(pair, index)
    if all(site in fleet.sites for link in fleet.links for site in link.sites):
        yield from _slots(fleet)
        yield from _customer_gateways(fleet)
    yield from _joined(fleet, names, set(seen))


def _slots(fleet: Fleet) -> Iterator[Finding]:
    for index, link in enumerate(fleet.links):
        first, second = (fleet.sites[site].cloud for site in link.sites)
        if link.slot is not None and first == second:
            yield Finding(
                path=("links", index, "slot"),
                message="a peering inside one cloud has no tunnels",
                fix="nothing: leave slot out",
            )
    holders: dict[tuple[str, int], int] = {}
    for index, slot in sorted(plan_slots(fleet).items()):
        if slot >= SLOTS:
            yield Finding(
                path=("links", index),
                message=f"both gateways have tunnel addresses for {SLOTS} links only (169.254.21.0 - 169.254.22.255)",
                fix="fewer links on one gateway: a further site",
            )
        for site in fleet.links[index].sites:
            if (site, slot) in holders:
                yield Finding(
                    path=("links", index, "slot"),
                    message=f"tunnel range {slot} is used at site {site!r} by links[{holders[(site, slot)]}] too",
                    fix="another slot from 0 to 31, or none: it is planned then",
                )
            holders.setdefault((site, slot), index)


def _customer_gateways(fleet: Fleet) -> Iterator[Finding]:
    """Find sites of one AWS region that lead to one Azure gateway.

    A customer gateway is its address and ASN: AWS gives the second site that of the first, and whoever goes first
    cannot take it away (EC2 CreateCustomerGateway).
    """
    holders: dict[tuple[str, str], str] = {}
    for index, link in enumerate(fleet.links):
        for aws, azure in (link.sites, link.sites[::-1]):
            if fleet.sites[aws].cloud != "aws" or fleet.sites[azure].cloud != "azure":
                continue
            region = fleet.sites[aws].region
            if (region, azure) in holders:
                yield Finding(
                    path=("links", index),
                    message=f"sites {holders[region, azure]!r} and {aws!r} of {region} would share one customer "
                    f"gateway for {azure!r}",
                    fix="one site in that region with all its clusters, or a site in another region",
                )
            holders.setdefault((region, azure), aws)


def _joined(fleet: Fleet, names: Names, joined: set[frozenset[str]]) -> Iterator[Finding]:
    first_on: dict[str, str] = {}
    for name, cluster in fleet.clusters.items():
        if cluster.meshed and cluster.site in names.sites:
            first_on.setdefault(cluster.site, name)
    for (one, cluster_one), (two, cluster_two) in combinations(first_on.items(), 2):
        if frozenset((one, two)) not in joined:
            yield Finding(
                path=("links",),
                message=f"clusters {cluster_one!r} and {cluster_two!r} are meshed, but no link joins their sites "
                f"{one!r} and {two!r} (every node must reach every node; a link is not passed on)",
                fix=f"- sites: [{one}, {two}], or meshed: false for one of the clusters",
            )
