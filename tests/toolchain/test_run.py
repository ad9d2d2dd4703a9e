"""Steps of the setup: what is said, what fails and what is left."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from toolchain import run as module
from toolchain.run import StepFailedError, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_step_says_when_it_starts_and_ends(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("say hello", ["echo", "hello"]) == "hello\n"
    assert capfd.readouterr().err.splitlines() == ["  say hello ...", "  say hello: 0 s"]


def test_a_quiet_step_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    run("say hello", ["echo", "hello"], quiet=True)
    assert capfd.readouterr() == ("", "")


def test_a_long_step_shows_that_it_goes_on(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MINUTE", 0.05)
    run("wait", ["sleep", "0.2"])
    assert "  wait: 0 min so far" in capfd.readouterr().err.splitlines()


def test_a_failed_step_shows_the_end_of_what_it_printed() -> None:
    with pytest.raises(StepFailedError, match=r"count failed .*gave 3\):\n6\n") as error:
        run("count", ["sh", "-c", "seq 20; exit 3"])
    assert str(error.value).endswith("\n20")


def test_what_cannot_be_started_is_a_failed_step() -> None:
    with pytest.raises(StepFailedError, match="start nothing"):
        run("start nothing", ["/nowhere/nothing"])


@pytest.fixture
def sleeper(tmp_path: Path) -> tuple[list[str], Callable[[], int]]:
    """Give a command that writes its process identifier and sleeps, and a way to read it."""
    pid = tmp_path / "pid"
    program = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    return [sys.executable, "-c", program], lambda: int(pid.read_text(encoding="utf-8"))


def test_a_step_that_takes_too_long_is_ended(sleeper: tuple[list[str], Callable[[], int]]) -> None:
    command, pid = sleeper
    with pytest.raises(StepFailedError, match="timed out"):
        run("sleep", command, timeout=1.0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid(), 0)


def test_an_interrupted_step_leaves_no_process(
    sleeper: tuple[list[str], Callable[[], int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    command, pid = sleeper
    monkeypatch.setattr(module, "_MINUTE", 1.0)

    def interrupt(text: str) -> None:
        if "so far" in text:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "say", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run("sleep", command)
    with pytest.raises(ProcessLookupError):
        os.kill(pid(), 0)
