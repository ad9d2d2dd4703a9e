"""The real engine with small inline programs that need no cloud: what it tells, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pulumi
import pytest

from ops.adapters import settings
from ops.adapters.automation import AutomationEngine
from ops.adapters.command import EngineCommand
from ops.adapters.engine import SECRET, RunResult
from ops.adapters.state import StateFolder
from ops.errors import EngineError, MissingError, RefusedError
from ops.progress.events import Counts, Event
from toolchain.tools import pulumi as engine_binary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ops.adapters.engine import Program
    from ops.progress.events import Verb

pytestmark = pytest.mark.e2e


class Thing(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:test:Thing", name, None, opts)
        self.register_outputs({})


def things(*names: str) -> Program:
    def run() -> None:
        for name in names:
            Thing(name)
        pulumi.export("plain", {"list": ["a"]})
        pulumi.export("hidden", {"deep": [pulumi.Output.secret("hunter2")]})

    return run


async def _wait() -> str:
    await asyncio.sleep(8)
    return "late"


def slow() -> None:
    Thing("first")
    pulumi.export("late", pulumi.Output.from_input(_wait()))


class Bench:
    def __init__(self, path: Path) -> None:
        self.folder = StateFolder(path / "state with a space")
        self.folder.prepare(simulate=True)
        settings.copy_into(self.folder.workspace, path, "dev", fleet=path / "f.yaml", sites=None, keys=False)
        self.engine = AutomationEngine(
            binary=engine_binary(),
            workspace=self.folder.workspace,
            environment=self.folder.environment(),
            secrets_provider="passphrase",
        )
        self.events: list[Event] = []

    def run(self, verb: Verb, program: Program | None = None, tick: Callable[[float], None] | None = None) -> RunResult:
        self.events.clear()
        return self.engine.run(verb, "dev", program, emit=self._emit, tick=tick or (lambda _: None))

    def _emit(self, event: Event) -> None:
        assert threading.current_thread() is threading.main_thread()
        self.events.append(event)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_from_nothing_to_nothing(bench: Bench) -> None:
    assert bench.engine.stacks() == ()
    assert not bench.engine.state("dev").exists
    preview = bench.run("preview", things("a", "b"))
    assert (preview.outcome, preview.counts) == ("succeeded", Counts(create=3))
    assert sorted(step.urn.rpartition("::")[2] for step in preview.steps) == ["a", "b"]
    up = bench.run("up", things("a", "b"))
    assert (up.outcome, up.counts) == ("succeeded", Counts(create=3))
    assert {event.name for event in bench.events if event.phase == "finished"} == {"a", "b"}
    state = bench.engine.state("dev")
    assert (state.deployed, state.resources) == (True, 2)
    assert state.outputs["plain"] == {"list": ["a"]}
    assert "hunter2" not in repr(state)
    assert SECRET in repr(state.outputs["hidden"])
    assert bench.engine.reveal("dev", "hidden") == {"deep": ["hunter2"]}
    assert bench.engine.reveal("dev", "none") is None
    assert bench.run("up", things("a", "b")).counts == Counts(same=3)
    assert bench.run("preview", things("a")).counts == Counts(delete=1, same=2)
    assert bench.run("refresh").counts.changes == 0
    assert bench.run("destroy").counts == Counts(delete=3)
    assert not [event for event in bench.events if event.kind == "message"], "no language host is looked for"
    assert not bench.engine.state("dev").deployed


def test_nothing_is_written_in_plain_text(bench: Bench) -> None:
    bench.run("up", things("a"))
    for path in bench.folder.path.rglob("*"):
        if path.is_file():
            assert b"hunter2" not in path.read_bytes(), path


def test_a_crash_of_the_program_is_told_in_a_line(bench: Bench) -> None:
    def crash() -> None:
        raise ValueError("no such subnet")

    result = bench.run("up", crash)
    assert result.outcome == "failed"
    (failure,) = result.failures
    assert failure.cause.startswith("the program failed: ValueError: no such subnet (tests/ops/test_engine.py:")


def _engine_child() -> int:
    """Find the engine that this process started."""
    command = ["/bin/ps", "-o", "pid=,args=", "--ppid", str(os.getpid())]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[0]) for line in found.splitlines() if " up " in line)


def test_ctrl_c_reaches_the_engine_once_and_is_waited_for(bench: Bench) -> None:
    begun = time.monotonic()
    sent: list[bool] = []

    def tick(_: float) -> None:
        if not sent and any(event.kind == "resource" for event in bench.events):
            sent.append(True)
            os.kill(os.getpid(), signal.SIGINT)

    result = bench.run("up", slow, tick)
    assert result.outcome == "cancelled"
    assert time.monotonic() - begun < 7, "the program is not waited for"
    assert [event.text[:7] for event in bench.events if event.kind == "message"] == ["Ctrl-C:"]
    assert not bench.folder.locks("dev"), "the engine gave its lock back"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert bench.run("up", things("first")).outcome == "succeeded"


def test_a_killed_engine_is_told_as_such_and_leaves_a_stale_lock(bench: Bench) -> None:
    killed: list[int] = []

    def tick(_: float) -> None:
        if not killed and any(event.kind == "resource" for event in bench.events):
            killed.append(_engine_child())
            os.kill(killed[0], signal.SIGKILL)

    result = bench.run("up", slow, tick)
    assert result.outcome == "failed"
    assert [failure.cause for failure in result.failures] == ["the engine was killed"]
    (lock,) = bench.folder.locks("dev")
    assert (lock.pid, lock.stale) == (killed[0], True)
    with pytest.raises(RefusedError, match=f"locked: created by .*pid {killed[0]}"):
        bench.run("up", things("first"))


def test_a_backend_that_is_not_there(tmp_path: Path) -> None:
    engine = AutomationEngine(
        binary=engine_binary(),
        workspace=tmp_path,
        environment={"PULUMI_BACKEND_URL": "file:///nowhere/at/all", "PULUMI_HOME": str(tmp_path)},
        secrets_provider=None,
    )
    with pytest.raises(EngineError, match="cannot list the stacks"):
        engine.stacks()


def test_an_engine_that_does_not_run(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        EngineCommand(tmp_path / "pulumi")
