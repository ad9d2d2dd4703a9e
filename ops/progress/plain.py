"""Events as lines, for logs and pipes."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from ops.progress.events import name_of, type_of
from ops.progress.stream import Stream
from ops.progress.words import (
    DOING,
    DONE,
    DRASTIC,
    QUIET,
    VERBS,
    counted,
    duration,
    failure_lines,
    finding_lines,
    headline,
)

if TYPE_CHECKING:
    from ops.errors import HmsError
    from ops.progress.events import Event

HEARTBEAT = 15.0
"""Seconds without a line after which the log says what is still going on."""


class PlainReporter:
    """Writes a line for each resource that changed, and a sign of life in between."""

    wants_plan = False

    def __init__(self, out: IO[str], err: IO[str]) -> None:
        self._out = Stream(out)
        self._err = err
        self._running: dict[str, Event] = {}
        self._last = 0.0

    def emit(self, event: Event) -> None:
        """Write what is worth a line."""
        match event.kind:
            case "begin":
                self._running.clear()
                self._say(f"{VERBS[event.verb]} {event.stack}", event.time)
            case "plan":
                self._plan(event)
            case "resource":
                self._resource(event)
            case "message":
                about = f"{event.name} ({event.type}): " if event.urn else ""
                prefix = "" if event.level == "info" else f"{event.level}: "
                self._say(f"{event.stack}  {prefix}{about}{event.text}", event.time)
            case "policy":
                for line in finding_lines(event.finding) if event.finding else ():
                    self._say(f"{event.stack}  {line}", event.time)
            case "summary":
                self._summary(event)

    def tick(self, now: float) -> None:
        """Say what is still going on where nothing was said for long."""
        if self._running and now - self._last >= HEARTBEAT:
            oldest = sorted(self._running.values(), key=lambda event: event.time)
            told = ", ".join(f"{event.name} (for {duration(now - event.time)})" for event in oldest[:3])
            more = f" and {len(oldest) - 3} more" if len(oldest) > 3 else ""
            self._say(f"{oldest[0].stack}  still {DOING.get(oldest[0].op, 'at work on')} {told}{more}", now)

    def fail(self, error: HmsError) -> None:
        """Write the error to the error stream."""
        tell(error, self._err)

    def close(self) -> None:
        """Nothing is held back."""

    def _plan(self, event: Event) -> None:
        if event.verb != "up" or event.counts is None:
            return
        self._say(f"{event.stack}: {counted(event.counts, ahead=True)}", event.time)
        for step in event.steps:
            if step.op in DRASTIC:
                self._say(f"{event.stack}  will {step.op} {name_of(step.urn)} ({type_of(step.urn)})", event.time)

    def _resource(self, event: Event) -> None:
        if event.op in QUIET:
            return
        if event.phase == "started":
            if event.tangible:
                self._running[event.urn] = event
            return
        self._running.pop(event.urn, None)
        if event.phase == "finished" and event.verb != "preview":
            took = f" after {duration(event.seconds)}" if event.seconds is not None else ""
            self._say(f"{event.stack}  {event.name} ({event.type}) {DONE.get(event.op, event.op)}{took}", event.time)
        elif event.phase == "finished":
            self._say(f"{event.stack}  {event.op:8} {event.name} ({event.type})", event.time)

    def _summary(self, event: Event) -> None:
        self._running.clear()
        for failure in event.failures:
            for line in failure_lines(failure):
                self._say(f"{event.stack}  error: {line}", event.time)
        self._say(headline(event), event.time)
        if event.next:
            self._say(f"next: {event.next}", event.time)

    def _say(self, text: str, now: float) -> None:
        self._last = now
        self._out.line(text)


def tell(error: HmsError, err: IO[str]) -> None:
    """Write an error that nothing else has shown: the message, its details and the fix."""
    if error.told:
        return
    lines = [f"hms: {error.message}" if error.message else "", *error.details]
    lines += [f"next: {error.fix}"] if error.fix else []
    err.write("".join(f"{line}\n" for line in lines if line))
    err.flush()
