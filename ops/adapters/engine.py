"""The Pulumi engine as services see it. Nothing here imports Pulumi: what does is :mod:`ops.adapters.automation`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ops.progress.events import Counts, Event, Failure, Outcome, Policies, PolicyFinding, Step, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.adapters.pack import Pack

SECRET = "[secret]"  # noqa: S105 - what is shown in place of one
"""What stands where a secret output is."""

Program = Callable[[], Awaitable[None] | None]
"""An inline Pulumi program, done once what it gives has been awaited."""

Emit = Callable[[Event], None]
Tick = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class Pending:
    """An operation that was under way when the engine died: nobody knows whether it took effect."""

    urn: str
    op: str


@dataclass(frozen=True, kw_only=True)
class StackState:
    """What the backend knows of a stack.

    Parameters
    ----------
    exists
        Whether the backend has it at all.
    updated
        When its state last changed, ISO 8601 in UTC; empty if never.
    resources
        How many resources it has, components and providers included, the stack itself not.
    graph
        Each resource by its URN, with those that it depends on.
    outputs
        Its outputs, every secret in them replaced by ``[secret]``.
    """

    name: str
    exists: bool = False
    updated: str = ""
    resources: int = 0
    outputs: Mapping[str, Any] = field(default_factory=dict)
    pending: tuple[Pending, ...] = ()
    graph: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def deployed(self) -> bool:
        """Whether anything of it stands."""
        return self.resources > 0 or bool(self.pending)


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """How a run of the engine ended.

    Parameters
    ----------
    steps
        What it would do and in what order, where the run was a preview.
    policies
        What the policies made of it; None where none were asked.
    """

    outcome: Outcome
    counts: Counts
    seconds: float
    failures: tuple[Failure, ...] = ()
    steps: tuple[Step, ...] = ()
    policies: Policies | None = None


class Engine(Protocol):
    """Runs programs against stacks. All calls block; all callbacks come from the calling thread."""

    def stacks(self) -> tuple[str, ...]:
        """List the stacks of this project that the backend has."""
        ...

    def state(self, stack: str) -> StackState:
        """Read what the backend knows of a stack."""
        ...

    def export(self, stack: str) -> dict[str, Any]:
        """Give a stack as the engine exports it, secrets encrypted."""
        ...

    def reveal(self, stack: str, output: str) -> Any:  # noqa: ANN401 - whatever the output is
        """Give one output of a stack in plain text, for use and never for show; None where it has none."""
        ...

    def analyze(self, stack: str, pack: Pack) -> tuple[PolicyFinding, ...] | None:
        """Let the engine run a policy pack over what is deployed; None where it cannot."""
        ...

    def run(  # noqa: PLR0913 - callbacks beside what is run
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
        """Run a verb to its end and give every event on the way.

        Parameters
        ----------
        program
            What describes the resources; refresh and destroy need none, they go by the state.
        clear_pending
            Forget creations that were under way when the engine died (refresh only).
        refresh
            Ask the clouds what they have first (preview only).
        pack
            Policies to ask (preview and up only).

        Raises
        ------
        ops.errors.HmsError
            If the engine could not start, or another process holds the stack.
        """
        ...
