"""What a machine shows of itself, to compare before and after: nothing of a lab may be left, and nothing be changed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

from lab.machine.cgroups import hierarchies
from lab.tools import tool

_SYSCTLS = Path("/proc/sys")

_ALWAYS_CHANGING = re.compile(
    r"fs/(dentry-state|file-nr|inode-nr|inode-state|aio-nr|quota/.*)"
    r"|kernel/(ns_last_pid|pty/nr|random/.*|perf_event_max_sample_rate)"
    r"|net/netfilter/nf_conntrack_count"
)
"""Counters and the like: they tell of every process of the machine."""

_NOT_OURS = ("system.slice", "user.slice", "init.scope", "machine.slice")
"""Where systemd keeps what it starts and ends all the time."""

_NAMESPACES = ("net", "mnt", "pid", "uts")

_PATIENCE = 10.0
"""Seconds until the kernel has freed what ended with its last user."""


@dataclass(frozen=True)
class Machine:
    """Lists of what is there, and the values of settings."""

    mounts: frozenset[str]
    network_namespaces: frozenset[str]
    cgroups: frozenset[str]
    bpf_programs: frozenset[str]
    bpf_maps: frozenset[str]
    settings: dict[str, bytes]

    @classmethod
    def look(cls) -> Machine:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
        named = subprocess.run((tool("ip"), "netns", "list"), capture_output=True, text=True, check=True).stdout
        return cls(
            mounts=frozenset(line.partition(" - ")[0] for line in mounts),
            network_namespaces=frozenset(named.splitlines()),
            cgroups=frozenset(_cgroups()),
            bpf_programs=frozenset(_bpf("prog")),
            bpf_maps=frozenset(_bpf("map")),
            settings=_settings(),
        )

    def more_than(self, before: Machine) -> dict[str, list[str]]:
        """Say what is there now and was not, and which settings have another value."""
        found = {
            each.name: sorted(getattr(self, each.name) - getattr(before, each.name))
            for each in fields(self)
            if each.name != "settings"
        }
        found["settings"] = [
            f"{name}: {before.settings[name]!r}, now {value!r}"
            for name, value in self.settings.items()
            if before.settings.get(name, value) != value
        ]
        return {name: left for name, left in found.items() if left}


def left_since(before: Machine, *, shared: bool = False) -> dict[str, list[str]]:
    """Say what a lab that has ended left on the machine; the kernel is given time to free it.

    With ``shared`` another lab is running, whose cgroups and BPF programs come and go: they are left out.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        left = Machine.look().more_than(before)
        for theirs in ("cgroups", "bpf_programs", "bpf_maps") if shared else ():
            left.pop(theirs, None)
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.2)


@dataclass(frozen=True)
class Belongings:
    """By what processes of a lab are known: the namespaces that they were seen in, and the lab's folder."""

    folder: Path
    namespaces: frozenset[str]

    @classmethod
    def of(cls, folder: Path) -> Belongings:
        """Look at a lab that runs."""
        ours = _namespaces(os.getpid())
        return cls(folder, frozenset().union(*(_namespaces(pid) for pid in tree(folder))) - ours)

    def processes(self) -> list[str]:
        """List the processes that are left of it."""
        return sorted(
            f"{pid} {line}"
            for pid in _pids()
            if (line := command_line(pid)) and (str(self.folder) in line or _namespaces(pid) & self.namespaces)
        )

    def left(self) -> list[str]:
        """List them once the kernel has had time to end them."""
        end = time.monotonic() + _PATIENCE
        while (found := self.processes()) and time.monotonic() < end:
            time.sleep(0.1)
        return found


def keeper(folder: Path) -> int:
    """Give the process that holds a lab."""
    return int((folder / "keeper.pid").read_text(encoding="utf-8"))


def tree(folder: Path) -> list[int]:
    """List the processes of a lab: its keeper and all below."""
    children: dict[int, list[int]] = {}
    for pid in _pids():
        with suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(pid)
    found, looked = [keeper(folder)], 0
    while looked < len(found):
        found += children.get(found[looked], [])
        looked += 1
    return found


def memory(folder: Path) -> float:
    """Give the memory in GiB that the processes of a lab take: what several share is counted once (PSS)."""
    octets = 0
    for pid in tree(folder):
        with suppress(OSError):
            told = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
            octets += 1024 * int(re.search(r"^Pss:\s+(\d+) kB", told, re.MULTILINE)[1])  # type: ignore[index]
    return octets / 2**30


def command_line(pid: int) -> str:
    """Give the command line of a process; empty once it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _namespaces(pid: int) -> frozenset[str]:
    found = set()
    for kind in _NAMESPACES:
        with suppress(OSError):
            found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))  # noqa: PTH115 - it is no path
    return frozenset(found)


def _cgroups() -> list[str]:
    found = []
    for hierarchy in hierarchies():
        for folder, below, _ in os.walk(hierarchy):
            below[:] = [name for name in below if name not in _NOT_OURS]
            found += [f"{folder}/{name}" for name in below]
    return found


def _bpf(kind: str) -> list[str]:
    told = subprocess.run((tool("bpftool"), "--json", kind, "list"), capture_output=True, text=True, check=True).stdout
    return [f"{kind} {each['id']} {each['type']} {each.get('name', '')}" for each in json.loads(told or "[]")]


def _settings() -> dict[str, bytes]:
    found = {}
    for folder, _, names in os.walk(_SYSCTLS):
        for name in names:
            file = Path(folder, name)
            key = str(file.relative_to(_SYSCTLS))
            if not _ALWAYS_CHANGING.fullmatch(key):
                with suppress(OSError):
                    found[key] = file.read_bytes()
    return found
