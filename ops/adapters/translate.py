"""The engine's events in our words, and what a run came to."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.adapters.pack import Account, finding_of
from ops.adapters.redact import redact
from ops.progress.events import Counts, Event, Failure, Level, Phase, Step, Verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pulumi.automation.events import DiagnosticEvent, EngineEvent, PolicyEvent, StepEventMetadata

    from ops.adapters.pack import Pack
    from ops.progress.events import Policies, PolicyFinding

_COLOUR = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")
_PREFIX = re.compile(r"^\w+ing urn:pulumi:\S+: ")
_ONE_ERROR = re.compile(r"^(sdk-v2/provider2\.go:\d+: sdk\.helper_schema: )?\d+ errors? occurred:\s*\*\s*", re.DOTALL)
_AFTERMATH = re.compile(
    r"^(update|preview|refresh|destroy)(ing)? (failed|canceled|cancelled)|^resource monitor shut down"
    r"|^(update|preview) canceled|^the program failed: grpc\._channel\._InactiveRpcError"
)
"""What the engine says after the real cause has been told."""

_RAISED = re.compile(r"^[\w.]+(Error|Exception|Warning|Exit|Interrupt)\b")
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_ROOT = Path(__file__).parents[2]

_NO_NEWS = re.compile(r"^using pulumi-language-\w+ from \$PATH")
"""The language host that runs the policies is the one that `make setup` chose: that is meant."""

_VISIBLE = {"info", "info#err", "warning"}
STACK_TYPE = "pulumi:pulumi:Stack"


def clean(text: str) -> str:
    """Take colour, the engine's preambles and secrets out of a message."""
    text = _COLOUR.sub("", text).strip()
    text = _PREFIX.sub("", text)
    text = _ONE_ERROR.sub("", text)
    return redact(_condensed(text.strip()))


def _condensed(text: str) -> str:
    """Give the end of a Python traceback, where the cause stands, with its innermost place in this repository."""
    if "Traceback (most recent call last)" not in text:
        return text
    lines = [line for line in text.splitlines() if line.strip()]
    cause = next((line for line in reversed(lines) if _RAISED.match(line)), lines[-1])
    places = [match for line in lines if (match := _FRAME.search(line)) and "site-packages" not in match[1]]
    ours = [match for match in places if Path(match[1]).is_relative_to(_ROOT)]
    place = f" ({Path(ours[-1][1]).relative_to(_ROOT)}:{ours[-1][2]})" if ours else ""
    return f"the program failed: {cause.strip()}{place}"


