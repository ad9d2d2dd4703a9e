"""Debian's tools: what the machine lacks is unpacked, what it has is used, and the folder is whole or not there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.toolchain.machine import Machine
from toolchain import debian
from toolchain.run import StepFailedError

# apt says what installing would bring, upgrades in square brackets included, and downloads packages by name.
APT = """
echo "apt-get $*" >> {calls}
shift
[ "$1" != update ] || {{ echo lists > {lists}; exit 0; }}
[ -e {lists} ] || {{ echo E: Unable to locate package >&2; exit 100; }}
case "$*" in
install*) echo "Inst libllvm19 (1:19.1.7 Debian)"; echo "Inst linux-perf [6.1.1] (6.1.2 Debian)"
          for p in "$@"; do case $p in -*|install) ;; *) echo "Inst $p (1 Debian)" ;; esac; done ;;
download*) for p in "$@"; do case $p in -*|download) ;; *) echo $p > ${{p}}_1_amd64.deb ;; esac; done ;;
esac
"""

# A package has a program of each name that a test is after, which says the library path that it was started with.
DPKG = """
read package < "$2"
mkdir -p "$3/usr/bin" "$3/usr/lib/x86_64-linux-gnu"
echo > "$3/usr/lib/x86_64-linux-gnu/lib$package.so.1"
for program in clang-19 xtables-legacy-multi ipset bpftool ip tc pkgconf charon bird; do
  printf '#!/bin/sh\\necho "%s $* libraries=$LD_LIBRARY_PATH"\\n' $program > "$3/usr/bin/$program"
  chmod 755 "$3/usr/bin/$program"
done
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path, monkeypatch)
    monkeypatch.setattr(debian, "_SYSTEM", ())
    lists = tmp_path / "lists"
    lists.touch()
    made.add("apt-get", APT.format(calls=tmp_path / "calls", lists=lists))
    made.add("dpkg", DPKG)
    return made


def _says(name: str, *arguments: str) -> str:
    found = shutil.which(name, path=debian.path())
    assert found is not None
    return subprocess.run([found, *arguments], capture_output=True, text=True, check=True).stdout


def test_everything_is_unpacked_where_the_machine_has_nothing(machine: Machine) -> None:
    assert set(debian.absent()) == {tool.name for tool in debian.TOOLS}
    folder = debian.obtain()
    assert debian.absent() == []
    assert machine.left() == [folder.name]


def test_wrappers_need_nothing_in_the_environment_and_know_their_applet(machine: Machine) -> None:
    folder = debian.obtain()
    assert machine.left() == [folder.name]
    library = Path(folder, "root", "usr", "lib", "x86_64-linux-gnu")
    program, *arguments, libraries = _says("ip6tables-restore", "-w").split()
    assert (program, arguments) == ("xtables-legacy-multi", ["ip6tables-restore", "-w"])
    assert library.samefile(libraries.removeprefix("libraries="))


def test_what_is_there_is_left_as_it_is(machine: Machine) -> None:
    debian.obtain()
    before = machine.calls()
    debian.obtain()
    assert machine.calls() == before


def test_an_upgrade_of_what_the_machine_has_is_not_downloaded(machine: Machine) -> None:
    debian.obtain()
    downloads = next(call for call in machine.calls() if " download " in call).split()
    assert {"clang-19", "libllvm19", "iptables", "libseccomp-dev"} <= set(downloads)
    assert "linux-perf" not in downloads


def test_a_machine_without_lists_of_packages_gets_them(machine: Machine) -> None:
    (machine.folder / "lists").unlink()
    debian.obtain()
    assert "apt-get -qq update" in machine.calls()


def test_lists_that_name_what_is_gone_are_fetched_again(machine: Machine) -> None:
    old = (machine.bin / "apt-get").read_text(encoding="utf-8")
    gone = f"[ $2 != download ] || [ -s {machine.folder}/lists ] || {{ echo E: 404 Not Found >&2; exit 100; }}"
    machine.add("apt-get", f"{gone}\n{old}")
    assert debian.obtain().exists()
    assert "apt-get -qq update" in machine.calls()


def test_a_clang_of_the_right_version_is_used(machine: Machine) -> None:
    machine.add("clang-19", 'echo "Debian clang version 19.1.1 $*"')
    debian.obtain()
    assert not any("clang" in call for call in machine.calls())
    assert _says("clang", "-v") == "Debian clang version 19.1.1 -v\n"


@pytest.mark.parametrize("version", ["14.0.6", "20.1.0"])
def test_a_clang_of_another_version_is_not(machine: Machine, version: str) -> None:
    machine.add("clang", f'echo "Debian clang version {version}"')
    debian.obtain()
    assert _says("clang").startswith("clang-19 ")


def test_iptables_on_nftables_is_not_used(machine: Machine) -> None:
    machine.add("iptables", "echo iptables v1.8.9 nf_tables")
    debian.obtain()
    assert _says("iptables").startswith("xtables-legacy-multi iptables ")


def test_a_tool_that_does_not_run_is_an_error_and_nothing_is_kept(machine: Machine) -> None:
    machine.add("dpkg", DPKG + 'echo "echo libz3.so.4: cannot open >&2; exit 127" > "$3/usr/bin/clang-19"')
    with pytest.raises(StepFailedError, match=r"libz3\.so\.4"):
        debian.obtain()
    assert machine.left() == []


def test_a_package_without_its_program_is_an_error(machine: Machine) -> None:
    machine.add("dpkg", 'mkdir -p "$3/usr/bin"')
    with pytest.raises(StepFailedError, match="clang-19 is not in Debian's package"):
        debian.obtain()
    assert machine.left() == []


def test_without_apt_the_error_says_so(machine: Machine) -> None:
    (machine.bin / "apt-get").unlink()
    with pytest.raises(StepFailedError, match="apt-get"):
        debian.obtain()


def test_runc_finds_the_unpacked_libseccomp_alone(machine: Machine) -> None:
    made = machine.put(f"{debian.folder().name}/root/usr/lib/x86_64-linux-gnu/pkgconfig", "libseccomp.pc").parent
    environment = debian.seccomp_environment()
    assert environment["PKG_CONFIG_LIBDIR"] == str(made)
    assert environment["PKG_CONFIG_SYSROOT_DIR"] == str(debian.folder() / "root")
    assert environment["CGO_ENABLED"] == "1"


def test_the_links_tools_are_a_bundle_of_their_own(machine: Machine) -> None:
    folder = debian.obtain(debian.LINK)
    assert machine.left() == [folder.name]
    assert {path.name for path in (folder / "bin").iterdir()} == {"charon", "bird"}
    downloads = next(call for call in machine.calls() if " download " in call).split()
    assert {"strongswan-charon", "strongswan-swanctl", "libcharon-extra-plugins", "bird2"} <= set(downloads)
    assert not {"clang-19", "libseccomp-dev"} & set(downloads)


def test_the_machines_own_daemons_are_never_the_links(machine: Machine) -> None:
    machine.add("charon", "echo Linux strongSwan 6.0")
    machine.add("bird", "echo BIRD version 3.0")
    folder = debian.obtain(debian.LINK)
    assert all(str(machine.bin) not in (folder / "bin" / name).read_text() for name in ("charon", "bird"))
