"""The one type of event that everything long-running gives, and its form as a JSON line (version 1).

Every line is an object with ``v`` (1), ``event`` (the kind), ``time`` (ISO 8601, UTC) and, but for ``error``,
``stack`` and ``verb``:

``begin``
    Work on a stack starts.
``plan``
    What will be done, from a preview: ``steps``, each with ``urn``, ``op``, ``after`` (URNs it waits for) and, of a
    replacement, ``reasons`` (names of properties); and the numbers as in ``summary``.
``resource``
    ``phase`` (``started``, ``finished``, ``failed``), ``op``, ``type``, ``name``, ``urn`` and, once over, ``seconds``.
``policy``
    A policy that a resource, or the stack, breaks: ``rule``, ``level`` (``mandatory``: the run fails; ``advisory``),
    ``severity``, ``urn`` (absent where it is about the stack), ``message``, ``remediation`` and ``link``.
``message``
    ``level`` (``info``, ``warning``, ``error``) and ``text``; ``urn`` where it is about one resource.
``summary``
    A stack's last line: ``create``, ``update``, ``replace``, ``delete``, ``same`` (numbers of resources), ``result``
    (``succeeded``, ``failed``, ``cancelled``, ``skipped``), ``seconds``, ``failures`` (``urn``, ``type``, ``name``,
    ``op``, ``cause``), ``next`` (what to do; absent where nothing is) and, where policies were asked, ``policies``: the
    numbers ``mandatory`` and ``advisory`` of findings, and ``undecided`` of what only the update will tell.
``error``
    The command failed as a whole: ``text``, ``details``, ``next``, ``code``.

Fields may be added to a version; none changes its meaning or goes. Values of resources are never in an event.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

VERSION = 1

Verb = Literal["preview", "up", "refresh", "destroy"]
Kind = Literal["begin", "plan", "resource", "policy", "message", "summary"]
Phase = Literal["started", "finished", "failed"]
Level = Literal["info", "warning", "error"]
Outcome = Literal["succeeded", "failed", "cancelled", "skipped"]

CHANGES = ("create", "update", "replace", "delete")
"""Operations that change something; ``same``, ``read`` and ``refresh`` do not."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Resources of a stack by what was (or will be) done to them."""

    create: int = 0
    update: int = 0
    replace: int = 0
    delete: int = 0
    same: int = 0

    @property
    def changes(self) -> int:
        """How many resources change."""
        return self.create + self.update + self.replace + self.delete

    @classmethod
    def of(cls, changes: dict[str, int]) -> Counts:
        """Read the engine's own counts; operations that it counts besides are left out."""
        return cls(**{field.name: int(changes.get(field.name, 0)) for field in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why one resource failed; ``urn`` is empty where the whole run did."""

    urn: str
    op: str
    cause: str

    @property
    def type(self) -> str:
        """Type token."""
        return type_of(self.urn)

    @property
    def name(self) -> str:
        """Logical name."""
        return name_of(self.urn)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One planned step: what it does to which resource, and which resources it waits for.

    Parameters
    ----------
    reasons
        Names of the properties that make it a replacement.
    """

    urn: str
    op: str
    after: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PolicyFinding:
    """A policy that something breaks.

    Parameters
    ----------
    urn
        The resource to blame; empty where it is the stack.
    level
        ``mandatory`` or ``advisory``.
    message
        What is wrong, and at which property.
    remediation
        What to write instead.
    """

    rule: str
    urn: str
    level: str
    severity: str
    message: str
    remediation: str
    link: str = ""

    @property
    def name(self) -> str:
        """Logical name of the resource; ``the stack`` where it is that."""
        return name_of(self.urn) or "the stack"


@dataclass(frozen=True, kw_only=True)
class Policies:
    """What the policies made of a run.

    Parameters
    ----------
    undecided
        (rule, URN) of what only the update will tell; no URN where it is the stack.
    """

    findings: tuple[PolicyFinding, ...] = ()
    undecided: tuple[tuple[str, str], ...] = ()

    def of_level(self, level: str) -> tuple[PolicyFinding, ...]:
        """List the findings of a level."""
        return tuple(finding for finding in self.findings if finding.level == level)

    @property
    def numbers(self) -> dict[str, int]:
        """Count: ``mandatory``, ``advisory``, ``undecided``."""
        return {
            "mandatory": len(self.of_level("mandatory")),
            "advisory": len(self.of_level("advisory")),
            "undecided": len(self.undecided),
        }


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to a stack.

    Parameters
    ----------
    time
        Seconds since the epoch.
    tangible
        Whether the resource is more than a component, that is, whether a cloud works on it.
    policies
        None where no policies were asked.
    """

    kind: Kind
    stack: str
    verb: Verb
    time: float
    phase: Phase | None = None
    op: str = ""
    urn: str = ""
    tangible: bool = False
    seconds: float | None = None
    level: Level | None = None
    text: str = ""
    steps: tuple[Step, ...] = ()
    counts: Counts | None = None
    outcome: Outcome | None = None
    failures: tuple[Failure, ...] = ()
    finding: PolicyFinding | None = None
    policies: Policies | None = None
    next: str = ""

    @property
    def type(self) -> str:
        """Type token of the resource."""
        return type_of(self.urn)

    @property
    def name(self) -> str:
        """Logical name of the resource."""
        return name_of(self.urn)


def type_of(urn: str) -> str:
    """Give the type token in a URN: ``urn:pulumi:dev::hms::hms:aws:Site$aws:ec2/vpc:Vpc::aws`` has the VPC's."""
    parts = urn.split("::")
    return parts[2].rpartition("$")[2] if len(parts) > 3 else ""


def name_of(urn: str) -> str:
    """Give the logical name in a URN."""
    parts = urn.split("::", 3)
    return parts[3] if len(parts) > 3 else ""


def moment(time: float) -> str:
    """Write a time as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(time, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_json(event: Event) -> dict[str, Any]:
    """Give an event its form as a JSON line, as the module describes it."""
    line: dict[str, Any] = {
        "v": VERSION,
        "event": event.kind,
        "time": moment(event.time),
        "stack": event.stack,
        "verb": event.verb,
    }
    if event.kind in {"plan", "summary"}:
        counts = event.counts or Counts()
        line |= {field.name: getattr(counts, field.name) for field in fields(counts)}
    if event.kind == "plan":
        line["steps"] = [
            {"urn": step.urn, "op": step.op, "after": list(step.after)}
            | ({"reasons": list(step.reasons)} if step.reasons else {})
            for step in event.steps
        ]
    elif event.kind == "resource":
        line |= {"phase": event.phase, "op": event.op, "type": event.type, "name": event.name, "urn": event.urn}
        if event.seconds is not None:
            line["seconds"] = round(event.seconds, 3)
    elif event.finding is not None:
        line |= {key: value for key, value in asdict(event.finding).items() if value}
    elif event.kind == "message":
        line |= {"level": event.level, "text": event.text}
        if event.urn:
            line["urn"] = event.urn
    elif event.kind == "summary":
        line |= _summary(event)
    return line


def _summary(event: Event) -> dict[str, Any]:
    line: dict[str, Any] = {"result": event.outcome, "seconds": round(event.seconds or 0.0, 3)}
    line["failures"] = [
        {"urn": failure.urn, "type": failure.type, "name": failure.name, "op": failure.op, "cause": failure.cause}
        for failure in event.failures
    ]
    if event.policies is not None:
        line["policies"] = event.policies.numbers
    if event.next:
        line["next"] = event.next
    return line
