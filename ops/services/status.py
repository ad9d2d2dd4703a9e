"""What is deployed: stacks, what they tell of in their outputs, and beside it how their clusters do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.adapters.engine import StackState
from ops.services.at_once import at_once
from ops.services.tables import Table, joined
from ops.services.targets import all_targets, whole_target

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from infra.plan import FleetPlan
    from ops.adapters.engine import Engine
    from ops.services.observe.fleet_report import FleetReport


_AT_ONCE = 8
"""Stacks that are read at once, each by an engine of its own."""


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


@dataclass(frozen=True, kw_only=True)
class StatusReport:
    """Stacks, and how their clusters do right now.

    Parameters
    ----------
    stacks
        None where they were not asked for.
    live
        None where no cluster was to be asked.
    note
        Why not.
    failed
        Whether that is because something did not work.
    """

    fleet: str
    stacks: Status | None
    live: FleetReport | None
    note: str = ""
    failed: bool = False

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        finished = self.stacks is None or not any(stack.pending for stack in self.stacks.stacks)
        return finished and not self.failed and (self.live is None or self.live.good)

    @property
    def usable(self) -> bool:
        """Whether clusters that should answer do."""
        return not self.failed and (self.live is None or self.live.usable)

    @property
    def summary(self) -> str:
        """Say it in a line."""
        return self.note if self.live is None else self.live.summary

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data, version 1: ``docs/json/status.md``."""
        stacks = self.stacks.as_json() if self.stacks else {"v": 1, "fleet": self.fleet, "stacks": []}
        live = self.live.as_json() if self.live else None
        return {**stacks, "good": self.good, "live": live, "note": self.note or None}

    def tables(self) -> tuple[Table, ...]:
        """Give it as tables: what is wrong comes first, then clusters, then stacks."""
        if self.stacks is None:
            return self.live.tables() if self.live else ()
        if self.live is None:
            return (stack_table(self.stacks), *fleet_tables(self.stacks))
        return (*self.live.tables(), stack_table(self.stacks))


def status(engine: Engine, plan: FleetPlan) -> Status:
    """Read the state of a fleet's stacks.

    The stack of the whole fleet is left out where it was never made, since site stacks take its place; and the other
    way round.
    """
    whole = whole_target(plan).stack
    sites = [target.stack for target in all_targets(plan)]
    # Without a list of those that there are: it takes as long as all of them at once.
    found = read_states(engine, (whole, *sites))
    wanted = [whole] if found[whole].deployed else []
    wanted += [stack for stack in sites if not wanted or found[stack].deployed]
    return Status(fleet=plan.name, stacks=tuple(found[stack] for stack in wanted))


def read_states(engine: Engine, stacks: Sequence[str], known: Collection[str] | None = None) -> dict[str, StackState]:
    """Read several stacks at once, each by its name.

    Parameters
    ----------
    known
        Those that there are, where that was asked already; no other is read.
    """
    names = list(dict.fromkeys(stacks))
    asked = [name for name in names if known is None or name in known]
    with at_once(_AT_ONCE) as pool:
        found = dict(zip(asked, pool.map(engine.state, asked), strict=True))
    return {name: found.get(name) or StackState(name=name) for name in names}


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
