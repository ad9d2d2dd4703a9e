"""What a link lets through: the plan's openings, and nothing else.

Without connection tracking, which would put fragments together again: a link between clouds drops fragments, and a mesh
whose packets are too large has to be seen failing. So an answer is known by its source port. And nobody is told that a
packet was too large: AWS discovers no path MTU over a VPN, and what counts on being told would work here alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.ports import GENEVE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from infra.plan import Opening, SitePlan
    from lab.plan import LabPlan, LinkLab

_ANSWER_TO_ECHO = 0
"""ICMP type of an echo reply."""

_NOBODY_IS_TOLD = "-A OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP"


def link_rules(plan: LabPlan, link: LinkLab, *, overlay_port: int) -> str:
    """Write the rules of a link's router, as ``iptables-restore`` reads them.

    Parameters
    ----------
    overlay_port
        UDP port of the overlay in the lab, where the plan opens geneve's.
    """
    rules = [
        rule
        for site, openings in link.plan.openings.items()
        for opening in openings
        for rule in _opening(plan.fleet.sites, site, opening, overlay_port)
    ]
    return _table("DROP", ("-A FORWARD -f -j DROP", _NOBODY_IS_TOLD, *dict.fromkeys(rules)))


def together(rules: Iterable[str]) -> str:
    """Make one table of those of several links."""
    lines = dict.fromkeys(line for text in rules for line in text.splitlines() if line.startswith("-A"))
    return _table("DROP", lines)


def site_rules(*, internet: str, links: str) -> str:
    """Write the rules of a site's router.

    Parameters
    ----------
    internet
        The interface to the outside. What comes from there has no business inside: no site translates addresses.
    links
        What the names of the interfaces to links begin with. Fragments that a link made are dropped behind it.
    """
    rules = (f"-A FORWARD -i {internet} -j DROP", f"-A FORWARD -i {links}+ -f -j DROP", _NOBODY_IS_TOLD)
    return _table("ACCEPT", rules)


def _table(policy: str, rules: Iterable[str]) -> str:
    return "\n".join(("*filter", f":FORWARD {policy} [0:0]", *rules, "COMMIT", ""))


def _opening(sites: Mapping[str, SitePlan], site: str, opening: Opening, overlay_port: int) -> Iterator[str]:
    addresses = sites[site].addresses
    targets = addresses.node_ranges if opening.target == "nodes" else addresses.mesh_ranges
    for source in opening.sources:
        for target in targets:
            there = f"-A FORWARD -s {source} -d {target} -p {opening.port.protocol}"
            back = f"-A FORWARD -s {target} -d {source} -p {opening.port.protocol}"
            if opening.port.protocol == "icmp":
                kind = f" --icmp-type {opening.port.port}" if opening.port.port >= 0 else ""
                yield f"{there}{kind} -j ACCEPT"
                yield f"{back} --icmp-type {_ANSWER_TO_ECHO} -j ACCEPT"
            else:
                port = overlay_port if opening.port == GENEVE else opening.port.port
                yield f"{there} --dport {port} -j ACCEPT"
                yield f"{back} --sport {port} -j ACCEPT"
