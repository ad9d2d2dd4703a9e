from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from simulator.launch import SimulatorFailed, environment, launch
from simulator.registry import NotSimulated, load
from simulator.variables import LAB
from simulator.world import World

ROOT = Path(__file__).parents[2]


def start(world: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "simulator", "--world", str(world)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_it_attaches_every_package_and_ends_with_its_caller(tmp_path: Path) -> None:
    with launch(tmp_path / "state" / "world.db") as variables:
        attached = dict(pair.split(":") for pair in variables["PULUMI_DEBUG_PROVIDERS"].split(","))
        assert set(attached) == {"aws", "azure-native", "eks", "kubernetes", "tls", "random"}
        assert len(set(attached.values())) == 6
        assert variables["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
    assert World(tmp_path / "state" / "world.db").count() == 0


@pytest.mark.parametrize("end", ["stdin", "signal"])
def test_it_ends_when_told(tmp_path: Path, end: str) -> None:
    process = start(tmp_path / "world.db")
    assert process.stdin is not None
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["ports"]
    os.kill(process.pid, signal.SIGINT)  # Ctrl-C is for the engine
    if end == "stdin":
        process.stdin.close()
    else:
        process.terminate()
    assert process.wait(10) == 0


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split())


def settings_of_the_child(before: set[str]) -> dict[str, str]:
    (child,) = children() - before
    pairs = Path(f"/proc/{child}/environ").read_text().rstrip("\0").split("\0")
    return dict(pair.split("=", 1) for pair in pairs)


def test_it_learns_of_a_lab_from_its_caller_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LAB, "/left/over")
    before = children()
    with launch(tmp_path / "world.db", lab=tmp_path / "lab.json"):
        assert settings_of_the_child(before)[LAB] == str(tmp_path / "lab.json")
    with launch(tmp_path / "world.db"):
        assert settings_of_the_child(before)[LAB] == ""


def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "world.db").write_text("this is no database, and longer than the header of one, so that it is read")
    with pytest.raises(SimulatorFailed, match=r"not a database"), launch(tmp_path / "world.db"):
        pass


def test_environment() -> None:
    assert environment({"tls": 2, "aws": 1})["PULUMI_DEBUG_PROVIDERS"] == "aws:1,tls:2"


def test_what_no_kind_describes_is_refused_in_one_place() -> None:
    with pytest.raises(NotSimulated, match=r"does not know tls:index/other:Other; add a Kind to simulator\.tls"):
        load("tls").kind("tls:index/other:Other")


def test_the_launcher_imports_no_sdk() -> None:
    code = "import sys, simulator.launch; print([name for name in sys.modules if name.startswith(('pulumi', 'grpc'))])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
