"""Programs from Go modules: taken where they are, built where they are not, and never half built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.toolchain.machine import Machine
from toolchain import programs
from toolchain.programs import MODULES, GoModule, cached, find, module_of, obtain
from toolchain.run import StepFailedError

if TYPE_CHECKING:
    from pathlib import Path

# Like `go build -o FOLDER/ PACKAGE...`: names are the packages' last parts; what was asked for is written down.
GO = """
echo "$PWD $GOFLAGS $CGO_ENABLED $*" >> {calls}
while [ "$1" != -o ]; do shift; done
folder=$2; shift 2
for package in "$@"; do
  package=${{package%/v[0-9]}}
  echo built > "$folder/${{package##*/}}"
done
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def etcd(machine: Machine) -> GoModule:
    machine.add("go", GO.format(calls=machine.folder / "calls"))
    return module_of("etcd")


def test_programs_of_a_module_are_built_in_one_go(machine: Machine, etcd: GoModule) -> None:
    assert obtain(etcd) == {name: machine.cache / f"{name}-{etcd.version}" / name for name in ("etcd", "etcdctl")}
    (call,) = machine.calls()
    assert call.startswith(f"{etcd.folder} -mod=readonly 0 build -trimpath")
    assert machine.left() == [f"etcd-{etcd.version}", f"etcdctl-{etcd.version}"]


def test_what_is_built_is_not_built_again(machine: Machine, etcd: GoModule) -> None:
    obtain(etcd)
    obtain(etcd)
    assert len(machine.calls()) == 1


def test_only_what_is_missing_is_built(machine: Machine, etcd: GoModule) -> None:
    machine.put(f"etcd-{etcd.version}", "etcd")
    obtain(etcd)
    (call,) = machine.calls()
    assert call.endswith(" go.etcd.io/etcd/etcdctl/v3")


def test_a_failed_build_leaves_nothing_and_says_what_go_said(machine: Machine, etcd: GoModule) -> None:
    machine.add("go", 'while [ "$1" != -o ]; do shift; done; echo half > "$2/server"; echo no such package >&2; exit 1')
    with pytest.raises(StepFailedError, match="no such package"):
        obtain(etcd)
    assert machine.left() == []


def test_without_go_the_error_says_what_to_install(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "go", lambda: None)
    with pytest.raises(StepFailedError, match=r"Install etcd, or Go 1\.\d+"):
        obtain(module_of("etcd"))
    assert machine.left() == []


class TestOnThePath:
    def test_the_right_version_is_taken(self, machine: Machine, etcd: GoModule) -> None:
        own = machine.add("etcd", f"echo etcd Version: {etcd.version}")
        assert find("etcd") == own
        obtain(etcd)
        assert machine.left() == [f"etcdctl-{etcd.version}"]

    @pytest.mark.parametrize("other", ["3.5.9", "{version}0", "1{version}", "{version}.1"])
    def test_another_version_is_not(self, machine: Machine, etcd: GoModule, other: str) -> None:
        machine.add("etcd", f"echo etcd Version: {other.format(version=etcd.version)}")
        assert find("etcd") is None

    def test_one_that_does_not_run_is_not(self, machine: Machine, etcd: GoModule) -> None:
        machine.add("etcd", f"echo {etcd.version} >&2; exit 1")
        assert find("etcd") is None

    def test_any_helm_3_is(self, machine: Machine) -> None:
        own = machine.add("helm", "echo v3.19.0+g3d8990f")
        assert find("helm") == own

    def test_helm_4_is_not(self, machine: Machine) -> None:
        machine.add("helm", "echo v4.0.1")
        assert find("helm") is None

    @pytest.mark.parametrize("said", ["1.7.12", "v1.7.12"])
    def test_any_actionlint_is(self, machine: Machine, said: str) -> None:
        own = machine.add("actionlint", f"echo {said}; echo installed by building from source")
        assert find("actionlint") == own

    def test_what_cannot_say_its_version_is_not(self, machine: Machine) -> None:
        machine.add("agnhost", f"echo {module_of('agnhost').version}")
        assert find("agnhost") is None


def test_what_was_built_goes_before_the_path(machine: Machine, etcd: GoModule) -> None:
    machine.add("etcd", f"echo {etcd.version}")
    machine.put(f"etcd-{etcd.version}", "etcd")
    assert find("etcd") == cached("etcd")


def test_the_version_of_kubernetes_is_stamped(machine: Machine, etcd: GoModule) -> None:
    assert etcd is module_of("etcdctl")
    kubernetes = module_of("kubelet")
    obtain(kubernetes)
    major, minor, _ = kubernetes.version.split(".")
    (call,) = machine.calls()
    assert f"gitVersion=v{kubernetes.version} " in call
    assert f"gitMajor={major} " in call
    assert f"gitMinor={minor} " in call


def test_no_program_comes_from_two_modules() -> None:
    names = [name for module in MODULES for name in module.programs]
    assert len(names) == len(set(names))
