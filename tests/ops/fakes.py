"""An engine, a terminal and a reporter that do as they are told and remember what they were asked."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.adapters.engine import Pending, RunResult, StackState
from ops.progress.events import Counts, Event, Failure, Step
from ops.services.deploy import Deploy
from ops.services.job import Job
from ops.services.targets import Target, all_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infra.plan import FleetPlan
    from ops.adapters.engine import Emit, Program, Tick
    from ops.adapters.pack import Pack
    from ops.errors import HmsError
    from ops.progress.events import PolicyFinding, Verb

VPC = "urn:pulumi:aws-dev::hms::hms:aws:Site$aws:ec2/vpc:Vpc::aws-vpc"
SUBNET = "urn:pulumi:aws-dev::hms::hms:aws:Site$aws:ec2/subnet:Subnet::aws-private-0"
T0 = 1_795_508_425.25


def good(**counts: int) -> RunResult:
    return RunResult(outcome="succeeded", counts=Counts(**counts), seconds=1.5)


def failed(cause: str, **counts: int) -> RunResult:
    failure = Failure(urn=VPC, op="create", cause=cause)
    return RunResult(outcome="failed", counts=Counts(**counts), seconds=1.5, failures=(failure,))


@dataclass
class FakeEngine:
    """Gives scripted results; a successful up or destroy changes what it says of the stack."""

    states: dict[str, StackState] = field(default_factory=dict)
    results: dict[tuple[str, str], RunResult] = field(default_factory=dict)
    calls: list[tuple[str, str, bool]] = field(default_factory=list)
    packs: list[Pack | None] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)
    exports: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: dict[tuple[str, str], Any] = field(default_factory=dict)
    analyses: dict[str, tuple[PolicyFinding, ...]] = field(default_factory=dict)

    def stacks(self) -> tuple[str, ...]:
        return tuple(self.states)

    def state(self, stack: str) -> StackState:
        return self.states.get(stack) or StackState(name=stack)

    def export(self, stack: str) -> dict[str, Any]:
        return self.exports[stack]

    def reveal(self, stack: str, output: str) -> Any:
        return self.secrets.get((stack, output))

    def analyze(self, stack: str, pack: Pack) -> tuple[PolicyFinding, ...] | None:  # noqa: ARG002 - the protocol's
        return self.analyses.get(stack)

    def run(
        self,
        verb: Verb,
        stack: str,
        program: Program | None,
        *,
        emit: Emit,
        tick: Tick,
        clear_pending: bool = False,
        refresh: bool = False,
        pack: Pack | None = None,
    ) -> RunResult:
        assert (program is not None) == (verb in {"preview", "up"})
        self.calls.append((verb, stack, clear_pending))
        self.packs.append(pack)
        self.refreshed += [stack] if refresh else []
        result = self.results.get((verb, stack), good(create=2, same=1))
        for finding in result.policies.findings if result.policies else ():
            emit(Event(kind="policy", stack=stack, verb=verb, time=T0, urn=finding.urn, finding=finding))
        tick(time.time())
        for phase in ("started", "finished"):
            emit(
                Event(
                    kind="resource",
                    stack=stack,
                    verb=verb,
                    time=T0,
                    phase=phase,  # type: ignore[arg-type]
                    op="create",
                    urn=VPC,
                    tangible=True,
                )
            )
        if result.outcome == "succeeded" and verb in {"up", "destroy"}:
            self.states[stack] = StackState(name=stack, exists=True, resources=3 if verb == "up" else 0)
        return result

    @property
    def runs(self) -> list[tuple[str, str]]:
        return [(verb, stack) for verb, stack, _ in self.calls]


@dataclass
class Recorder:
    """A reporter that keeps everything."""

    wants_plan: bool = False
    events: list[Event] = field(default_factory=list)
    errors: list[HmsError] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def tick(self, now: float) -> None:
        pass

    def fail(self, error: HmsError) -> None:
        self.errors.append(error)

    def close(self) -> None:
        pass

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.of("message")]


@dataclass
class Person:
    """Answers as scripted."""

    answers: list[Any]
    asked: list[str] = field(default_factory=list)

    def sure(self, question: str) -> bool:
        self.asked.append(question)
        return bool(self.answers.pop(0))

    def typed(self, question: str) -> str:
        self.asked.append(question)
        return str(self.answers.pop(0))


@dataclass
class Bench:
    """Deploy with everything around it faked."""

    plan: FleetPlan
    engine: FakeEngine
    reporter: Recorder
    fleet: Path = Path("fleets/dev.yaml")

    @property
    def deploy(self) -> Deploy:
        return Deploy(
            engine=self.engine,
            reporter=self.reporter,
            program=lambda _plan, _target: lambda: None,
            prepare=lambda _target, _say: None,
        )

    def job(self, *targets: Target, ask: Person | None = None) -> Job:
        chosen = targets or all_targets(self.plan)
        return Job(plan=self.plan, fleet=self.fleet, targets=chosen, again="hms up --all", ask=ask)


def standing(stack: str, *, pending: tuple[Pending, ...] = (), **outputs: object) -> StackState:
    return StackState(
        name=stack, exists=True, updated="2026-11-24T08:00:00.1Z", resources=7, outputs=outputs, pending=pending
    )


def steps() -> tuple[Step, ...]:
    return (Step(urn=VPC, op="create"), Step(urn=SUBNET, op="create", after=(VPC,)))


def no_clouds(seen: list[dict[str, object]]) -> Callable[..., Any]:
    @contextmanager
    def clouds(world: Path, **options: object) -> Iterator[Mapping[str, str]]:
        seen.append({"world": world, **options})
        yield {"PULUMI_DEBUG_PROVIDERS": "aws:1"}

    return clouds
