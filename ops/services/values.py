"""Cilium's Helm values of a cluster, as the release gets them, without the secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from infra.cilium import public_values
from ops.errors import RefusedError

if TYPE_CHECKING:
    from infra.plan import FleetPlan


def values(plan: FleetPlan, cluster: str) -> str:
    """Write the values as YAML; what is left out is named in a comment at the top.

    Raises
    ------
    RefusedError
        If the fleet has no such cluster.
    """
    if cluster not in plan.clusters:
        raise RefusedError(f"the fleet {plan.name!r} has no cluster {cluster!r}", f"one of {', '.join(plan.clusters)}")
    public, left_out = public_values(plan, cluster)
    comment = [f"# Helm values of Cilium {plan.mesh.cilium} in {cluster}, as the release gets them."]
    if left_out:
        comment.append("# Left out, since known only to the deployment or secret:")
        comment += [f"#   {path}" for path in left_out]
    text: str = yaml.safe_dump(public, sort_keys=False, width=110)
    return "\n".join(comment) + "\n" + text
