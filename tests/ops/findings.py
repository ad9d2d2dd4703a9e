"""What ``hms diagnose`` has to find of each fault of a lab, and how it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.clusters import lab_clusters
from ops.services.diagnose.commands import Commands
from ops.services.diagnose.look import look_closely
from ops.services.diagnose.run import find_causes

if TYPE_CHECKING:
    from infra.plan import FleetPlan
    from ops.adapters.lab import Lab

CHECKS = {
    "link": "links",
    "mtu": "mtu",
    "node": "nodes",
    "agent": "agents",
    "mesh-api-server": "mesh-servers",
    "kvstoremesh": "kvstoremesh",
    "api-server": "api-servers",
    "cluster": "api-servers",
    "certificate": "certificates",
    "ca": "certificates",
    "cluster-id": "cluster-ids",
    "maximum": "maximum",
    "pod-range": "pod-ranges",
}
"""The check that names the cause, by the fault; what it is about first is the fault's target."""


def diagnosed(lab: Lab, plan: FleetPlan, *, seconds: float = 20.0) -> list[tuple[str, str]]:
    """Give every cause that is found in a running lab: the check, and what it is about first.

    Parameters
    ----------
    seconds
        Patience with what does not answer.
    """
    with lab_clusters(lab, plan, seconds=seconds) as clusters:
        case = look_closely(plan, clusters, Commands(), seconds=seconds)
    return sorted((cause.check.id, cause.finding.about[0]) for cause in find_causes(case))
