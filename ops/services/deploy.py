"""Preview, up, refresh and destroy: stack by stack, in the order in which they read each other."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from ops.adapters.engine import RunResult, StackState
from ops.errors import ChangesError, EngineError, InterruptedByUserError
from ops.progress.events import Counts, Event, Level, Verb, name_of, type_of
from ops.services import guards
from ops.services.advice import next_step
from ops.services.foresight import foreseen, planned
from ops.services.status import read_states
from ops.services.targets import all_targets, whole_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.plan import FleetPlan
    from ops.adapters.engine import Engine, Program
    from ops.progress.events import PolicyFinding
    from ops.progress.reporter import Reporter
    from ops.services.job import Job
    from ops.services.targets import Target


class Deploy:
    """Runs verbs over stacks.

    Parameters
    ----------
    program
        Makes the inline program of a stack.
    prepare
        Called before a stack is first touched (settings, stale locks), with what shows a warning about it.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        reporter: Reporter,
        program: Callable[[FleetPlan, Target], Program],
        prepare: Callable[[Target, Callable[[str], None]], None],
    ) -> None:
        self._engine = engine
        self._reporter = reporter
        self._program = program
        self._prepare = prepare
        self._told: set[PolicyFinding] = set()

    def preview(self, job: Job, *, expect_no_changes: bool = False) -> None:
        """Show what up would do.

        Raises
        ------
        ChangesError
            If changes were found, or could not be ruled out, where none are expected.
        """
        states = self._begin("preview", job)
        guards.refuse_changed_fields(job.plan, job.fleet, job.targets, states)
        guards.refuse_torn_trust(job.plan, job.fleet, job.targets, states)
        changed: list[str] = []
        for target in job.targets:
            missing = guards.missing_reads(job.plan, target, states)
            if missing:
                self._skip(job, target, missing)
                changed.append(target.stack)
                continue
            self._begun("preview", target)
            result = self._run("preview", job, target)
            if result.outcome == "succeeded":
                self._reporter.emit(planned("preview", target, result))
            self._finish("preview", job, target, result)
            if result.counts.changes:
                changed.append(target.stack)
        if expect_no_changes and changed:
            raise ChangesError(f"changes in {', '.join(changed)} where none were expected", "hms up, or put them back")

    def up(self, job: Job) -> bool:
        """Bring stacks to what the fleet file says.

        Returns
        -------
        Whether all was done; False where the user said no.
        """
        states = self._begin("up", job)
        guards.refuse_changed_fields(job.plan, job.fleet, job.targets, states)
        guards.refuse_torn_trust(job.plan, job.fleet, job.targets, states)
        guards.refuse_doubles(job.plan, job.targets, states)
        guards.refuse_unread(job.plan, job.targets, states)
        for number, target in enumerate(job.targets):
            self._mend(job, target, states[target.stack])
            # The engine judges each resource as it comes to it: what policies forbid must be known before the first.
            ahead = job.ask is not None or job.pack is not None or self._reporter.wants_plan
            if ahead and not self._agreed(job, target):
                return False
            self._begun("up", target)
            self._finish("up", job, target, self._run("up", job, target), left=job.targets[number + 1 :])
        return True

    def refresh(self, job: Job) -> None:
        """Bring the state of stacks to what the clouds have."""
        states = self._begin("refresh", job)
        for number, target in enumerate(job.targets):
            if not states[target.stack].deployed:
                self._nothing("refresh", target)
                continue
            self._begun("refresh", target)
            if self._reporter.wants_plan:
                self._reporter.emit(foreseen("refresh", states[target.stack]))
            result = self._run("refresh", job, target, clear_pending=bool(states[target.stack].pending))
            self._finish("refresh", job, target, result, left=job.targets[number + 1 :])

    def destroy(self, job: Job) -> bool:
        """Take stacks down, those that read others first.

        Returns
        -------
        Whether all was done; False where the user did not type the fleet's name.
        """
        states = self._begin("destroy", job)
        standing = [target for target in job.targets if states[target.stack].deployed]
        if standing:
            guards.refuse_protected(job.plan, job.fleet)
            guards.refuse_in_use(job.plan, job.targets, states, "destroy")
            if job.ask is not None and not self._certain(job, standing, states):
                return False
        backwards = job.targets[::-1]
        for number, target in enumerate(backwards):
            if target not in standing:
                self._nothing("destroy", target)
                continue
            self._mend(job, target, states[target.stack])
            self._begun("destroy", target)
            if self._reporter.wants_plan:
                self._reporter.emit(foreseen("destroy", states[target.stack]))
            result = self._run("destroy", job, target)
            self._finish("destroy", job, target, result, left=backwards[number + 1 :])
        return True

    def _begin(self, verb: Verb, job: Job) -> dict[str, StackState]:
        """Prepare the stacks and read all of the fleet."""
        for target in job.targets:
            if job.no_policies:
                self._say(verb, target, "warning", f"no policy holds: {job.no_policies}")
            self._prepare(target, partial(self._say, verb, target, "warning"))
        known = set(self._engine.stacks())
        targets = (*job.targets, *all_targets(job.plan), whole_target(job.plan))
        return read_states(self._engine, [target.stack for target in targets], known)

    def _mend(self, job: Job, target: Target, state: StackState) -> None:
        """Clear up after an engine that died in the middle of operations."""
        if not state.pending:
            return
        for pending in state.pending:
            where = f"{name_of(pending.urn)} ({type_of(pending.urn)})"
            self._say(
                "refresh",
                target,
                "warning",
                f"an earlier run ended while {pending.op} {where}"
                + (
                    ": it may exist in the cloud and not in the state. Look for it; delete it there or pulumi import it"
                    if pending.op == "creating"
                    else ": its state is read anew"
                ),
            )
        self._begun("refresh", target)
        result = self._run("refresh", job, target, clear_pending=True)
        if result.outcome != "succeeded":
            self._finish("refresh", job, target, result)

    def _agreed(self, job: Job, target: Target) -> bool:
        """Show what up would do to a stack and ask."""
        self._begun("preview", target)
        result = self._run("preview", job, target, quiet=True)
        if result.outcome != "succeeded":
            self._finish("preview", job, target, result)
        self._reporter.emit(planned("up", target, result))
        if job.ask is None or not result.counts.changes:
            return True
        return job.ask.sure(f"Deploy {target.stack}?")

    def _certain(self, job: Job, standing: list[Target], states: dict[str, StackState]) -> bool:
        if job.ask is None:
            return True
        count = sum(states[target.stack].resources for target in standing)
        names = ", ".join(target.stack for target in reversed(standing))
        typed = job.ask.typed(f"This destroys {count} resources of {names}. Type the fleet's name ({job.plan.name}):")
        return typed == job.plan.name

    def _run(
        self, verb: Verb, job: Job, target: Target, *, quiet: bool = False, clear_pending: bool = False
    ) -> RunResult:
        """Run the engine; ``quiet`` shows only what it has to say, not each resource."""
        program = self._program(job.plan, target) if verb in {"preview", "up"} else None
        return self._engine.run(
            verb,
            target.stack,
            program,
            emit=self._emit_message if quiet else self._emit,
            tick=self._reporter.tick,
            clear_pending=clear_pending,
            refresh=job.refresh and verb == "preview",
            pack=job.pack if verb in {"preview", "up"} else None,
        )

    def _emit_message(self, event: Event) -> None:
        if event.kind in {"message", "policy"}:
            self._emit(event)

    def _emit(self, event: Event) -> None:
        """Pass an event on; a finding only once, be it in the preview or in the update after it."""
        if event.finding is not None:
            if event.finding in self._told:
                return
            self._told.add(event.finding)
        self._reporter.emit(event)

    def _finish(
        self, verb: Verb, job: Job, target: Target, result: RunResult, *, left: tuple[Target, ...] = ()
    ) -> None:
        """Sum a stack up; go on only if it succeeded."""
        then = ""
        if result.outcome == "failed":
            then = next_step(result.failures, verb, job.again)
        elif result.outcome == "cancelled" and verb != "preview":
            then = f"what was done is recorded; go on where it stopped: {job.again}"
        self._summarise(verb, target, result, then)
        rest = f"; {', '.join(each.stack for each in left)} was not begun" if left else ""
        if result.outcome == "cancelled":
            raise InterruptedByUserError(f"interrupted in {target.stack}{rest}", told=not rest)
        if result.outcome == "failed":
            raise EngineError(f"{verb} of {target.stack} failed{rest}", told=not rest)

    def _summarise(self, verb: Verb, target: Target, result: RunResult, then: str = "") -> None:
        self._reporter.emit(
            Event(
                kind="summary",
                stack=target.stack,
                verb=verb,
                time=time.time(),
                counts=result.counts,
                outcome=result.outcome,
                seconds=result.seconds,
                failures=result.failures,
                policies=result.policies,
                next=then,
            )
        )

    def _skip(self, job: Job, target: Target, missing: tuple[str, ...]) -> None:
        self._begun("preview", target)
        then = (
            f"deploy {', '.join(missing)} first; or see the whole fleet as one graph: "
            f"hms preview --stack {job.plan.name}"
        )
        text = f"{target.stack} reads {', '.join(missing)}, which is not deployed yet: nothing to compare with"
        self._say("preview", target, "warning", text)
        self._summarise("preview", target, RunResult(outcome="skipped", counts=Counts(), seconds=0.0), then)

    def _nothing(self, verb: Verb, target: Target) -> None:
        self._begun(verb, target)
        self._say(verb, target, "info", "not deployed, nothing to do")
        self._summarise(verb, target, RunResult(outcome="succeeded", counts=Counts(), seconds=0.0))

    def _begun(self, verb: Verb, target: Target) -> None:
        self._reporter.emit(Event(kind="begin", stack=target.stack, verb=verb, time=time.time()))

    def _say(self, verb: Verb, target: Target, level: Level, text: str) -> None:
        self._reporter.emit(
            Event(kind="message", stack=target.stack, verb=verb, time=time.time(), level=level, text=text)
        )
