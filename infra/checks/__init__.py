"""Rules over more than one field of a fleet. Each is a function that yields what it finds; none stops the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.checks import clusters, components, links, mesh, quotas, ranges, sites, tags
from infra.checks.names import Names

if TYPE_CHECKING:
    from infra.model import Fleet
    from infra.problems import Finding

__all__ = ["Names", "check_fleet"]


def check_fleet(fleet: Fleet, names: Names) -> list[Finding]:
    """Run every rule over a well-formed fleet.

    Parameters
    ----------
    names
        What the file declares; wider than the fleet where entries were left out for their own mistakes.
    """
    return [
        *tags.check(fleet),
        *mesh.check(fleet),
        *sites.check(fleet),
        *clusters.check(fleet, names),
        *links.check(fleet, names),
        *ranges.check(fleet),
        *components.check(fleet, names),
        *quotas.check(fleet),
    ]
