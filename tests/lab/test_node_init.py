from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.node import init
from lab.node.mounts import below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.lab

NAMESPACES = ("unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--propagation", "private")
ENTER = ("--net", "--mount", "--uts", "--pid")
MARK = "mark-of-a-test"

# What kubelet (setupKernelTunables) and Cilium's agent (pkg/datapath/loader/base.go) write.
SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "kernel/timer_migration",
    "kernel/unprivileged_bpf_disabled",
)


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


class Machine:
    """A node without programs."""

    def __init__(self, disk: Path, before: str = "true") -> None:
        self.disk = disk
        for part in init.DISK:
            (disk / part).mkdir(exist_ok=True)
        command = f'{before} && exec "$0" -m lab.node.init node-of-a-test 192.0.2.1 "$1"'
        self.process = subprocess.Popen((*NAMESPACES, "sh", "-c", command, sys.executable, disk))
        number = disk / init.PID
        until(lambda: number.exists() and number.read_text(encoding="ascii").endswith("\n"), "the node starts")
        self.number = int(number.read_text(encoding="ascii"))

    def command(self, text: str) -> tuple[str, ...]:
        return ("nsenter", "--target", str(self.number), *ENTER, "--", "sh", "-c", text)

    def run(self, text: str) -> str:
        done = subprocess.run(self.command(text), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def fails(self, text: str) -> str:
        done = subprocess.run(self.command(text), capture_output=True, text=True, check=False)
        assert done.returncode != 0
        return done.stderr

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    found = Machine(tmp_path_factory.mktemp("disk"))
    yield found
    found.end()
    assert Path("/proc/self/mountinfo").read_text(encoding="utf-8") == mounts


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_of_the_machine_stay_as_they_are(machine: Machine, setting: str) -> None:
    path = Path("/proc/sys", setting)
    before = path.read_text(encoding="ascii").strip()
    other = "0" if before == "1" else "1"
    assert machine.run(f"cat {path} && echo {other} > {path} && cat {path}").split() == [before, other]
    assert path.read_text(encoding="ascii").strip() == before


@pytest.mark.parametrize("setting", ["vm/swappiness", "kernel/threads-max", "fs/file-max"])
def test_what_nobody_foresaw_cannot_be_written(machine: Machine, setting: str) -> None:
    path = Path("/proc/sys", setting)
    assert "Read-only" in machine.fails(f"cat {path} > {path}")


def test_settings_of_the_network_are_the_nodes(machine: Machine) -> None:
    assert machine.run("echo 1 > /proc/sys/net/ipv4/ip_forward; cat /proc/sys/net/ipv4/ip_forward") == "1"
    assert machine.run("ls /sys/class/net") == "lo"


@pytest.mark.parametrize("folder", ["/etc", "/var/lib", "/var/log", "/run"])
def test_files_of_the_machine_stay_as_they_are(machine: Machine, folder: str) -> None:
    machine.run(f"echo x > {folder}/{MARK}")
    assert not Path(folder, MARK).exists()


@pytest.mark.parametrize(("part", "place"), init.DISK.items())
def test_the_disk_stays(machine: Machine, part: str, place: str) -> None:
    machine.run(f"echo x > {place}/{MARK}")
    assert (machine.disk / part / MARK).exists()
    assert not Path(place, MARK).exists()


def test_it_is_a_machine_of_its_own(machine: Machine) -> None:
    assert machine.run("hostname; cat /etc/hostname").split() == ["node-of-a-test"] * 2
    assert "192.0.2.1 node-of-a-test" in machine.run("cat /etc/hosts")
    assert "nameserver" not in machine.run("cat /etc/resolv.conf")
    for path in ("/etc/machine-id", "/proc/sys/kernel/random/boot_id"):
        of_the_machine = Path(path).read_text(encoding="ascii").strip() if Path(path).exists() else ""
        assert machine.run(f"cat {path}") not in {of_the_machine, ""}


def test_it_has_what_kubelet_and_cilium_look_for(machine: Machine) -> None:
    kinds = dict(line.split()[1:3] for line in machine.run("cat /proc/mounts").splitlines())
    assert kinds["/sys/fs/bpf"] == "bpf"
    assert kinds["/run"] == "tmpfs"
    assert any(kind in {"cgroup", "cgroup2"} for place, kind in kinds.items() if place.startswith("/sys/fs/cgroup"))


def test_later_mounts_reach_containers(machine: Machine) -> None:
    waits = "touch /run/started; until [ -e /run/v/x ]; do sleep 0.05; done"
    container = f"exec timeout 10 unshare --mount --propagation slave sh -c '{waits}'"
    with subprocess.Popen(machine.command(container)) as process:
        until(lambda: machine.run("[ -e /run/started ]; echo $?") == "0", "the container starts")
        machine.run("mkdir /run/v && mount -t tmpfs v /run/v && touch /run/v/x")
        assert process.wait(10) == 0
        machine.run("umount /run/v")


def test_orphans_are_reaped(machine: Machine) -> None:
    machine.run("setsid sh -c 'sleep 0.1' & setsid true & exit 0")
    until(lambda: "Z" not in machine.run("cat /proc/[0-9]*/stat | sed 's/.*) //' | cut -c1"), "no zombie is left")


def test_everything_ends_with_the_first_process(tmp_path: Path) -> None:
    found = Machine(tmp_path)
    with subprocess.Popen(found.command("exec sleep 1000")) as process:
        os.kill(found.number, signal.SIGKILL)
        assert process.wait(10) != 0
    assert found.process.wait(10) != 0


def test_it_ends_when_it_is_told_to(tmp_path: Path) -> None:
    found = Machine(tmp_path)
    os.kill(found.number, signal.SIGTERM)
    assert found.process.wait(10) == 0


def test_what_is_mounted_below_var_is_where_it_was(tmp_path: Path) -> None:
    found = Machine(tmp_path, before=f"mount -t tmpfs v /var/tmp && mkdir /var/tmp/a && touch /var/tmp/a/{MARK}")
    try:
        assert found.run("ls /var/tmp/a && stat -f -c %T /var/tmp").split() == [MARK, "tmpfs"]
    finally:
        found.end()


def test_a_failed_mount_says_which(tmp_path: Path) -> None:
    for part in init.DISK:
        (tmp_path / part).mkdir()
    # Without the right to mount.
    command = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", sys.executable)
    code = "from lab.node.mounts import mount; mount('tmpfs', '/mnt')"
    done = subprocess.run((*command, "-c", code), capture_output=True, text=True, check=False)
    assert "mount tmpfs on /mnt" in done.stderr


def test_mounts_with_spaces_are_found(tmp_path: Path) -> None:
    place = tmp_path / "a b"
    place.mkdir()
    code = f"from lab.node.mounts import below, mount; mount('tmpfs', {str(place)!r}); print(below({str(tmp_path)!r}))"
    command = ("unshare", "--mount", "--propagation", "private", sys.executable, "-c", code)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str((str(place),))
    assert below(str(tmp_path)) == ()
