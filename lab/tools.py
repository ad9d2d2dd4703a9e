"""The programs of the lab, as ``make lab-tools`` left them."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

from lab.errors import LabError
from toolchain import debian, lab, sources
from toolchain.programs import find

ADVICE = "run: make lab-tools"
"""What to do when one is missing."""


@cache
def tool(name: str) -> Path:
    """Give a program of the lab by its name: one built from Go, ``pause``, or one of Debian's.

    Raises
    ------
    LabError
        If it is not on this machine in the version that is pinned.
    """
    if any(name in module.programs for module in lab.MODULES_OF_LAB):
        found = find(name)
    elif name == "pause":
        found = sources.pause() if sources.pause().exists() else None
    else:
        place = shutil.which(name, path=debian.path())
        found = Path(place) if place else None
    if found is None:
        raise LabError(f"{name} is not on this machine in the version that the lab needs", ADVICE)
    return found


def debian_environment(*programs: str) -> dict[str, str]:
    """Give the environment of what calls clang, iptables, ipset, ip and tc by these names.

    Parameters
    ----------
    programs
        Further programs of the lab that are called by their names.

    Raises
    ------
    LabError
        If one of them is missing, or Debian's tools are.
    """
    if debian.absent():
        raise LabError(f"{', '.join(debian.absent())} are not unpacked", ADVICE)
    folders = dict.fromkeys(str(tool(program).parent) for program in programs)
    return {"PATH": os.pathsep.join([*folders, debian.path()])}


def bpf_sources() -> Path:
    """Give the folder of the C sources that Cilium's agent compiles at its start; mount it on /var/lib/cilium/bpf.

    Raises
    ------
    LabError
        If it is not there.
    """
    found = sources.bpf_sources()
    if not found.exists():
        raise LabError("the sources of Cilium's datapath are not on this machine", ADVICE)
    return found


def missing() -> list[str]:
    """List what ``make lab-tools`` would get; empty where the lab has all that it needs."""
    return lab.missing()
