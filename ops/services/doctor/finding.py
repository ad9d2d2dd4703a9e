"""What a check found: how bad it is, what it saw, why that matters, and what to type next."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ops.errors import FAILED, MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ops.services.doctor.case import Case


class Level(StrEnum):
    """How bad a finding is, the worst first."""

    BARS = "bars"
    UNKNOWN = "unknown"
    LOOK = "look"
    GOOD = "good"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    subject
        What was looked at, with its place: ``us-east-1: VPCs``.
    saw
        What was seen there, or why nothing was.
    next
        What to type or change next; empty where nothing is to be done.
    check, why
        The check, and why it matters; a check's own where a finding says nothing else.
    """

    level: Level
    subject: str
    saw: str
    next: str = ""
    why: str = ""
    check: str = ""


def good(subject: str, saw: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(level=Level.GOOD, subject=subject, saw=saw)


def look(subject: str, saw: str, next_: str, why: str = "") -> Finding:
    """Say that something may go wrong, now or later."""
    return Finding(level=Level.LOOK, subject=subject, saw=saw, next=next_, why=why)


def bars(subject: str, saw: str, next_: str, why: str = "") -> Finding:
    """Say that no deployment can succeed."""
    return Finding(level=Level.BARS, subject=subject, saw=saw, next=next_, why=why)


def unknown(subject: str, saw: str, next_: str) -> Finding:
    """Say that there is no answer, and why."""
    return Finding(level=Level.UNKNOWN, subject=subject, saw=saw, next=next_)


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One question of a check, asked by itself, so that one without an answer hides no other.

    Parameters
    ----------
    look
        Asks; a :class:`ops.errors.MissingError` from it says why there is no answer.
    """

    subject: str
    look: Callable[[], Finding | Iterable[Finding]]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check.

    Parameters
    ----------
    why
        What goes wrong in a deployment where it fails, in a sentence.
    probes
        Its questions about one fleet; none where it does not concern it.
    """

    name: str
    why: str
    probes: Callable[[Case], Iterable[Probe]]

    def told(self, finding: Finding) -> Finding:
        """Give a finding its check."""
        why = "" if finding.level is Level.GOOD else finding.why or self.why
        return replace(finding, check=self.name, why=why)


@dataclass(frozen=True, kw_only=True)
class Report:
    """All findings about one fleet, in the order of the checks."""

    fleet: str
    findings: tuple[Finding, ...]

    def of(self, level: Level) -> tuple[Finding, ...]:
        """Give the findings of one level."""
        return tuple(finding for finding in self.findings if finding.level is level)

    @property
    def code(self) -> int:
        """Exit code: 1 if something bars a deployment, else 3 if something could not be asked, else 0."""
        if self.of(Level.BARS):
            return FAILED
        return MISSING if self.of(Level.UNKNOWN) else 0

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data, version 1."""
        counts = {level.value: len(self.of(level)) for level in Level}
        findings = [asdict(finding) | {"level": finding.level.value} for finding in self.findings]
        return {"v": 1, "fleet": self.fleet, "code": self.code, "counts": counts, "findings": findings}

    def as_text(self) -> str:
        """Give it as text: the worst first and at length, what is good in a line each.

        Findings that say the same of several things, such as that nobody is signed in, are told once.
        """
        lines: list[str] = []
        for level in (Level.BARS, Level.UNKNOWN, Level.LOOK):
            same: dict[tuple[str, str], list[Finding]] = {}
            for finding in self.of(level):
                same.setdefault((finding.saw, finding.next), []).append(finding)
            for alike in same.values():
                lines += _at_length(alike)
        lines += [f"{Level.GOOD:9}{each.check:20}{each.subject}: {each.saw}" for each in self.of(Level.GOOD)]
        return "".join(f"{line}\n" for line in (*lines, self.summary))

    @property
    def summary(self) -> str:
        """Say in a line whether a deployment can begin."""
        barring, unknown, looks = (len(self.of(each)) for each in (Level.BARS, Level.UNKNOWN, Level.LOOK))
        if barring:
            verdict = f"not ready: {barring} {'thing bars' if barring == 1 else 'things bar'} a deployment"
        elif unknown:
            verdict = f"not known: {unknown} {'question has' if unknown == 1 else 'questions have'} no answer"
        else:
            verdict = "ready"
        more = f", {unknown} without an answer" if barring and unknown else ""
        return f"{self.fleet}: {verdict}{more}{f', {looks} to look at' if looks else ''}"


def _at_length(alike: list[Finding]) -> list[str]:
    first = alike[0]
    reasons = dict.fromkeys(finding.why for finding in alike if finding.why)
    lines = [f"{finding.level:9}{finding.check:20}{finding.subject}" for finding in alike]
    lines.append(f"{'':9}saw   {first.saw}")
    # Where several checks have one cause, the cause is what matters.
    lines += [f"{'':9}why   {reason}" for reason in reasons if len(reasons) == 1]
    lines += [f"{'':9}next  {first.next}"] if first.next else []
    return lines
