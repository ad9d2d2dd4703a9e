"""The lab's programs, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab import tools
from lab.errors import LabError
from tests.toolchain.machine import Machine
from toolchain import debian, sources
from toolchain.lab import MODULES_OF_LAB
from toolchain.programs import module_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    tools.tool.cache_clear()
    monkeypatch.setattr(debian, "_SYSTEM", ())
    yield Machine(tmp_path, monkeypatch)
    tools.tool.cache_clear()


def _unpack(machine: Machine) -> None:
    for tool in debian.TOOLS:
        program = debian.folder() / "bin" / tool.name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch(mode=0o755)
    assert machine.left() == [debian.folder().name]


def test_a_built_program_is_found(machine: Machine) -> None:
    built = machine.put(f"runc-{module_of('runc').version}", "runc")
    assert tools.tool("runc") == built


def test_a_program_of_another_version_is_not(machine: Machine) -> None:
    machine.put("runc-1.0.0", "runc")
    machine.add("runc", "echo runc version 1.0.0")
    with pytest.raises(LabError, match="runc is not on this machine") as error:
        tools.tool("runc")
    assert error.value.advice == "run: make lab-tools"


def test_a_program_that_comes_later_is_found_then(machine: Machine) -> None:
    with pytest.raises(LabError):
        tools.tool("pause")
    machine.put(sources.pause().parent.name, "pause")
    assert tools.tool("pause") == sources.pause()


def test_debians_tools_go_before_the_machines_own(machine: Machine) -> None:
    machine.add("clang", "")
    _unpack(machine)
    assert tools.tool("clang") == debian.folder() / "bin" / "clang"
    assert tools.tool("sleep") == machine.bin / "sleep"


def test_the_environment_calls_everything_by_its_name(machine: Machine) -> None:
    _unpack(machine)
    built = machine.put(f"runc-{module_of('runc').version}", "runc")
    assert tools.debian_environment("runc") == {"PATH": f"{built.parent}:{debian.folder()}/bin:{machine.bin}"}


def test_without_debians_tools_there_is_no_environment(machine: Machine) -> None:
    machine.add("ip", "")
    with pytest.raises(LabError, match="clang"):
        tools.debian_environment()


def test_without_the_datapaths_sources_there_are_none(machine: Machine) -> None:
    with pytest.raises(LabError, match="sources of Cilium's datapath"):
        tools.bpf_sources()
    sources.bpf_sources().mkdir(parents=True)
    assert [tools.bpf_sources().name] == machine.left()


def test_what_is_missing_is_listed_until_it_is_there(machine: Machine) -> None:
    missing = tools.missing()
    assert {"etcd", "kubelet", "cilium-agent", "containerd-shim-runc-v2", "helm", "clang", "pause"} <= set(missing)
    assert "pulumi" not in missing
    for module in MODULES_OF_LAB:
        for program in module.programs:
            machine.put(f"{program}-{module.version}", program)
    machine.put(sources.pause().parent.name, "pause")
    sources.bpf_sources().mkdir()
    assert tools.missing() == [tool.name for tool in (*debian.TOOLS, *debian.LINK_TOOLS)]
