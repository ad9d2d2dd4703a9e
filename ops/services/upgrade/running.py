"""Which versions a fleet has: those that its clusters say, else those of the fleet file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.upgrade.rules import Running
from ops.versions import minor, newest_first

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.plan import FleetPlan
    from ops.services.observe.snapshot import Snapshot

PARTS = frozenset(("nodes", "agents"))
"""What has to be seen of each cluster."""

_TAKEN = "that of the fleet file is taken for it"


def declared(plan: FleetPlan) -> dict[str, Running]:
    """Give the versions of the fleet file."""
    return {
        name: Running(cilium=(plan.mesh.cilium,), kubernetes=cluster.kubernetes, nodes=(cluster.kubernetes,))
        for name, cluster in plan.clusters.items()
    }


def seen(plan: FleetPlan, snapshot: Snapshot) -> tuple[Mapping[str, Running], tuple[str, ...]]:
    """Give the versions that clusters say, and a remark on each that does not say all of them."""
    found = declared(plan)
    remarks: list[str] = []
    for name, view in snapshot.clusters.items():
        file = found[name]
        agents = {agent.value.version for agent in view.agents.values() if agent.value and agent.value.version}
        nodes = {minor(node.version) for node in view.nodes.get(()) if node.version}
        kubernetes = minor(view.api.value.version) if view.api.value else file.kubernetes
        found[name] = Running(
            cilium=tuple(newest_first(agents)) or file.cilium,
            kubernetes=kubernetes,
            nodes=tuple(newest_first(nodes)) or (kubernetes,),
        )
        if view.unreachable:
            remarks.append(f"{name}: {view.unreachable}; {_TAKEN}")
        else:
            silent = [what for what, said in (("agent", agents), ("node", nodes)) if not said]
            remarks += [f"{name}: no {what} says its version; {_TAKEN}" for what in silent]
    return found, tuple(remarks)
