"""The words that reporters share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.progress.events import type_of

if TYPE_CHECKING:
    from ops.progress.events import Counts, Event, Failure, Policies, PolicyFinding

DONE = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "create-replacement": "created in place of the old one",
    "delete-replaced": "old one deleted",
    "delete": "deleted",
    "refresh": "read",
    "import": "imported",
}
DOING = {
    "create": "creating",
    "update": "updating",
    "replace": "replacing",
    "create-replacement": "creating in place of the old one",
    "delete-replaced": "deleting the old one",
    "delete": "deleting",
    "refresh": "reading",
    "import": "importing",
}
QUIET = {"same", "read", "refresh", "read-replacement"}
"""Operations that are not worth a line each."""

DRASTIC = {"replace", "delete"}
"""Operations that destroy something that is there: shown one by one before the user is asked."""

VERBS = {"preview": "Previewing", "up": "Deploying", "refresh": "Refreshing", "destroy": "Destroying"}


def duration(seconds: float) -> str:
    """Write a duration: ``0.4 s``, ``34 s``, ``12 min 05 s``, ``1 h 02 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def counted(counts: Counts, *, ahead: bool) -> str:
    """Write counts in a line: ``12 to create, 3 unchanged``; ``12 created, 3 unchanged``."""
    parts = [
        f"{number} to {op}" if ahead else f"{number} {DONE[op]}"
        for op in ("create", "update", "replace", "delete")
        if (number := getattr(counts, op))
    ]
    if counts.same:
        parts.append(f"{counts.same} unchanged")
    return ", ".join(parts) or "nothing"


def headline(event: Event) -> str:
    """Sum a stack up in a line."""
    text = counted(event.counts, ahead=event.verb == "preview") if event.counts else "nothing"
    text += judged(event.policies) if event.policies else ""
    after = f" after {duration(event.seconds or 0.0)}"
    match event.outcome:
        case "succeeded":
            return f"{event.stack}: {text}{after}"
        case "skipped":
            return f"{event.stack}: skipped"
        case "cancelled":
            return f"{event.stack}: stopped{after}: {text}"
        case _:
            return f"{event.stack}: failed{after}" + ("" if event.verb == "preview" else f": {text}")


def judged(policies: Policies) -> str:
    """Sum policies up, to stand behind the counts: ``; policies: 1 mandatory, 3 not decidable yet``."""
    numbers = policies.numbers
    words = {"mandatory": "mandatory", "advisory": "advisory", "undecided": "not decidable yet"}
    parts = [f"{numbers[key]} {word}" for key, word in words.items() if numbers[key]]
    return f"; policies: {', '.join(parts) or 'nothing found'}"


def finding_lines(finding: PolicyFinding) -> tuple[str, ...]:
    """Tell a finding: level, rule, resource, what is wrong; then what to write instead."""
    about = f"{finding.name} ({type_of(finding.urn)})" if finding.urn else finding.name
    head = f"{finding.level} policy {finding.rule} ({finding.severity}): {about}: {finding.message}"
    return (head, *([f"    instead: {finding.remediation}"] if finding.remediation else []))


def failure_lines(failure: Failure) -> tuple[str, ...]:
    """Tell a failure: which resource, what was being done, why."""
    first, *rest = failure.cause.strip().splitlines() or ["no cause given"]
    head = f"{DOING.get(failure.op, failure.op)} {failure.name} ({failure.type}): " if failure.urn else ""
    return (f"{head}{first}", *(f"    {line}" for line in rest))
