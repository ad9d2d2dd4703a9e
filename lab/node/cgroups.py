"""The cgroup of a node, in every hierarchy of the machine: where its programs and its pods are counted and limited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.machine import cgroups

if TYPE_CHECKING:
    from pathlib import Path

_SYSTEM = "system"
"""Child for the node's own programs: with cgroup v2 a group with children that are limited has no processes itself."""


@dataclass(frozen=True)
class NodeCgroup:
    """The cgroup ``/<lab cgroup>/<node>``.

    Parameters
    ----------
    lab
        Name of the lab's cgroup; it is below the root of each hierarchy.
    """

    lab: str
    node: str

    @property
    def path(self) -> str:
        """Its name in every hierarchy, as kubelet's ``cgroupRoot``."""
        return f"/{self.lab}/{self.node}"

    @property
    def unified(self) -> Path:
        """Its folder in the hierarchy of cgroup v2: what Cilium attaches its socket programs to."""
        for hierarchy in cgroups.hierarchies():
            if (hierarchy / "cgroup.controllers").exists():
                return hierarchy / self.path[1:]
        raise LabError(
            "no cgroup v2 hierarchy is mounted below /sys/fs", "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified"
        )

    def make(self) -> None:
        """Make it in every hierarchy. One that is there is no error."""
        hierarchies = cgroups.hierarchies()
        for hierarchy in hierarchies:
            folder = hierarchy
            for part in (self.lab, self.node, _SYSTEM):
                if len(hierarchies) == 1:
                    _pass_on(folder)
                folder /= part
                folder.mkdir(exist_ok=True)
                _inherit_cpus(folder)

    def join(self) -> None:
        """Move the calling process into it, as one of the node's own programs."""
        for hierarchy in cgroups.hierarchies():
            (hierarchy / self.path[1:] / _SYSTEM / "cgroup.procs").write_text("0", encoding="ascii")

    def remove(self) -> None:
        """Remove it and all below it, once its processes are gone.

        Raises
        ------
        LabError
            If they do not go.
        """
        left = cgroups.remove(self.path[1:])
        if left:
            raise LabError(f"processes of node {self.node} do not end", f"see {left[0]}")


def _pass_on(folder: Path) -> None:
    """Let the children of a cgroup v2 group be limited in everything, as runc does for its own."""
    controllers = (folder / "cgroup.controllers").read_text(encoding="ascii").split()
    (folder / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers), encoding="ascii")


def _inherit_cpus(folder: Path) -> None:
    """Give a cgroup v1 cpuset what its parent has: a new one is empty, and nothing can join it."""
    if (folder / "cgroup.controllers").exists():
        return
    for name in ("cpuset.cpus", "cpuset.mems"):
        file = folder / name
        if file.exists() and not file.read_text(encoding="ascii").strip():
            file.write_text((folder.parent / name).read_text(encoding="ascii"), encoding="ascii")
