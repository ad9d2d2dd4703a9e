"""Which part of a fleet a stack deploys, and in what order stacks follow each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.plan import FleetPlan


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Some sites of a fleet, with their clusters and the links that they own.

    Parameters
    ----------
    sites
        Names, in the order of the file.
    links
        Names of the links whose owner is among the sites.
    clusters
        Names of the clusters on the sites.
    reads
        Sites outside the scope whose exports it needs: the other ends of its links, and the site that made the CA.
    """

    sites: tuple[str, ...]
    links: tuple[str, ...]
    clusters: tuple[str, ...]
    reads: tuple[str, ...]


def scope_of(plan: FleetPlan, sites: tuple[str, ...] | None = None) -> Scope:
    """Give the scope of some sites; of all of them when none is named.

    Raises
    ------
    ValueError
        If a site is not in the fleet.
    """
    unknown = [site for site in sites or () if site not in plan.sites]
    if unknown:
        raise ValueError(f"the fleet {plan.name!r} has no site {unknown[0]!r}; it has {', '.join(plan.sites)}")
    chosen = tuple(site for site in plan.sites if sites is None or site in sites)
    links = tuple(name for name, link in plan.links.items() if link.owner in chosen)
    needed = {site for name in links for site in plan.links[name].sites} | {plan.mesh.trust_site}
    return Scope(
        sites=chosen,
        links=links,
        clusters=tuple(name for name, cluster in plan.clusters.items() if cluster.site in chosen),
        reads=tuple(site for site in plan.sites if site in needed and site not in chosen),
    )


def stack_name(plan: FleetPlan, site: str | None = None) -> str:
    """Name the stack of one site, ``<site>-<fleet>``, or of the whole fleet, ``<fleet>``."""
    return plan.name if site is None else f"{site}-{plan.name}"


def stack_order(plan: FleetPlan) -> tuple[str, ...]:
    """List the site stacks so that each follows those it reads: the order of the file, since links run backwards."""
    return tuple(stack_name(plan, site) for site in plan.sites)
