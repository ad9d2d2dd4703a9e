"""The real Pulumi engine by its Automation API, with inline programs: no language host is needed."""

from __future__ import annotations

import json
import queue
import time
import warnings
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pulumi.automation import LocalWorkspace, Stack, UpdateSummary, _stack
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError
from pulumi.automation.events import EngineEvent

from ops.adapters.causes import crash, killed, last_words, locked
from ops.adapters.command import EngineCommand
from ops.adapters.engine import RunResult, StackState
from ops.adapters.exported import state_of_export
from ops.adapters.interrupts import Interrupts
from ops.adapters.settings import read_stack
from ops.adapters.state import PROJECT
from ops.adapters.translate import Translation, planned_steps
from ops.errors import EngineError
from ops.progress.events import Event, Failure, Outcome, PolicyFinding, Step, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ops.adapters.engine import Emit, Program, Tick
    from ops.adapters.pack import Pack

# When the engine is killed, its stream of events breaks: that is known by then, and no news for the user.
warnings.filterwarnings("ignore", category=UserWarning, module=r"pulumi\.automation")


class _WholeEvent(EngineEvent):
    """An event with all that the engine wrote: the Python API drops the kinds that it does not know."""

    raw: Mapping[str, Any] = MappingProxyType({})

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> EngineEvent:
        event = super().from_json(data)
        vars(event)["raw"] = data
        return event


# There is no option for it. An API that parses events elsewhere one day leaves `undecided` empty, and a test fails.
vars(_stack)["EngineEvent"] = _WholeEvent

_INTERRUPTED = {
    1: "Ctrl-C: finishing what is under way, starting nothing new. Once more drops it, and its outcome stays unknown.",
    2: "Ctrl-C again: dropping what is under way; its outcome is unknown.",
    3: "Ctrl-C again: the engine is killed.",
}


class _Stack(Stack):
    """A stack of which nothing is read beside the work asked for.

    The Automation API selects the stack first, and after an update reads all outputs in plain text and the history:
    four runs of the engine that nobody here needs, and secrets in memory that nobody wants.
    """

    def __init__(self, name: str, workspace: LocalWorkspace) -> None:
        self.name = name
        self.workspace = workspace

    def outputs(self) -> dict[str, Any]:
        """Read nothing: see :meth:`AutomationEngine.state`."""
        return {}

    def info(self, show_secrets: bool = False) -> UpdateSummary:  # noqa: FBT001, FBT002 - the signature is given
        """Read nothing: the events have told."""
        del show_secrets
        return UpdateSummary(
            kind="update", start_time=datetime.now(tz=UTC), message="", environment={}, config={}, result="succeeded"
        )


