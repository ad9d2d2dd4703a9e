"""What this machine has for a lab, what it lacks, and what that costs. Looking changes nothing on the machine."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from lab import tools
from lab.machine import cgroups
from toolchain import debian
from toolchain.programs import output

if TYPE_CHECKING:
    from lab.plan import Depth

_GIB = 1024 * 1024
"""In KiB, as the kernel counts memory."""

_MEMORY = 6
"""GiB that a fleet of two clusters with nodes takes at most."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something that a lab uses.

    Parameters
    ----------
    found
        Whether the machine has it.
    said
        What was seen, in a few words.
    costs
        What a machine without it cannot do.
    needed
        The least depth that is not possible without it; None where a lab only shows less.
    """

    name: str
    found: bool
    said: str
    costs: str
    needed: Depth | None = None


@dataclass(frozen=True, kw_only=True)
class _Probe:
    """Something that the kernel either does or refuses.

    Parameters
    ----------
    command
        Run by a shell in namespaces of its own, where ``/run`` is an empty tmpfs; it leaves what it made.
    """

    name: str
    command: str
    costs: str
    needed: Depth | None = None


_INOTIFY = 72
"""Instances of inotify that two clusters of two nodes take: an agent and an API server 3 each, a kubelet 6."""

_CORES = 2
"""What the lab's times are measured on."""

_NAMESPACES = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")

_NO_DATAPATH = "no nodes and no pods; hms lab up --depth control works"

_PROBES = (
    _Probe(
        name="veth and bridge",
        command="ip link add v0 type veth && ip link add b0 type bridge",
        costs="no networks between clusters, so no lab",
        needed="control",
    ),
    _Probe(
        name="iptables",
        command="iptables -t mangle -L -n && iptables -t nat -L -n",
        costs=_NO_DATAPATH,
        needed="datapath",
    ),
    _Probe(name="bpffs", command="mkdir /run/bpf && mount -t bpf bpf /run/bpf", costs=_NO_DATAPATH, needed="datapath"),
    _Probe(
        name="BPF",
        command="bpftool map create /run/bpf/map type hash key 4 value 4 entries 1 name probe",
        costs=_NO_DATAPATH,
        needed="datapath",
    ),
    _Probe(
        name="overlayfs",
        command="cd /run && mkdir lower upper work merged"
        " && mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged",
        costs=_NO_DATAPATH,
        needed="datapath",
    ),
    _Probe(name="vxlan", command="ip link add x0 type vxlan id 1 dstport 4789", costs=_NO_DATAPATH, needed="datapath"),
    _Probe(
        name="geneve",
        command="ip link add g0 type geneve id 1 remote 127.0.0.1",
        costs="nodes speak vxlan; geneve is shown by the rendered configuration alone",
    ),
    _Probe(
        name="WireGuard",
        command="ip link add w0 type wireguard",
        costs="traffic between nodes is in the clear; encryption is shown by the rendered configuration alone",
    ),
    _Probe(
        name="tbf",
        command="tc qdisc add dev lo root tbf rate 1mbit burst 32kbit latency 400ms && tc qdisc del dev lo root",
        costs="links have no rate",
    ),
    _Probe(name="netem", command="tc qdisc add dev lo root netem delay 1ms", costs="links have no loss and no delay"),
)


@cache
def examine() -> tuple[Check, ...]:
    """Look at everything; takes about a second."""
    return (*_here(), *_kernel())


def control_possible() -> bool:
    """Say whether control planes run here."""
    return all(check.found for check in examine() if check.needed == "control")


def datapath_possible() -> bool:
    """Say whether nodes and pods run here too."""
    return all(check.found for check in examine() if check.needed is not None)


def has(name: str) -> bool:
    """Say whether the machine has what a check looks for."""
    return any(check.found for check in examine() if check.name == name)


