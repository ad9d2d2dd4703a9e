"""Programs that are started, stopped, killed, and that come back."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from lab.errors import LabError
from lab.machine import processes
from lab.machine.processes import Processes, Program
from lab.machine.spaces import LAB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    monkeypatch.setattr(processes, "_WATCH", 0.02)
    monkeypatch.setattr(processes, "_LONGEST", 0.05)
    made = Processes(tmp_path / "logs")
    yield made
    made.stop_all()


def _soon(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def _counting(tmp_path: Path, *, comes_back: bool, then: str = "sleep 60") -> Program:
    command = ("sh", "-c", f"echo . >> {tmp_path}/starts; {then}")
    ready = (tmp_path / "ready").exists
    return Program(name="a/program", command=command, ready=ready, comes_back=comes_back)


def _starts(tmp_path: Path) -> int:
    return (tmp_path / "starts").read_text().count(".") if (tmp_path / "starts").exists() else 0


def test_a_program_that_ends_by_itself_comes_back(running: Processes, tmp_path: Path) -> None:
    running.start(_counting(tmp_path, comes_back=True, then="exit 1"))
    assert _soon(lambda: _starts(tmp_path) >= 3)


def test_one_that_nobody_restarts_stays_dead(running: Processes, tmp_path: Path) -> None:
    running.start(_counting(tmp_path, comes_back=False, then="exit 1"))
    assert _soon(lambda: not running.running("a/program"))
    time.sleep(0.3)
    assert _starts(tmp_path) == 1


@pytest.mark.parametrize("end", [Processes.stop, Processes.kill])
def test_what_was_ended_on_purpose_does_not_come_back(
    running: Processes, tmp_path: Path, end: Callable[[Processes, str], None]
) -> None:
    running.start(_counting(tmp_path, comes_back=True))
    assert _soon(lambda: _starts(tmp_path) == 1)
    end(running, "a/program")
    time.sleep(0.3)
    assert not running.running("a/program")
    assert _starts(tmp_path) == 1
    running.restart("a/program")
    assert _soon(lambda: _starts(tmp_path) == 2)


def test_killed_from_outside_it_comes_back(running: Processes, tmp_path: Path) -> None:
    running.start(_counting(tmp_path, comes_back=True))
    assert _soon(lambda: _starts(tmp_path) == 1)
    os.killpg(running._running["a/program"].process.pid, signal.SIGKILL)
    assert _soon(lambda: _starts(tmp_path) == 2)


def test_who_waits_gives_up_on_one_that_ends_again_and_again(running: Processes, tmp_path: Path) -> None:
    running.start(_counting(tmp_path, comes_back=True, then="echo no such flag >&2; exit 3"))
    with pytest.raises(LabError, match="a/program ended with 3: no such flag"):
        running.wait("a/program", 30)
    assert _starts(tmp_path) >= 3


def test_who_waits_is_told_at_once_of_one_that_does_not_come_back(running: Processes, tmp_path: Path) -> None:
    running.start(_counting(tmp_path, comes_back=False, then="exit 3"))
    with pytest.raises(LabError, match="ended with 3"):
        running.wait("a/program", 30)


def test_one_that_is_slow_is_waited_for_and_no_longer_than_said(running: Processes, tmp_path: Path) -> None:
    running.start(_counting(tmp_path, comes_back=True))
    with pytest.raises(LabError, match="not ready after 0 s"):
        running.wait("a/program", 0.3)
    (tmp_path / "ready").touch()
    running.wait("a/program", 1)


def test_the_same_name_runs_once(running: Processes, tmp_path: Path) -> None:
    running.start(_counting(tmp_path, comes_back=False))
    with pytest.raises(LabError, match="running already"):
        running.start(_counting(tmp_path, comes_back=False))


def test_a_command_that_fails_says_what_it_said(running: Processes) -> None:
    with pytest.raises(LabError, match="in lab failed with 4: out of order"):
        running.run(LAB, "sh", "-c", "echo out of order >&2; exit 4")


def test_a_command_that_hangs_is_given_up(running: Processes) -> None:
    with pytest.raises(LabError, match="did not end within 0 s"):
        running.run(LAB, "sleep", "60", timeout=0.2)


def test_whoever_stops_a_program_waits_for_all_of_it(running: Processes, tmp_path: Path) -> None:
    # As with what enters a process namespace: what was started first ends at once, and what does the work later.
    work = f"(trap 'sleep 0.5; touch {tmp_path}/ended; exit' TERM; touch {tmp_path}/ready; while :; do sleep 0.1; done)"
    running.start(_counting(tmp_path, comes_back=False, then=f"{work} & exec sleep 60"))
    running.wait("a/program", 5.0)
    running.stop("a/program")
    assert (tmp_path / "ended").exists()
