"""What comes out of the source of a Go module: checked by Go, copied whole, kept when the module is gone."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.toolchain.machine import Machine
from toolchain import sources
from toolchain.programs import module_of
from toolchain.run import StepFailedError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Give a machine whose Go has one module, read-only as Go leaves it."""
    made = Machine(tmp_path, monkeypatch)
    module = tmp_path / "module"
    for name in ("bpf/bpf_lxc.c", "bpf/lib/common.h", "bpf/tests/tc_test.c", "build/pause/linux/pause.c"):
        file = module / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name, encoding="utf-8")
        file.chmod(0o444)
    told = json.dumps({"Dir": str(module)})
    made.add("go", f"echo \"$PWD $*\" >> {tmp_path / 'calls'}; echo '{told}'")
    return made


def test_the_datapath_is_copied_without_its_tests(machine: Machine) -> None:
    folder = sources.obtain_bpf_sources()
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.[ch]")) == ["bpf_lxc.c", "lib/common.h"]
    (call,) = machine.calls()
    assert call == f"{module_of('cilium-agent').folder} mod download -json github.com/cilium/cilium"


def test_the_copy_outlives_the_module_and_can_be_removed(machine: Machine) -> None:
    folder = sources.obtain_bpf_sources()
    (machine.bin / "go").unlink()
    assert sources.obtain_bpf_sources() == folder
    shutil.rmtree(folder)
    assert machine.left() == []


def test_a_module_that_go_refuses_leaves_nothing(machine: Machine) -> None:
    machine.add("go", "echo SECURITY ERROR >&2; exit 1")
    with pytest.raises(StepFailedError, match="SECURITY ERROR"):
        sources.obtain_bpf_sources()
    assert machine.left() == []


def test_pause_is_linked_statically(machine: Machine) -> None:
    machine.add("gcc", 'for a in "$@"; do last=$a; done; while [ "$1" != -o ]; do s="$s $1"; shift; done; '
                       'echo "$s" > "$2"; cat "$last" >> "$2"')  # fmt: skip
    built = sources.obtain_pause().read_text(encoding="utf-8")
    assert " -static " in built
    assert "build/pause/linux/pause.c" in built


def test_without_a_compiler_the_error_says_what_to_install(machine: Machine) -> None:
    with pytest.raises(StepFailedError, match="install gcc"):
        sources.obtain_pause()
    assert machine.left() == []