class Translation:
    """Turns the engine's events of one run into ours and keeps account.

    Parameters
    ----------
    clock
        Seconds since the epoch: the engine's own stamps are whole seconds.
    """

    def __init__(self, verb: Verb, stack: str, pack: Pack | None = None) -> None:
        self.verb = verb
        self.stack = stack
        self.begun = time.time()
        self._account = Account(pack=pack) if pack else None
        self.failed: dict[str, str] = {}
        self.causes: list[tuple[str, str]] = []
        self._counts: Counts | None = None
        self._seen: dict[str, int] = {}
        self._started: dict[tuple[str, str], float] = {}

    @property
    def policies(self) -> Policies | None:
        """What the policies made of the run; None where none were asked."""
        return self._account.policies if self._account else None

    @property
    def counts(self) -> Counts:
        """The engine's account; ours where it died before giving one."""
        return self._counts or Counts.of(self._seen)

    def failures(self) -> tuple[Failure, ...]:
        """Give what failed, one a resource, causes joined; the engine's aftermath only where nothing else is known."""
        told = [(urn, cause) for urn, cause in self.causes if not _AFTERMATH.match(cause)]
        by_urn: dict[str, list[str]] = {}
        for urn, cause in told or self.causes[:1]:
            whole = "" if f"::{STACK_TYPE}::" in urn else urn
            if cause not in by_urn.setdefault(whole, []):
                by_urn[whole].append(cause)
        for urn in self.failed:
            by_urn.setdefault(urn, ["the engine gave no cause"])
        return tuple(
            Failure(urn=urn, op=self.failed.get(urn, "check" if urn else ""), cause="\n".join(causes))
            for urn, causes in by_urn.items()
        )

    def __call__(self, event: EngineEvent) -> Iterator[Event]:
        """Translate one event; most engine events are nothing to us."""
        if event.resource_pre_event:
            yield from self._step(event.resource_pre_event.metadata, "started")
        elif event.res_outputs_event:
            yield from self._step(event.res_outputs_event.metadata, "finished")
        elif event.res_op_failed_event:
            metadata = event.res_op_failed_event.metadata
            self.failed[metadata.urn] = metadata.op.value
            yield from self._step(metadata, "failed")
        elif event.diagnostic_event:
            yield from self._diagnostic(event.diagnostic_event)
        elif event.policy_event:
            yield from self._policy(event.policy_event)
        elif event.summary_event:
            self._counts = Counts.of({str(op): count for op, count in event.summary_event.resource_changes.items()})
        elif self._account:
            self._account.raw(getattr(event, "raw", {}))

    def _step(self, metadata: StepEventMetadata, phase: Phase) -> Iterator[Event]:
        if metadata.type == STACK_TYPE:
            return
        now = time.time()
        key = (metadata.urn, metadata.op.value)
        state = metadata.new or metadata.old
        tangible = bool(state and state.custom)
        seconds = None
        if phase == "started":
            self._started[key] = now
            if metadata.op.value == "same":
                return
        else:
            # Components give a second such event when their outputs are registered: only the first ends the step.
            begun = self._started.pop(key, None)
            if begun is None:
                return
            seconds = now - begun if tangible and self.verb != "preview" else None
            if phase == "finished" and metadata.logical:
                self._seen[metadata.op.value] = self._seen.get(metadata.op.value, 0) + 1
        yield Event(
            kind="resource",
            stack=self.stack,
            verb=self.verb,
            time=now,
            phase=phase,
            op=metadata.op.value,
            urn=metadata.urn,
            tangible=tangible,
            seconds=seconds,
        )

    def _diagnostic(self, event: DiagnosticEvent) -> Iterator[Event]:
        text = clean(event.message)
        if not text or _NO_NEWS.match(text):
            return
        urn = event.urn or ""
        if event.severity == "error":
            self.causes.append((urn, text))
        elif event.severity in _VISIBLE and not event.ephemeral:
            level: Level = "warning" if event.severity == "warning" else "info"
            yield self._message(level, text, "" if f"::{STACK_TYPE}::" in urn else urn)

    def _policy(self, event: PolicyEvent) -> Iterator[Event]:
        message = clean(event.message)
        if self._account is None:
            # Of a pack that Pulumi's service has for the whole organisation.
            finding: PolicyFinding | None = finding_of(event, message)
        else:
            finding = self._account.violation(event, message)
        if finding is None:
            return
        if finding.level == "mandatory":
            self.causes.append((finding.urn, f"policy {finding.rule}: {finding.message}"))
        yield Event(kind="policy", stack=self.stack, verb=self.verb, time=time.time(), urn=finding.urn, finding=finding)

    def _message(self, level: Level, text: str, urn: str = "") -> Event:
        return Event(
            kind="message",
            stack=self.stack,
            verb=self.verb,
            time=time.time(),
            level=level,
            text=text,
            urn=urn,
        )


def planned_steps(digest: dict[str, Any]) -> tuple[Step, ...]:
    """Read the engine's JSON preview: steps in the order of their registration, with what each waits for."""
    steps = []
    for step in digest.get("steps", ()):
        if f"::{STACK_TYPE}::" in step["urn"]:
            continue
        state = step.get("newState") or step.get("oldState") or {}
        reasons = tuple(str(name) for name in step.get("replaceReasons") or ())
        steps.append(Step(urn=step["urn"], op=step["op"], after=waits_for(state), reasons=reasons))
    return tuple(steps)


def waits_for(state: dict[str, Any]) -> tuple[str, ...]:
    """List the resources that one as the engine writes it depends on, its provider included."""
    after = dict.fromkeys(state.get("dependencies") or ())
    for urns in (state.get("propertyDependencies") or {}).values():
        after.update(dict.fromkeys(urns or ()))
    if provider := str(state.get("provider", "")).rpartition("::")[0]:
        after[provider] = None
    return tuple(after)
