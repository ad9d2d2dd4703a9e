"""A mutation, and what the pack says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from policies.config import PolicyConfig
from policies.evaluate import evaluate
from policies.registry import BY_ID
from tests.bench.policies.edit import edited, target
from tests.policies.recorded import resources_of

if TYPE_CHECKING:
    from policies.evaluate import Report
    from policies.rule import Resource, Rule
    from tests.bench.policies.edit import Edit

TODAY = date(2026, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Weakening:
    """One property of one planned resource, made weaker.

    Parameters
    ----------
    id
        Rule whose business it is.
    resource
        End of its type, and its logical name: ``Vpc aws-network-vpc``.
    fleet
        File in ``fleets/`` whose plan it is of.
    """

    id: str
    resource: str
    edit: Edit
    fleet: str = "dev"

    @property
    def rule(self) -> Rule:
        return BY_ID[self.id]

    @property
    def what(self) -> str:
        return self.edit.told(target(resources_of(self.fleet), self.resource))

    def judge(self) -> Verdict:
        """Run the whole pack over the fleet with the one change.

        Raises
        ------
        LookupError
            If the program does not plan the resource or the property.
        """
        own = target(resources_of(self.fleet), self.resource)
        findings = _report(edited(resources_of(self.fleet), self.resource, self.edit)).findings
        mine = [one for one in findings if one.rule == self.id and (self.rule.over_stack or one.urn == own.urn)]
        before = {one.rule for one in baseline(self.fleet).findings}
        return Verdict(
            caught=bool(mine) and self.id not in before,
            said=tuple(str(one) for one in mine),
            others=tuple(sorted({one.rule for one in findings} - {self.id})),
        )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the pack says of a weakening.

    Parameters
    ----------
    caught
        Whether the rule speaks of the resource (or, of a rule over the stack, speaks), and did not before.
    others
        Other rules that speak.
    """

    caught: bool
    said: tuple[str, ...] = field(repr=False)
    others: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Harmless:
    """A change that nobody has to mind; of several resources where they have to stay the same."""

    what: str
    edits: tuple[tuple[str, Edit], ...]
    fleet: str = "dev"

    def judge(self) -> tuple[str, ...]:
        """List what the pack says, which is nothing."""
        resources = resources_of(self.fleet)
        for name, edit in self.edits:
            resources = edited(resources, name, edit)
        report = _report(resources)
        return tuple(map(str, (*report.findings, *report.undecided)))


@cache
def baseline(fleet: str) -> Report:
    """What the pack says of a fleet as it is planned."""
    return _report(resources_of(fleet))


def weaken(id_: str, resource: str, *edits: Edit, fleet: str = "dev") -> tuple[Weakening, ...]:
    """Write down weakenings of one resource that are one rule's business."""
    return tuple(Weakening(id=id_, resource=resource, edit=edit, fleet=fleet) for edit in edits)


def _report(resources: tuple[Resource, ...]) -> Report:
    return evaluate(resources, PolicyConfig(), TODAY)
