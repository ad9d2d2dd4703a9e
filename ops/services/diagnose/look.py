"""Looks at a fleet as a diagnosis needs it: all that can be seen, and the ways between its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.errors import HmsError
from ops.services.diagnose.case import Case
from ops.services.diagnose.places import targets
from ops.services.diagnose.tries import try_ways
from ops.services.observe.look import PATIENCE, look

if TYPE_CHECKING:
    from infra.plan import FleetPlan
    from ops.services.clusters import Clusters
    from ops.services.diagnose.commands import Commands


def look_closely(plan: FleetPlan, clusters: Clusters, commands: Commands, *, seconds: float = PATIENCE) -> Case:
    """See everything, then try every way.

    Parameters
    ----------
    seconds
        Patience with what is seen; ways have their own.
    """
    sights = clusters.sights()
    seen = look(plan.name, clusters.where, sights, seconds=seconds, remarks=clusters.remarks)
    ciliums = {name: sight.cilium for name, sight in sights.items() if not isinstance(sight, HmsError)}
    return Case(
        plan=plan,
        seen=seen,
        tried=try_ways(targets(plan, seen), ciliums),
        commands=commands,
        differs=_differences(clusters),
    )


def _differences(clusters: Clusters) -> frozenset[str]:
    rows = clusters.lab.ask("differences") if clusters.lab is not None else ()
    return frozenset(str(row["place"]) for row in rows)
