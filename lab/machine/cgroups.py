"""The cgroup of a lab, in every hierarchy of the machine: all of a lab that does not end with its processes."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

_PATIENCE = 10.0
"""Seconds to wait until the kernel has taken killed processes out of their cgroups."""


def lab_cgroup(folder: Path) -> str:
    """Name the cgroup of the lab in a folder: two labs side by side do not meet."""
    return f"hms-lab-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]}"


def hierarchies() -> tuple[Path, ...]:
    """List where cgroup hierarchies are mounted: one on a machine with cgroup v2 alone, several on older ones."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines())
    return tuple(
        Path(mount[1]) for mount in mounts if mount[2] in {"cgroup", "cgroup2"} and mount[1].startswith("/sys/fs/")
    )


def remove(name: str) -> list[Path]:
    """Remove a cgroup and all below it, in every hierarchy, once its processes are gone.

    Returns
    -------
    What could not be removed, because processes still are in it.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        left = [root for hierarchy in hierarchies() if not _removed(root := hierarchy / name)]
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.1)


def _removed(root: Path) -> bool:
    for folder, _, _ in os.walk(root, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:
            return not root.exists()
    return not root.exists()
