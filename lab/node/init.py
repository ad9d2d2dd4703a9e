"""``python -m lab.node.init NAME ADDRESS DISK``: the first process of a node.

It runs in mount, UTS and process namespaces of its own inside the node's network namespace. It makes them look like a
machine, writes into ``DISK/pid`` by which number the lab knows it, and reaps what nobody waits for. Everything of the
node ends with it.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import sys
import uuid
from contextlib import ExitStack
from pathlib import Path

from lab.node import mounts

PID = "pid"
"""File on a node's disk with the number of its first process."""

DISK = {
    "containerd": "/var/lib/containerd",
    "kubelet": "/var/lib/kubelet",
    "pods": "/var/log/pods",
    "volumes": "/var/lib/hms-volumes",
}
"""What a loss of power leaves: by part of the disk, its place in the node."""

_OWN = ("/etc", "/var")
"""Folders of the machine that a node sees, and writes to, in a copy of its own."""

_SYSCTLS = (
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/timer_migration",
    "kernel/unprivileged_bpf_disabled",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
"""Settings of the whole machine that kubelet and Cilium's agent write: they get copies (lab.md, A node)."""


def build(name: str, address: str, disk: Path) -> None:
    """Make the calling process's mount and UTS namespaces a node's.

    Raises
    ------
    OSError
        If the kernel refuses a mount; says which.
    """
    socket.sethostname(name)
    with ExitStack() as stack:
        parts = {place: stack.enter_context(mounts.held(str(disk / part))) for part, place in DISK.items()}
        cgroups = stack.enter_context(mounts.held("/sys/fs/cgroup"))
        # What is mounted below /var may hold this checkout or its tools; a node must find them where they are.
        kept = {place: stack.enter_context(mounts.held(place)) for place in mounts.below("/var")}
        mounts.mount("tmpfs", "/run", "mode=0755")
        mounts.mount("proc", "/proc")
        mounts.mount("sysfs", "/sys")
        mounts.bind(cgroups, "/sys/fs/cgroup")
        mounts.mount("bpf", "/sys/fs/bpf")
        for place in _OWN:
            _own(place)
        for place, source in kept.items():
            mounts.bind(source, place)
        for place, source in parts.items():
            Path(place).mkdir(parents=True, exist_ok=True)
            mounts.bind(source, place)
    _guard_machine()
    _write_identity(name, address)
    mounts.share()


def _own(place: str) -> None:
    """Lay a folder of the node over one of the machine: writes stay in the node's memory."""
    layers = Path("/run/overlay") / place.strip("/")
    for part in ("upper", "work"):
        (layers / part).mkdir(parents=True)
    mounts.mount("overlay", place, f"lowerdir={place},upperdir={layers}/upper,workdir={layers}/work")


def _guard_machine() -> None:
    """Keep every setting of the machine from the node; those of the network are the node's own anyway."""
    copies = Path("/run/sysctl")
    for setting in _SYSCTLS:
        copy = copies / setting
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(Path("/proc/sys", setting).read_text(encoding="ascii"), encoding="ascii")
    # A node that starts is a machine that boots: kubelet tells so, and takes no container for a running one.
    boot = copies / "kernel/random/boot_id"
    boot.parent.mkdir()
    boot.write_text(f"{uuid.uuid4()}\n", encoding="ascii")
    for folder in sorted(Path("/proc/sys").iterdir()):
        if folder.name != "net":
            mounts.freeze(str(folder))
    for copy in sorted(path for path in copies.rglob("*") if path.is_file()):
        mounts.bind(str(copy), f"/proc/sys/{copy.relative_to(copies)}")


def _write_identity(name: str, address: str) -> None:
    hosts = f"127.0.0.1 localhost\n::1 localhost\n{address} {name}\n"
    nobody = "# Nothing outside the cluster answers for names in a lab.\n"
    machine = hashlib.sha256(name.encode()).hexdigest()[:32] + "\n"
    for path, text in (("hosts", hosts), ("resolv.conf", nobody), ("hostname", f"{name}\n"), ("machine-id", machine)):
        file = Path("/etc", path)
        # It may be a link to what systemd keeps in the machine's /run.
        file.unlink(missing_ok=True)
        file.write_text(text, encoding="utf-8")


def reap() -> None:
    """Wait for orphans until told to end."""
    watched = {signal.SIGCHLD, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    while signal.sigwait(watched) != signal.SIGTERM:
        try:
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        except ChildProcessError:
            continue


def main() -> int:
    """Be the first process of a node."""
    name, address, disk = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    # As long as the lab's /proc is there, it tells the number that the lab knows.
    number = Path("/proc/self").readlink()
    with (disk / PID).open("w", encoding="ascii") as file:
        build(name, address, disk)
        file.write(f"{number}\n")
    reap()
    return 0


if __name__ == "__main__":
    sys.exit(main())
