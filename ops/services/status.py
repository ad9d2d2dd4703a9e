"""What is deployed: stacks, and the clusters, links and components that they tell of in their outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.adapters.engine import StackState
from ops.services.tables import Table, joined
from ops.services.targets import all_targets, whole_target

if TYPE_CHECKING:
    from infra.plan import FleetPlan
    from ops.adapters.engine import Engine


@dataclass(frozen=True, kw_only=True)
class Status:
    """The stacks of a fleet as the backend has them."""

    fleet: str
    stacks: tuple[StackState, ...]

    @property
    def standing(self) -> tuple[StackState, ...]:
        """Those of which something is deployed."""
        return tuple(stack for stack in self.stacks if stack.deployed)

    def rows(self, output: str) -> list[tuple[str, str, dict[str, Any]]]:
        """List the rows of one output over all stacks: stack, name, row."""
        found = []
        for stack in self.standing:
            table = stack.outputs.get(output)
            if isinstance(table, dict):
                found += [(stack.name, name, row) for name, row in table.items() if isinstance(row, dict)]
        return found

    def as_json(self) -> dict[str, Any]:
        """Give the status as plain data, version 1."""
        return {
            "v": 1,
            "fleet": self.fleet,
            "stacks": [
                {
                    "stack": stack.name,
                    "state": state_of(stack),
                    "updated": stack.updated or None,
                    "resources": stack.resources,
                    "pending": [{"urn": pending.urn, "op": pending.op} for pending in stack.pending],
                    **{output: stack.outputs.get(output) or {} for output in ("clusters", "links", "components")},
                }
                for stack in self.stacks
            ],
        }


def status(engine: Engine, plan: FleetPlan) -> Status:
    """Read the state of a fleet's stacks.

    The stack of the whole fleet is left out where it was never made, since site stacks take its place; and the other
    way round.
    """
    known = set(engine.stacks())
    whole = whole_target(plan).stack
    sites = [target.stack for target in all_targets(plan)]
    states = {stack: engine.state(stack) for stack in (whole, *sites) if stack in known}
    wanted = [whole] if whole in states and states[whole].deployed else []
    wanted += [stack for stack in sites if not wanted or (stack in states and states[stack].deployed)]
    return Status(fleet=plan.name, stacks=tuple(states.get(stack) or StackState(name=stack) for stack in wanted))


def state_of(stack: StackState) -> str:
    """Say in a word how a stack is."""
    if stack.pending:
        return "unfinished"
    if stack.deployed:
        return "deployed"
    return "not deployed"


def stack_table(found: Status) -> Table:
    """Give the stacks as a table, those that want something first."""
    order = {"unfinished": 0, "not deployed": 1, "deployed": 2}
    stacks = sorted(found.stacks, key=lambda stack: order[state_of(stack)])
    return Table(
        title=f"Stacks of {found.fleet}",
        head=("stack", "state", "last change", "resources", "clusters", "links"),
        rows=tuple(
            (
                stack.name,
                state_of(stack),
                stack.updated.partition(".")[0].replace("T", " ") or "never",
                str(stack.resources),
                str(len(stack.outputs.get("clusters") or {})),
                str(len(stack.outputs.get("links") or {})),
            )
            for stack in stacks
        ),
    )


def fleet_tables(found: Status) -> tuple[Table, ...]:
    """Give what is deployed as tables: clusters, links, components."""
    components: dict[str, tuple[list[str], dict[str, Any]]] = {}
    for _, name, row in found.rows("components"):
        components.setdefault(name, ([], row))[0].extend(row.get("clusters") or [])
    tables = (
        Table(
            title="Clusters",
            head=(
                *("cluster", "id", "site", "cloud", "region", "Kubernetes", "Cilium"),
                *("pods", "mesh API server", "stack"),
            ),
            rows=tuple(
                (
                    name,
                    str(row.get("id", "")),
                    str(row.get("site", "")),
                    str(row.get("cloud", "")),
                    str(row.get("region", "")),
                    str(row.get("kubernetes", "")),
                    str(row.get("cilium", "")),
                    str(row.get("podCidr", "")),
                    joined(row.get("meshAddresses") or []) if row.get("meshed", True) else "not meshed",
                    stack,
                )
                for stack, name, row in found.rows("clusters")
            ),
        ),
        Table(
            title="Links",
            head=("link", "between", "kind", "tunnels", "stack"),
            rows=tuple(
                (
                    name,
                    " and ".join(row.get("sites") or []),
                    str(row.get("kind", "")),
                    joined(row.get("tunnels") or []) or "none",
                    stack,
                )
                for stack, name, row in found.rows("links")
            ),
        ),
        Table(
            title="Components",
            head=("component", "clusters", "port", "replicas in each", "critical", "image"),
            rows=tuple(
                (
                    name,
                    joined(clusters),
                    str(row.get("port") or "-"),
                    str(row.get("replicas") or "-"),
                    "yes" if row.get("critical") else "no",
                    str(row.get("image", "")),
                )
                for name, (clusters, row) in components.items()
            ),
        ),
    )
    return tuple(table for table in tables if table.rows)
