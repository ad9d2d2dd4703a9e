"""Helm values that a version of Cilium alone changes, and those that its chart has no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.cilium import public_values
from infra.planner import plan_fleet
from ops.services.upgrade.rules import CILIUM, Refusal
from ops.versions import minor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.plan import FleetPlan


def changed_values(plan: FleetPlan, before: str, after: str) -> tuple[str, ...]:
    """Say which Helm values change with the version alone, over all clusters."""
    notes: dict[str, None] = {}
    for cluster in plan.clusters:
        old, new = (_flat(_values(plan, cluster, version)) for version in (before, after))
        for path in sorted(old.keys() | new.keys()):
            if path not in old:
                notes[f"Helm value {path} is set: {new[path]}"] = None
            elif path not in new:
                notes[f"Helm value {path} is set no more"] = None
            elif old[path] != new[path]:
                notes[f"Helm value {path} changes from {old[path]} to {new[path]}"] = None
    return tuple(notes)


def lost_values(plan: FleetPlan, after: str) -> tuple[Refusal, ...]:
    """Find Helm values of the program that the chart of a version has no more: it would ignore them in silence."""
    moved = {old: new for version in CILIUM for old, new in CILIUM[version].moved.items() if _reached(version, after)}
    lost: dict[str, list[str]] = {}
    for cluster in plan.clusters:
        for path in _flat(_values(plan, cluster, after)):
            if path in moved:
                lost.setdefault(path, []).append(cluster)
    return tuple(
        Refusal(
            what=f"Helm value {path} of {named(tuple(clusters))}, with Cilium {after}",
            why="the chart has it no more, and takes no notice of what it does not know",
            instead=f"teach infra/cilium.py to set {moved[path]} from that version on",
        )
        for path, clusters in lost.items()
    )


def _reached(version: str, after: str) -> bool:
    return list(CILIUM).index(version) <= list(CILIUM).index(minor(after))


def _values(plan: FleetPlan, cluster: str, version: str) -> dict[str, object]:
    mesh = plan.fleet.mesh.model_copy(update={"cilium": version})
    return public_values(plan_fleet(plan.fleet.model_copy(update={"mesh": mesh})), cluster)[0]


def _flat(values: Mapping[str, object], above: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in values.items():
        path = f"{above}{key}"
        flat |= _flat(value, f"{path}.") if isinstance(value, dict) and value else {path: value}
    return flat


def named(names: tuple[str, ...]) -> str:
    """Write names with an 'and'."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
