"""Who may reach the API servers: this machine must be among them, or nothing can be put into the clusters."""

from __future__ import annotations

from functools import partial
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from ops.services.doctor.finding import Check, Finding, Probe, bars, good, look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.doctor.case import Case

_DOCUMENTATION = tuple(IPv4Network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"))
"""Ranges that nobody has (RFC 5737); the fleet files of this repository name one."""


def _probes(case: Case) -> Iterator[Probe]:
    yield Probe(subject="adminCidrs", look=partial(_look, case))


def _look(case: Case) -> Finding:
    ranges = case.plan.fleet.admin_cidrs
    named = ", ".join(map(str, ranges))
    fix = f"adminCidrs in {case.file}: the public address that this machine leaves by, such as 198.18.0.7/32"
    if not ranges:
        return look(
            "adminCidrs",
            "none: the API servers are private",
            f"run hms inside the networks, or {fix}",
            "the first deployment makes the networks, so no machine is inside yet, unless a private way leads there",
        )
    if all(any(each.subnet_of(nobody) for nobody in _DOCUMENTATION) for each in ranges):
        return bars("adminCidrs", f"{named} is kept for documentation: nobody is there", fix)
    return good("adminCidrs", f"{named}; that this machine leaves by an address in it cannot be seen from here")


CHECK = Check(
    name="admin-ranges",
    why="the program installs Cilium and the components through the API servers, and waits in vain if it is kept out",
    probes=_probes,
)
