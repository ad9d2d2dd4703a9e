"""Run all rules over the resources of a preview or of a deployed stack. Pure: no engine, no clock, no files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policies.registry import RULES
from policies.rule import Level, Resource, Rule, Severity, Stack, Undecided, Violation
from policies.wire import decode_properties

if TYPE_CHECKING:
    from datetime import date

    from policies.config import PolicyConfig, RuleException

_RANK = {"critical": 0, "high": 1, "medium": 2, "low": 3}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule that a resource breaks.

    Parameters
    ----------
    path
        Property that is to blame.
    message
        What is wrong there.
    """

    rule: str
    urn: str
    severity: Severity
    level: Level
    path: str
    message: str
    remediation: str
    link: str

    @property
    def name(self) -> str:
        """Logical name of the resource."""
        return self.urn.rpartition("::")[2]

    def __str__(self) -> str:
        return f"{self.level} {self.rule} ({self.severity}): {self.name}: {self.path} {self.message}"


@dataclass(frozen=True, kw_only=True)
class NotDecidable:
    """A rule that cannot be decided for a resource before the update."""

    rule: str
    urn: str
    path: str


@dataclass(frozen=True, kw_only=True)
class ExceptionUse:
    """An exception that covered something."""

    exception: RuleException
    urn: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came of all rules, worst first.

    Parameters
    ----------
    passes
        How often a rule looked at a resource, or at the stack, and found nothing.
    used
        Exceptions that kept a finding out of the report.
    expired
        Exceptions that no longer hold; each fails the report, whether or not something still breaks the rule.
    """

    findings: tuple[Finding, ...]
    undecided: tuple[NotDecidable, ...]
    passes: int
    used: tuple[ExceptionUse, ...]
    expired: tuple[RuleException, ...]

    @property
    def mandatory(self) -> tuple[Finding, ...]:
        """The findings that stop an update."""
        return tuple(finding for finding in self.findings if finding.level == "mandatory")

    @property
    def fails(self) -> bool:
        """Whether an update has to stop."""
        return bool(self.mandatory or self.expired)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What one rule says of one resource or of the stack, exceptions taken off."""

    rule: Rule
    violations: tuple[tuple[Resource | None, Violation], ...]
    undecided: tuple[tuple[Resource | None, Undecided], ...]
    used: tuple[ExceptionUse, ...]


def judge(rule: Rule, target: Resource | Stack, config: PolicyConfig, today: date) -> Judgement:
    """Run one rule over one resource, or over the stack, and take off what exceptions cover."""
    if isinstance(target, Stack):
        by_urn, own = {one.urn: one for one in target.resources}, None
    else:
        by_urn, own = {target.urn: target}, target
    exceptions = [one for one in config.exceptions_of(rule.id) if not one.has_expired(today)]
    violations: list[tuple[Resource | None, Violation]] = []
    undecided: list[tuple[Resource | None, Undecided]] = []
    used: list[ExceptionUse] = []
    for result in rule.run(target):
        resource = by_urn.get(result.urn) if result.urn else own
        covering = [one for one in exceptions if resource is not None and one.covers(resource)]
        if isinstance(result, Undecided):
            if not covering:
                undecided.append((resource, result))
        elif covering and resource is not None:
            used += [ExceptionUse(exception=one, urn=resource.urn) for one in covering]
        else:
            violations.append((resource, result))
    return Judgement(
        rule=rule, violations=tuple(violations), undecided=tuple(undecided), used=tuple(dict.fromkeys(used))
    )


def stack_of(resources: Iterable[Resource]) -> Stack:
    """Put resources in an order that does not depend on who was ready first."""
    return Stack(tuple(sorted(resources, key=lambda one: one.urn)))


def evaluate(resources: Iterable[Resource], config: PolicyConfig, today: date, rules: Sequence[Rule] = RULES) -> Report:
    """Run rules over resources.

    Parameters
    ----------
    today
        Day on which exceptions are judged.

    Returns
    -------
    Report
        The same for the same resources in any order.
    """
    stack = stack_of(resources)
    findings: list[Finding] = []
    undecided: list[NotDecidable] = []
    used: list[ExceptionUse] = []
    passes = 0
    for rule in rules:
        level = config.level_of(rule)
        if level == "disabled":
            continue
        targets: Iterable[Resource | Stack]
        targets = [stack] if rule.over_stack else stack.of_type(*rule.types)
        for target in targets:
            judgement = judge(rule, target, config, today)
            findings += [_finding(rule, level, resource, one) for resource, one in judgement.violations]
            undecided += [
                NotDecidable(rule=rule.id, urn=resource.urn if resource else "", path=one.path)
                for resource, one in judgement.undecided
            ]
            used += judgement.used
            passes += not (judgement.violations or judgement.undecided or judgement.used)
    return Report(
        findings=tuple(sorted(findings, key=lambda one: (_RANK[one.severity], one.rule, one.urn, one.path))),
        undecided=tuple(sorted(set(undecided), key=lambda one: (one.rule, one.urn, one.path))),
        passes=passes,
        used=tuple(sorted(used, key=lambda one: (one.exception.rule, one.urn, one.exception.resource))),
        expired=config.expired(today),
    )


def _finding(rule: Rule, level: Level, resource: Resource | None, violation: Violation) -> Finding:
    return Finding(
        rule=rule.id,
        urn=resource.urn if resource else violation.urn or "",
        severity=rule.severity,
        level=level,
        path=violation.path,
        message=violation.message,
        remediation=rule.remediation,
        link=rule.link,
    )


def read_stack_export(export: Mapping[str, Any]) -> list[Resource]:
    """Read the resources of an exported stack (``pulumi stack export``): inputs, as the program asked for them.

    Secrets are ciphertext there, unless the export shows them; so they are secret and unknown. Resources that are
    about to be deleted are left out.

    Raises
    ------
    ValueError
        If it is no exported stack.
    """
    deployment = export.get("deployment")
    if not isinstance(deployment, Mapping):
        raise ValueError(  # noqa: TRY004 - its content is wrong, not the call
            "this is no exported stack: it has no 'deployment'; make one with pulumi stack export"
        )
    return [
        Resource(
            urn=one["urn"],
            type=one["type"],
            name=one["urn"].rpartition("::")[2],
            inputs=decode_properties(one.get("inputs") or {}),
            provider=str(one.get("provider") or "").rpartition("::")[0],
            dependencies={
                name: frozenset(urns or ()) for name, urns in (one.get("propertyDependencies") or {}).items()
            },
        )
        for one in deployment.get("resources") or ()
        if not one.get("delete")
    ]