class AutomationEngine:
    """An engine binary with a workspace.

    Parameters
    ----------
    binary
        The ``pulumi`` executable.
    workspace
        Folder with ``Pulumi.yaml`` and the stacks' settings.
    environment
        Settings for the engine besides those of this process.
    secrets_provider
        For stacks that are made anew; None leaves it to the backend.
    """

    def __init__(
        self,
        *,
        binary: Path,
        workspace: Path,
        environment: Mapping[str, str],
        secrets_provider: str | None,
    ) -> None:
        self._command = EngineCommand(binary)
        self._workspace = workspace
        self._environment = dict(environment)
        self._secrets_provider = secrets_provider
        self._known: set[str] = set()

    def stacks(self) -> tuple[str, ...]:
        """List the stacks of this project that the backend has."""
        try:
            listed = self._json(["stack", "ls", "--json", "--project", PROJECT])
        except CommandError as error:
            raise EngineError(
                f"cannot list the stacks: {last_words(error)}", "pulumi whoami -v shows the backend in use"
            ) from None
        # Pulumi's service puts the organisation before the name.
        names = tuple(str(entry["name"]).rpartition("/")[2] for entry in listed or ())
        self._known.update(names)
        return names

    def state(self, stack: str) -> StackState:
        """Read what the backend knows of a stack, secrets left encrypted there."""
        try:
            return state_of_export(stack, self._exported(stack))
        except StackNotFoundError:
            return StackState(name=stack)

    def export(self, stack: str) -> dict[str, Any]:
        """Give a stack as the engine exports it, secrets encrypted."""
        return self._exported(stack)

    def _exported(self, stack: str) -> dict[str, Any]:
        try:
            exported: dict[str, Any] = self._json(["stack", "export", "--stack", stack]) or {}
        except StackNotFoundError:
            raise
        except CommandError as error:
            raise EngineError(f"cannot read the stack {stack}: {last_words(error)}") from None
        return exported

    def reveal(self, stack: str, output: str) -> Any:  # noqa: ANN401 - whatever the output is
        """Give one output of a stack in plain text; None where it has none."""
        if output not in self.state(stack).outputs:
            return None
        try:
            return self._json(["stack", "output", output, "--show-secrets", "--json", "--stack", stack])
        except CommandError as error:
            # What the engine said may hold what it was asked for.
            del error
            raise EngineError(f"cannot read the output {output} of {stack}", "hms outputs shows what it has") from None

    def analyze(self, stack: str, pack: Pack) -> tuple[PolicyFinding, ...] | None:
        """Let the engine run a policy pack over what is deployed."""
        args = ["policy", "analyze", "--stack", stack, "--json", *pack.arguments]
        try:
            told = self._command.run(args, str(self._workspace), self._environment).stdout
        except CommandError as error:
            # It fails where it finds something mandatory; what it found is among what it said.
            told = str(error)
            if '"policyEvent"' not in told and "unknown command" in told:
                return None
            if '"policyEvent"' not in told:
                raise EngineError(f"cannot analyse the stack {stack}: {last_words(error)}") from None
        translation = Translation("preview", stack, pack)
        for line in told.splitlines():
            if line.startswith("{"):
                list(translation(EngineEvent.from_json(json.loads(line))))
        return translation.policies.findings if translation.policies else ()

    def run(  # noqa: PLR0913 - the protocol's
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
        """Run a verb to its end."""
        translation = Translation(verb, stack, pack)
        raw: queue.SimpleQueue[EngineEvent] = queue.SimpleQueue()
        crashes: list[BaseException] = []

        def drain() -> None:
            # Events come in threads of their own; here they are in the caller's.
            while not raw.empty():
                for event in translation(raw.get()):
                    emit(event)
            tick(time.time())

        def interrupted(times: int) -> None:
            text = _INTERRUPTED[min(times, 3)]
            emit(Event(kind="message", stack=stack, verb=verb, time=time.time(), level="warning", text=text))

        # Refresh and destroy do not run it, but without one the engine would look for a language host.
        handle = _Stack(stack, self._local_workspace(_noting(program or _nothing, crashes)))
        steps: tuple[Step, ...] = ()
        error: CommandError | None = None
        with Interrupts() as interrupts, self._command.watched(drain, interrupts, interrupted):
            try:
                if program is not None:
                    self._ensure(stack)
                steps = _start(verb, handle, raw.put, clear_pending=clear_pending, refresh=refresh, pack=pack)
            except CommandError as failed:
                error = failed
            drain()
        if isinstance(error, ConcurrentUpdateError):
            raise locked(stack, error)
        outcome: Outcome = "cancelled" if interrupts.count else "failed" if error else "succeeded"
        return RunResult(
            outcome=outcome,
            counts=translation.counts,
            seconds=time.time() - translation.begun,
            failures=_failures(translation, error, crashes) if error and outcome == "failed" else (),
            steps=steps,
            policies=translation.policies,
        )

    def _ensure(self, stack: str) -> None:
        if stack not in self._known and stack not in self.stacks():
            workspace = self._local_workspace(None)
            # A key that the settings name already is not to be put aside for the backend's own.
            workspace.secrets_provider = read_stack(self._workspace, stack).get("secretsprovider") or (
                self._secrets_provider
            )
            workspace.create_stack(stack)
            self._known.add(stack)

    def _local_workspace(self, program: Program | None) -> LocalWorkspace:
        return LocalWorkspace(
            work_dir=str(self._workspace),
            program=program,
            env_vars=self._environment,
            secrets_provider=self._secrets_provider,
            pulumi_command=self._command,
        )

    def _json(self, args: list[str]) -> Any:  # noqa: ANN401 - what the engine prints
        return json.loads(self._command.run(args, str(self._workspace), self._environment).stdout or "null")


def _start(  # noqa: PLR0913 - what the verbs take, each by its name
    verb: Verb,
    stack: _Stack,
    on_event: Callable[[EngineEvent], Any],
    *,
    clear_pending: bool,
    refresh: bool,
    pack: Pack | None,
) -> tuple[Step, ...]:
    policies: dict[str, Any] = pack.options if pack else {}
    match verb:
        case "preview":
            result = stack.preview(color="never", on_event=on_event, json=True, refresh=refresh or None, **policies)
            return planned_steps(_digest(result.stdout))
        case "up":
            stack.up(color="never", on_event=on_event, show_secrets=False, suppress_outputs=True, **policies)
        case "refresh":
            stack.refresh(
                color="never",
                on_event=on_event,
                show_secrets=False,
                suppress_outputs=True,
                clear_pending_creates=clear_pending or None,
            )
        case "destroy":
            stack.destroy(color="never", on_event=on_event, show_secrets=False, suppress_outputs=True)
    return ()


def _failures(translation: Translation, error: CommandError, crashes: list[BaseException]) -> tuple[Failure, ...]:
    """Give what failed: by the engine's events, unless the program crashed or the engine was killed."""
    if killed(error):
        return (Failure(urn="", op="", cause=last_words(error)),)
    if crashes:
        return (Failure(urn="", op="", cause=crash(crashes[0])),)
    return translation.failures() or (Failure(urn="", op="", cause=last_words(error)),)


def _nothing() -> None:
    """Declare no resources."""


def _noting(program: Program, crashes: list[BaseException]) -> Program:
    async def run() -> None:
        try:
            awaitable = program()
            if awaitable is not None:
                await awaitable
        except BaseException as error:
            crashes.append(error)
            raise

    return run


def _digest(stdout: str) -> dict[str, Any]:
    start = stdout.find("{")
    digest: dict[str, Any] = json.loads(stdout[start:]) if start >= 0 else {}
    return digest
