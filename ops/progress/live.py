"""Events on a terminal: what is building, since when, what it waits for, what is left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ops.progress.events import Counts, name_of, type_of
from ops.progress.plain import tell
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
    from rich.console import Console, RenderableType

    from ops.errors import HmsError
    from ops.progress.events import Event, Step

SHOWN = 8
"""Rows of each table; the rest is counted."""

STYLES = {"create": "green", "update": "yellow", "replace": "magenta", "delete": "red"}
LEVELS = {"info": "dim", "warning": "yellow", "error": "red"}


class LiveReporter:
    """Keeps a picture of the running stack at the foot of the terminal and leaves a line for what is over."""

    wants_plan = True

    def __init__(self, console: Console, errors: Console) -> None:
        self._console = console
        self._errors = errors
        self._live: Live | None = None
        self._begun: Event | None = None
        self._steps: dict[str, Step] = {}
        self._foreseen: tuple[str, str] | None = None
        self._running: dict[str, Event] = {}
        self._over: set[str] = set()
        self._now = time.time()

    def emit(self, event: Event) -> None:
        """Change the picture."""
        self._now = event.time
        match event.kind:
            case "begin":
                self._begin(event)
            case "plan":
                self._plan(event)
            case "resource":
                self._resource(event)
            case "message":
                about = f"{event.name}: " if event.urn else ""
                self._print(Text(f"{event.stack}  {about}{event.text}", style=LEVELS[event.level or "info"]))
            case "policy" if event.finding:
                style = "bold red" if event.finding.level == "mandatory" else "yellow"
                for line in finding_lines(event.finding):
                    self._print(Text(f"{event.stack}  {line}", style=style))
            case "summary":
                self._summary(event)

    def tick(self, now: float) -> None:
        """Draw anew: time has passed."""
        self._now = now
        if self._live is not None:
            self._live.update(self.picture())

    def fail(self, error: HmsError) -> None:
        """Write the error where errors go."""
        self.close()
        tell(error, self._errors.file)

    def close(self) -> None:
        """Take the picture away."""
        if self._live is not None:
            live, self._live = self._live, None
            live.update(Text())
            live.stop()

    def picture(self) -> RenderableType:
        """Draw the running stack."""
        begun = self._begun
        if begun is None:
            return Text()
        head = Table.grid(padding=(0, 1))
        total = len(self._steps)
        over = len(self._over & self._steps.keys()) if total else len(self._over)
        bar = ProgressBar(total=total or None, completed=over, pulse=not total, width=30)
        of = f"{over} of {total}" if total else f"{over} done"
        head.add_row(
            Text(f"{VERBS[begun.verb]} {begun.stack}", style="bold"), bar, of, duration(self._now - begun.time)
        )
        parts: list[RenderableType] = [head]
        running = sorted(self._running.values(), key=lambda event: event.time)
        if running:
            parts.append(self._running_table(running))
        if waiting := self._waiting():
            parts.append(self._waiting_table(waiting))
        return Group(*parts)

    def _running_table(self, running: list[Event]) -> Table:
        table = Table.grid(padding=(0, 2))
        for event in running[:SHOWN]:
            op = event.op
            table.add_row(
                Text(f"  {DOING.get(op, op)}", style=STYLES.get(op, "cyan")),
                escape(event.name),
                Text(event.type, style="dim"),
                f"for {duration(self._now - event.time)}",
            )
        if len(running) > SHOWN:
            table.add_row("", Text(f"and {len(running) - SHOWN} more", style="dim"))
        return table

    def _waiting(self) -> list[tuple[Step, tuple[str, ...]]]:
        """List steps that have not begun, with what each waits for; those nearest to their turn first."""
        left = (
            (step, tuple(urn for urn in step.after if urn not in self._over and urn in self._steps))
            for urn, step in self._steps.items()
            if urn not in self._over and urn not in self._running
        )
        return sorted(left, key=lambda pair: (sum(urn not in self._running for urn in pair[1]), len(pair[1])))

    def _waiting_table(self, waiting: list[tuple[Step, tuple[str, ...]]]) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_row(Text(f"  {len(waiting)} left", style="bold dim"))
        held = [(step, after) for step, after in waiting if after]
        for step, after in held[: SHOWN // 2]:
            names = ", ".join(name_of(urn) for urn in after[:3])
            more = f" and {len(after) - 3} more" if len(after) > 3 else ""
            table.add_row(Text(f"    {name_of(step.urn)} waits for {names}{more}", style="dim"))
        return table

    def _begin(self, event: Event) -> None:
        self.close()
        # The plan of an up comes before it begins, that of a destroy after.
        if self._foreseen != (event.stack, event.verb):
            self._steps = {}
        self._begun = event
        self._running.clear()
        self._over.clear()
        self._live = Live(self.picture(), console=self._console, refresh_per_second=8, transient=True)
        self._live.start()

    def _plan(self, event: Event) -> None:
        self._foreseen = (event.stack, event.verb)
        self._steps = {step.urn: step for step in event.steps if step.op != "same"}
        if event.verb != "up":
            return
        self.close()
        self._print(Text(f"{event.stack}: {counted(event.counts or Counts(), ahead=True)}", style="bold"))
        for step in event.steps:
            if step.op in DRASTIC:
                line = f"{event.stack}  will {step.op} {name_of(step.urn)} ({type_of(step.urn)})"
                self._print(Text(line, style=f"bold {STYLES[step.op]}"))

    def _resource(self, event: Event) -> None:
        if event.phase == "started":
            if event.tangible and event.op not in {"same", "read"}:
                self._running[event.urn] = event
        else:
            self._running.pop(event.urn, None)
            self._over.add(event.urn)
            if event.phase == "finished" and event.op not in QUIET and (event.tangible or event.verb == "preview"):
                self._print(self._line(event))
        self.tick(event.time)

    def _line(self, event: Event) -> Text:
        word = event.op if event.verb == "preview" else DONE.get(event.op, event.op)
        line = Text(f"{event.stack}  ")
        line.append(f"{word:8} ", style=STYLES.get(event.op, "cyan"))
        line.append(event.name)
        line.append(f"  {event.type}", style="dim")
        if event.seconds is not None:
            line.append(f"  {duration(event.seconds)}", style="dim")
        return line

    def _summary(self, event: Event) -> None:
        self.close()
        for failure in event.failures:
            first, *rest = failure_lines(failure)
            self._print(Text(f"{event.stack}  {first}", style="bold red"))
            for line in rest:
                self._print(Text(line, style="red"))
        style = {"succeeded": "bold green", "skipped": "yellow"}.get(event.outcome or "", "bold red")
        self._print(Text(headline(event), style=style))
        if event.next:
            self._print(Text(f"next: {event.next}", style="bold"))
        self._steps = {}
        self._foreseen = self._begun = None

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True, highlight=False)
