"""Runs the checks, the deeper causes first, and keeps back what only follows from what was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ops.services.diagnose.catalogue import CHECKS

if TYPE_CHECKING:
    from ops.services.diagnose.case import Case
    from ops.services.diagnose.finding import Check, Finding


@dataclass
class Cause:
    """A finding that follows from no other.

    Parameters
    ----------
    follows
        Findings that were kept back since they need what this one breaks, each with its check.
    """

    check: Check
    finding: Finding
    breaks: set[str]
    follows: list[tuple[Check, Finding]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What is wrong with a fleet.

    Parameters
    ----------
    checks
        Those that were asked for.
    causes
        What they found, errors first.
    remarks
        What the place does differently from a deployment.
    notes
        What was not looked at at all.
    """

    fleet: str
    where: str
    checks: tuple[Check, ...]
    causes: tuple[Cause, ...]
    remarks: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def good(self) -> bool:
        """Whether nothing was found."""
        return not self.causes

    def of(self, check: Check) -> tuple[Cause, ...]:
        """Give what a check found."""
        return tuple(cause for cause in self.causes if cause.check is check)


def diagnose(case: Case, checks: tuple[Check, ...], *, seconds: float) -> Diagnosis:
    """Say what some checks find, and what explains it where another check has the cause.

    Parameters
    ----------
    seconds
        How long all of it took.
    """
    wanted = set(checks)
    missing = [name for name in case.plan.clusters if name not in case.clusters]
    causes = tuple(
        cause for cause in find_causes(case) if wanted & {cause.check, *(check for check, _ in cause.follows)}
    )
    return Diagnosis(
        fleet=case.plan.name,
        where=case.seen.where,
        checks=checks,
        causes=causes,
        remarks=case.seen.remarks,
        notes=tuple(f"{name} was not looked at: nobody said how it is reached" for name in missing),
        seconds=seconds,
    )


def find_causes(case: Case) -> tuple[Cause, ...]:
    """Run every check. The order of the catalogue decides what may be the cause of what."""
    causes: list[Cause] = []
    for check in CHECKS:
        for finding in check.look(case):
            cause = next((each for each in causes if each.breaks & finding.needs), None)
            if cause is None:
                causes.append(Cause(check, finding, set(finding.breaks)))
            else:
                cause.follows.append((check, finding))
                cause.breaks |= finding.breaks
    return tuple(sorted(causes, key=lambda each: each.finding.severity != "error"))
