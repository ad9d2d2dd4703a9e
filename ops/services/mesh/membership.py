"""Which clusters are in the mesh: the field ``meshed`` of each, and the links that their sites then need."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Literal

from ops.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.plan import FleetPlan
    from ops.adapters.fleet_file import FleetFile

Change = Literal["enable", "connect", "disconnect"]


def edited(file: FleetFile, plan: FleetPlan, change: Change, clusters: Sequence[str]) -> FleetFile:
    """Give the fleet file with clusters in the mesh, or out of it.

    ``connect`` also writes the links that are missing between the sites of all clusters of the mesh; ``enable`` leaves
    them to the check of the file, which names them. Leaving the mesh takes no link away: nodes may use it otherwise.

    Parameters
    ----------
    plan
        The file's, as it was.

    Raises
    ------
    RefusedError
        If the fleet has no such cluster, or the file cannot be edited.
    """
    for name in clusters:
        if name not in plan.clusters:
            raise RefusedError(f"the fleet {plan.name!r} has no cluster {name!r}", f"one of {', '.join(plan.clusters)}")
        if plan.clusters[name].meshed != (change != "disconnect"):
            file = file.with_field(("clusters", name, "meshed"), change != "disconnect")
    if change == "connect":
        for pair in _unlinked(plan, clusters):
            file = file.with_item(("links",), {"sites": list(pair)})
    return file


def _unlinked(plan: FleetPlan, joining: Sequence[str]) -> list[tuple[str, str]]:
    """List the pairs of sites that have clusters of the mesh and no link, in the order of the file."""
    meshed = {cluster.site for name, cluster in plan.clusters.items() if cluster.meshed or name in joining}
    linked = {frozenset(link.sites) for link in plan.links.values()}
    sites = [site for site in plan.sites if site in meshed]
    return [pair for pair in combinations(sites, 2) if frozenset(pair) not in linked]
