"""Whether anything gets over each link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.ports import MESH_API_PORT
from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding
from ops.services.diagnose.places import ways_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.plan import LinkPlan
    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find links over which nothing answers, in either direction, though both ends live."""
    for link in case.plan.links.values():
        found = [direction for direction in (link.sites, link.sites[::-1]) if _tried(case, *direction)]
        if not found or any(_answers(case, *direction) for direction in found):
            continue
        yield Finding(
            about=(link.name,),
            saw="; ".join(_told(case, *direction) for direction in found),
            why=f"everything between {' and '.join(link.sites)} goes over this link: calls to the other side fail, and "
            "each side goes on with what it last knew of the other",
            run=case.commands.link(case.plan, link.name),
            needs=frozenset(_lives(case, link)),
            breaks=frozenset({things.link(link.name), *ways_over(case.plan, link)}),
        )


def _clusters(case: Case, site: str) -> Iterator[str]:
    yield from (name for name in case.clusters if case.site(name) == site)


def _addresses(case: Case, site: str) -> list[str]:
    return [address for name in _clusters(case, site) for address in case.nodes[name].values()]


def _tried(case: Case, start: str, end: str) -> bool:
    return bool(case.ears(site=start)) and bool(_addresses(case, end))


def _answers(case: Case, start: str, end: str) -> bool:
    mesh = {
        (address, MESH_API_PORT) for name in _clusters(case, end) for address in case.plan.clusters[name].mesh_addresses
    }
    return any(
        any(heard.answers(address) for address in _addresses(case, end)) or not mesh.isdisjoint(heard.ports)
        for heard in case.ears(site=start).values()
    )


def _told(case: Case, start: str, end: str) -> str:
    ears, addresses = case.ears(site=start), _addresses(case, end)
    routers = {heard.no_way[address] for heard in ears.values() for address in addresses if address in heard.no_way}
    said = f" (router {', '.join(sorted(routers))} knows no way)" if routers else ""
    return (
        f"from {', '.join(sorted(ears))} in {start}, no node and no mesh API server of {end} answers "
        f"({', '.join(sorted(addresses))}){said}"
    )


def _lives(case: Case, link: LinkPlan) -> Iterator[str]:
    """Give what has to live: a cluster that is all of its site, and dead, says nothing of the link."""
    for site in link.sites:
        names = list(_clusters(case, site))
        if len(names) == 1:
            yield things.mesh(names[0])


CHECK = Check(
    id="links",
    title="Every link carries packets",
    covers="a cut link: tunnels down, routes missing between the sites",
    look=look,
)
