"""Whether a fleet file can be built, and whether it can follow another version of itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from infra.load import load_fleet, parse_fleet
from infra.planner import plan_fleet
from infra.problems import FleetRefusedError, Problem
from infra.record import fixed_fields
from infra.scopes import scope_of
from ops.errors import RefusedError
from ops.services.guards import compared, located

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infra.model import Fleet
    from infra.plan import FleetPlan


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A fleet file and what is wrong with it.

    Parameters
    ----------
    counts
        What it describes, where it is good: numbers of sites, clusters, links, components and flows.
    """

    file: str
    fleet: str
    counts: dict[str, int]
    problems: tuple[Problem, ...] = ()

    def __str__(self) -> str:
        if self.problems:
            return "\n".join(str(problem) for problem in self.problems)
        parts = ", ".join(f"{number} {what[:-1] if number == 1 else what}" for what, number in self.counts.items())
        return f"{self.file}: good: fleet {self.fleet}, {parts}"

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data, version 1."""
        return {
            "v": 1,
            "file": self.file,
            "fleet": self.fleet,
            "good": not self.problems,
            **self.counts,
            "problems": [asdict(problem) for problem in self.problems],
        }


def load_plan(fleet: Path) -> FleetPlan:
    """Load a fleet file and plan it.

    Raises
    ------
    RefusedError
        With every mistake of the file: file, line, field, what is wrong, what to write instead.
    """
    return _planned(fleet, lambda: load_fleet(fleet))


def read_plan(text: str, fleet: Path) -> FleetPlan:
    """Plan what a fleet file would say.

    Raises
    ------
    RefusedError
        As :func:`load_plan`.
    """
    return _planned(fleet, lambda: parse_fleet(text, str(fleet)))


def _planned(fleet: Path, load: Callable[[], Fleet]) -> FleetPlan:
    try:
        return plan_fleet(load())
    except FleetRefusedError as error:
        count = len(error.problems)
        raise RefusedError(
            f"{fleet} is refused: {count} mistake{'s' if count > 1 else ''}; nothing was started",
            details=tuple(str(problem) for problem in error.problems),
        ) from None


def check(fleet: Path, *, against: Path | None = None) -> Checked:
    """Check a fleet file, and its fixed fields against another version where one is given.

    Raises
    ------
    RefusedError
        If the other version has mistakes itself.
    """
    try:
        plan = plan_fleet(load_fleet(fleet))
    except FleetRefusedError as error:
        return Checked(file=str(fleet), fleet="", counts={}, problems=error.problems)
    if against is not None:
        old = load_plan(against)
        findings = compared(fixed_fields(old, scope_of(old)), plan, scope_of(plan))
        if findings:
            return Checked(file=str(fleet), fleet=plan.name, counts={}, problems=located(findings, fleet))
    counts = {
        "sites": len(plan.sites),
        "clusters": len(plan.clusters),
        "links": len(plan.links),
        "components": len(plan.fleet.components),
        "flows": len(plan.fleet.flows),
    }
    return Checked(file=str(fleet), fleet=plan.name, counts=counts)
