"""A diagnosis as lines and as JSON, which ``docs/json/diagnose.md`` describes."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.finding import Severity
    from ops.services.diagnose.run import Cause, Diagnosis

_INDENT = " " * 9


def as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Give a diagnosis as plain data, version 1."""
    return {
        "v": 1,
        "fleet": diagnosis.fleet,
        "where": diagnosis.where,
        "good": diagnosis.good,
        "seconds": round(diagnosis.seconds, 3),
        "errors": _count(diagnosis, "error"),
        "warnings": _count(diagnosis, "warning"),
        "findings": [_cause(each) for each in diagnosis.causes],
        "checks": [
            {"id": check.id, "title": check.title, "found": len(diagnosis.of(check))} for check in diagnosis.checks
        ],
        "remarks": list(diagnosis.remarks),
        "notes": list(diagnosis.notes),
    }


def as_lines(diagnosis: Diagnosis, width: int) -> Iterator[tuple[str, str]]:
    """Give a diagnosis as lines, each with what it is: ``error``, ``warning``, ``next``, or nothing.

    Parameters
    ----------
    width
        Columns; commands are never wrapped, so that they can be copied.
    """
    for note in diagnosis.notes:
        yield "warning", fill(note, width)
    for cause in diagnosis.causes:
        finding = cause.finding
        yield finding.severity, f"\n{finding.severity:<9}{cause.check.id}: {', '.join(finding.about)}"
        yield "", _told("saw", finding.saw, width)
        yield "", _told("why", finding.why, width)
        for check, follows in cause.follows:
            yield "", _told("so", f"{check.id}: {follows.saw}", width)
        yield "next", f"  next   {finding.run}"
    yield "", f"\n{summary(diagnosis)}" if diagnosis.causes else summary(diagnosis)


def summary(diagnosis: Diagnosis) -> str:
    """Sum a diagnosis up in a line."""
    found = [
        f"{number} {severity}{'s' if number > 1 else ''}"
        for severity in ("error", "warning")
        if (number := _count(diagnosis, severity))
    ]
    number = len(diagnosis.checks)
    checks = "1 check" if number == 1 else f"{number} checks"
    return (
        f"{diagnosis.fleet} on {diagnosis.where}: {' and '.join(found) or 'nothing found'} by {checks}, "
        f"after {diagnosis.seconds:.1f} s"
    )


def _count(diagnosis: Diagnosis, severity: Severity) -> int:
    return sum(cause.finding.severity == severity for cause in diagnosis.causes)


def _cause(cause: Cause) -> dict[str, Any]:
    finding = cause.finding
    return {
        "check": cause.check.id,
        "severity": finding.severity,
        "about": list(finding.about),
        "saw": finding.saw,
        "why": finding.why,
        "run": finding.run,
        "follows": [
            {"check": check.id, "about": list(follows.about), "saw": follows.saw} for check, follows in cause.follows
        ],
    }


def _told(word: str, text: str, width: int) -> str:
    return fill(
        text,
        width,
        initial_indent=f"  {word:<7}",
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
