"""The form of a row, and how its five cases are made of its good one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from policies.registry import BY_ID
from policies.rule import Resource, Stack, Undecided, Violation
from tests.policies.properties import Path, changed

Expected = Literal["violation", "undecided", "passes"]

WRONG: Any = {"not": ["what", "belongs", "here"]}
"""Of the wrong type wherever no object belongs."""


def made(type_: str, inputs: dict[str, Any], name: str = "subject", **more: Any) -> Resource:
    """Make a resource; ``needs`` maps a property to the names of the resources it refers to."""
    needs = {key: frozenset(urn(each) for each in names) for key, names in more.pop("needs", {}).items()}
    return Resource(urn=urn(name), type=type_, name=name, inputs=inputs, dependencies=needs, **more)


def urn(name: str) -> str:
    return f"urn:pulumi:dev::hms::type::{name}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A rule's cases.

    Parameters
    ----------
    good
        Resources that keep the rule; of a rule over one resource, one.
    path
        Property that the cases change, in the resource ``at``.
    bad
        Values that break the rule, each.
    missing, unknown, wrong_is
        What the rule says without the property, with one that is not known yet, and with one of the wrong type.
    wrong
        The value of the wrong type.
    also_bad
        Further changes that break it: (path, value), in ``at``.
    also_good
        Further changes that do not.
    bad_stacks
        Whole stacks that break a rule over what is there at all.
    """

    rule: str
    good: Resource | tuple[Resource, ...]
    path: Path
    bad: tuple[Any, ...]
    missing: Expected = "violation"
    unknown: Expected = "undecided"
    wrong: Any = field(default_factory=lambda: WRONG)
    wrong_is: Expected = "violation"
    at: int = 0
    also_bad: tuple[tuple[Path, Any], ...] = ()
    also_good: tuple[tuple[Path, Any], ...] = ()
    bad_stacks: tuple[tuple[Resource, ...], ...] = ()

    @property
    def resources(self) -> tuple[Resource, ...]:
        return self.good if isinstance(self.good, tuple) else (self.good,)

    def changed(self, *changes: tuple[Path, Any]) -> tuple[Resource, ...]:
        """Change properties of the resource ``at``."""
        resources = list(self.resources)
        inputs = resources[self.at].inputs
        for path, value in changes:
            inputs = changed(inputs, path, value)
        resources[self.at] = replace(resources[self.at], inputs=inputs)
        return tuple(resources)

    def judge(self, resources: tuple[Resource, ...]) -> tuple[Violation | Undecided, ...]:
        rule = BY_ID[self.rule]
        if rule.over_stack:
            return rule.run(Stack(resources))
        return tuple(result for resource in resources for result in rule.run(resource))


def says(results: tuple[Violation | Undecided, ...]) -> Expected:
    if any(isinstance(result, Violation) for result in results):
        return "violation"
    return "undecided" if results else "passes"
