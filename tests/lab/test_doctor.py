"""What a machine lacks, and what that costs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab import doctor
from lab.doctor import Check, control_possible, datapath_possible, examine, has
from tests.toolchain.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = {probe.name: "yes" for probe in doctor._PROBES}


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    examine.cache_clear()
    yield
    examine.cache_clear()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Give a machine of root's with all programs, two cores and a clang, whose namespaces the test makes up."""
    made = Machine(tmp_path, monkeypatch)
    monkeypatch.setattr(doctor.debian, "_SYSTEM", ())
    monkeypatch.setattr(doctor.tools, "missing", list)
    monkeypatch.setattr(doctor.cgroups, "hierarchies", lambda: (tmp_path,))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    # However many labs and editors run on the machine of whoever tests.
    monkeypatch.setattr(doctor, "_free_inotify", lambda: doctor._INOTIFY)
    (tmp_path / "cgroup.controllers").touch()
    made.add("clang", "echo Debian clang version 19.1.7")
    _kernel(made)
    return made


def _kernel(machine: Machine, **answers: str) -> None:
    lines = "\n".join(f"echo '{answers.get(name.replace(' ', '_'), said)}'" for name, said in ALL.items())
    machine.add("unshare", lines)


def _check(name: str) -> Check:
    return next(check for check in examine() if check.name == name)


def test_a_machine_with_everything_can_do_both(machine: Machine) -> None:
    assert machine.left() == []
    assert [check.name for check in examine() if not check.found and check.name != "memory"] == []
    assert control_possible()
    assert datapath_possible()
    assert has("WireGuard")


@pytest.mark.parametrize("name", ["geneve", "WireGuard", "netem", "tbf"])
def test_what_a_lab_shows_less_without_is_not_needed(machine: Machine, name: str) -> None:
    _kernel(machine, **{name: "no Error: Unknown device type."})
    assert not has(name)
    assert _check(name).said == "Error: Unknown device type."
    assert datapath_possible()


def test_a_second_lab_with_nodes_is_told_that_inotify_has_run_out(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine.left() == []
    monkeypatch.setattr(doctor, "_free_inotify", lambda: 14)
    assert _check("inotify").said == "14 instances free"
    assert control_possible()
    assert not datapath_possible()


@pytest.mark.parametrize("name", ["iptables", "bpffs", "BPF", "overlayfs", "vxlan"])
def test_what_nodes_need_leaves_control_planes(machine: Machine, name: str) -> None:
    _kernel(machine, **{name: "no permission denied"})
    assert control_possible()
    assert not datapath_possible()


def test_without_namespaces_there_is_no_lab(machine: Machine) -> None:
    machine.add("unshare", "echo unshare failed: Operation not permitted >&2; exit 1")
    assert not control_possible()
    assert not datapath_possible()
    assert _check("namespaces").said == "unshare failed: Operation not permitted"
    assert not has("vxlan")


def test_without_root_there_is_no_lab(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.left() == []
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not control_possible()


def test_without_the_programs_there_is_no_lab(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.tools, "missing", lambda: ["etcd", "clang"])
    assert machine.left() == []
    assert not control_possible()
    assert _check("programs").said == "missing: etcd"


@pytest.mark.parametrize("version", ["14.0.6", "20.1.0"])
def test_another_clang_leaves_control_planes(machine: Machine, version: str) -> None:
    machine.add("clang", f"echo clang version {version}")
    assert control_possible()
    assert not datapath_possible()
    assert _check("clang 19").said == version


def test_without_a_unified_hierarchy_there_are_no_nodes(machine: Machine) -> None:
    (machine.folder / "cgroup.controllers").unlink()
    assert control_possible()
    assert not datapath_possible()


def test_every_lack_says_what_it_costs() -> None:
    assert all(check.costs for check in examine())


def test_looking_leaves_nothing() -> None:
    def state() -> tuple[str, list[str], list[str]]:
        links = sorted(path.name for path in Path("/sys/class/net").iterdir())
        pinned = Path("/sys/fs/bpf")
        return (
            Path("/proc/self/mounts").read_text(encoding="utf-8"),
            links,
            sorted(path.name for path in pinned.iterdir()) if pinned.exists() else [],
        )

    before = state()
    examine()
    assert state() == before
    assert shutil.which("sh") is not None