def _here() -> tuple[Check, ...]:
    """Look at what needs no namespace."""
    # Debian's are asked for one by one.
    missing = [name for name in tools.missing() if name not in debian.absent()]
    clang = re.search(r"clang version (\S+)", output(which("clang", path=debian.path()) or "clang", "--version"))
    hierarchies = cgroups.hierarchies()
    unified = [each for each in hierarchies if (each / "cgroup.controllers").exists()]
    writable = all(os.access(each, os.W_OK) for each in hierarchies)
    memory, cores, inotify = _memory(), os.cpu_count() or 1, _free_inotify()
    return (
        Check(
            name="root",
            found=os.geteuid() == 0,
            said=f"user {os.geteuid()}",
            costs="no namespaces, so no lab; run it with sudo",
            needed="control",
        ),
        Check(
            name="programs",
            found=not missing,
            said=f"missing: {', '.join(missing)}" if missing else "all there",
            costs="nothing starts; make lab-tools builds them once, in about 25 minutes",
            needed="control",
        ),
        Check(
            name="clang 19",
            found=clang is not None and clang[1].startswith("19."),
            said=clang[1] if clang else "no clang",
            costs=f"{_NO_DATAPATH}; make lab-tools brings it",
            needed="datapath",
        ),
        Check(
            name="cgroups",
            found=bool(unified) and writable,
            said=("read-only" if not writable else "v2" if len(hierarchies) == 1 else f"v1 and {len(unified)} of v2"),
            costs=f"{_NO_DATAPATH}; a v2 hierarchy must be mounted below /sys/fs/cgroup",
            needed="datapath",
        ),
        Check(
            name="inotify",
            found=inotify >= _INOTIFY,
            said=f"{inotify} instances free" if inotify < _INOTIFY else "enough instances free",
            costs="agents end with 'too many open files': end another lab, or sysctl fs.inotify.max_user_instances=512",
            needed="datapath",
        ),
        Check(
            name="memory",
            found=memory >= _MEMORY * _GIB,
            said=f"{memory / _GIB:.1f} GiB free",
            costs=f"a lab of two clusters with nodes takes up to {_MEMORY} GiB",
        ),
        Check(name="cores", found=cores >= _CORES, said=str(cores), costs="a lab comes up in more than two minutes"),
    )


def _free_inotify() -> int:
    """Count the instances of inotify that this user may still have, by making them; as many as a lab needs at most."""
    libc = ctypes.CDLL(None)
    made: list[int] = []
    while len(made) < _INOTIFY and (descriptor := libc.inotify_init()) >= 0:
        made.append(descriptor)
    for descriptor in made:
        os.close(descriptor)
    return len(made)


def _memory() -> int:
    """Memory in KiB that programs may still take."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"), re.MULTILINE)
    return int(found[1]) if found else 0


def _kernel() -> tuple[Check, ...]:
    """Try what the kernel does, in namespaces that end with the attempt."""
    lines = ["mount -t tmpfs tmpfs /run || exit 1", "ip link set lo up"]
    lines += [f"if said=$( {{ {probe.command}; }} 2>&1 ); then echo yes; else echo no $said; fi" for probe in _PROBES]
    try:
        done = subprocess.run(  # noqa: S603 - our own probes
            (*_NAMESPACES, "sh", "-c", "\n".join(lines)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PATH": debian.path()},
        )
        answers, refused = done.stdout.splitlines(), done.stderr.strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        answers, refused = [], str(error)
    allowed = len(answers) == len(_PROBES)
    if not allowed:
        answers = ["no: not looked at"] * len(_PROBES)
    return (
        Check(
            name="namespaces",
            found=allowed,
            said="allowed" if allowed else refused,
            costs="no lab: everything of it runs in namespaces",
            needed="control",
        ),
        *(
            Check(
                name=probe.name,
                found=answer == "yes",
                said="works" if answer == "yes" else answer[3:].strip(),
                costs=probe.costs,
                needed=probe.needed,
            )
            for probe, answer in zip(_PROBES, answers, strict=True)
        ),
    )
