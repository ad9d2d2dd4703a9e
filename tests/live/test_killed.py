"""Labs that are killed, cut off, started twice, ended twice, or beside another: nothing is left, and none is hurt."""

from __future__ import annotations

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from kubernetes.client import ApiException

from lab.errors import LabError
from lab.machine import launch
from lab.machine.cgroups import hierarchies, lab_cgroup
from tests.e2e.command import HMS
from tests.live.conftest import BORROWED
from tests.live.lab import FLEETS, ROOT, LiveLab, until
from tests.live.machine import Belongings, Machine, command_line, keeper, left_since, tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.plan import Depth

pytestmark = pytest.mark.lab

ONE = FLEETS / "one.yaml"


@pytest.fixture
def machine_before() -> Machine:
    return Machine.look()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a lab, which is ended at the end whatever became of it."""
    yield tmp_path / "lab"
    launch.stop(tmp_path / "lab")


def start(folder: Path, depth: Depth = "datapath") -> None:
    launch.start(folder, ONE, clusters=("aws-1",), depth=depth, nodes=1)


def process(folder: Path, name: str) -> int:
    """Give one of the processes that hold a lab."""
    pids = [pid for pid in tree(folder) if pid != keeper(folder)]
    words = {"unshare": "unshare --net", "init": "lab.machine.init", "guard": "lab.machine.keeper"}
    # unshare's command line names what it runs.
    return next(
        pid
        for pid in pids
        if words[name] in command_line(pid) and (name == "unshare") == ("unshare" in command_line(pid))
    )


def gone(owns: Belongings, before: Machine) -> dict[str, list[str]]:
    """Say what a lab has left: processes, its cgroups, and what the machine shows that it did not show before."""
    left = {"processes": owns.left(), **left_since(before, shared=bool(BORROWED))}
    left["its cgroups"] = [str(path) for root in hierarchies() if (path := root / lab_cgroup(owns.folder)).exists()]
    return {name: found for name, found in left.items() if found}


@pytest.mark.parametrize("killed", ["keeper", "unshare", "init"])
def test_whatever_holds_a_lab_is_killed_nothing_is_left(killed: str, folder: Path, machine_before: Machine) -> None:
    start(folder)
    owns = Belongings.of(folder)
    assert len(owns.processes()) > 8
    os.kill(keeper(folder) if killed == "keeper" else process(folder, killed), signal.SIGKILL)
    assert gone(owns, machine_before) == {}
    assert not launch.alive(folder)


def test_a_lab_whose_guard_is_killed_goes_on_and_ends_clean(folder: Path, machine_before: Machine) -> None:
    start(folder)
    owns = Belongings.of(folder)
    os.kill(process(folder, "guard"), signal.SIGKILL)
    assert launch.ask(folder, "exec", space="aws-1-a", argv=["hostname"]) == "aws-1-a\n"
    launch.stop(folder)
    assert gone(owns, machine_before) == {}
    assert not folder.exists()


def test_a_start_that_is_killed_leaves_nothing(folder: Path, machine_before: Machine) -> None:
    nodes = [root / lab_cgroup(folder) / "aws-1-a" for root in hierarchies()]
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(start, folder)
        until("a node is made", lambda: any(node.exists() for node in nodes))
        owns = Belongings.of(folder)
        os.kill(keeper(folder), signal.SIGKILL)
        with pytest.raises(LabError, match=f"the lab in {folder} ended"):
            starting.result(60)
    assert gone(owns, machine_before) == {}


@contextmanager
def coming_up(live: LiveLab) -> Iterator[subprocess.Popen[str]]:
    """Let ``hms lab up`` get as far as the store of the first cluster."""
    command = [str(HMS), "lab", "up", "--state", str(live.state), "--fleet", str(live.fleet), "--depth", "control"]
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as up:
            until("a store is started", (live.folder / "logs" / "aws-1" / "etcd.log").exists)
            yield up
    finally:
        live.hms("lab", "down")


def test_a_command_whose_lab_is_killed_says_so(tmp_path: Path, machine_before: Machine) -> None:
    live = LiveLab(tmp_path / "state", ONE)
    with coming_up(live) as up:
        owns = Belongings.of(live.folder)
        os.kill(keeper(live.folder), signal.SIGKILL)
        _, said = up.communicate(timeout=60)
        assert (up.returncode, said.splitlines()[-2]) == (1, f"hms: the lab in {live.folder} ended")
    assert gone(owns, machine_before) == {}


def test_a_lab_whose_command_was_killed_is_ended_by_down(tmp_path: Path, machine_before: Machine) -> None:
    live = LiveLab(tmp_path / "state", ONE)
    with coming_up(live) as up:
        owns = Belongings.of(live.folder)
        up.kill()
        assert launch.alive(live.folder)
    assert gone(owns, machine_before) == {}
    assert not live.state.exists()


def test_labs_side_by_side_do_not_meet(tmp_path: Path, folder: Path, machine_before: Machine) -> None:
    """The same fleet twice, so the same names and addresses."""
    first, second = LiveLab(tmp_path / "first", ONE), LiveLab(folder.parent, ONE)
    try:
        first.hms("lab", "up", "--depth", "control")
        start(folder, "control")
        for live, name in ((first, "in-the-first"), (second, "in-the-second")):
            live.core("aws-1").create_namespaced_config_map("default", {"metadata": {"name": name}})
        with pytest.raises(ApiException, match="in-the-first"):
            second.core("aws-1").read_namespaced_config_map("in-the-first", "default")

        again = first.hms("lab", "up", "--depth", "control")
        assert "it runs already" in again.err
        with pytest.raises(LabError, match="a lab is running in"):
            start(folder, "control")
        other = LiveLab(first.state, FLEETS / "five.yaml").hms("lab", "up", "--depth", "control", code=2)
        assert other.err.startswith(f"hms: the lab in {first.folder} is of the fleet 'one'")

        owns, others = Belongings.of(folder), Belongings.of(first.folder)
        assert owns.namespaces.isdisjoint(others.namespaces)
        second.close()
        os.kill(keeper(folder), signal.SIGKILL)
        assert owns.left() == []
        assert first.core("aws-1").read_namespaced_config_map("in-the-first", "default").metadata.name == "in-the-first"
    finally:
        first.close()
        assert "the lab is gone" in first.hms("lab", "down").err
    assert gone(others, machine_before) == {}
    assert "no lab runs" in first.hms("lab", "down").err
