"""The disks of nodes: images are unpacked once, and every disk holds them by hard links, made in milliseconds."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.machine.processes import Program
from lab.machine.spaces import LAB
from lab.node.containerd import IMAGES, answers, store_configuration
from lab.node.init import DISK
from lab.tools import tool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.machine.processes import Processes

_PROGRAM = "images/containerd"

_ORIGINAL = "images"
"""Folder beside the disks: what containerd made of the images."""

_LAYERS = ("lower", "upper", "work", "merged")


class Disks:
    """The disks of all nodes.

    Parameters
    ----------
    folder
        Where they lie; no node's name may be ``images``.
    """

    def __init__(self, processes: Processes, folder: Path) -> None:
        self._processes = processes
        self._folder = folder
        self._original = folder / _ORIGINAL

    def prepare(self, images: Iterable[Path]) -> None:
        """Take images in, for disks that are made afterwards.

        Parameters
        ----------
        images
            OCI layouts as tar files; images are named by the annotation ``io.containerd.image.name``.

        Raises
        ------
        LabError
            If containerd does not run, or refuses an image.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._carries_overlays():
            # As where the lab's folder is a container's: in memory it goes as well.
            self._processes.run(LAB, "mount", "-t", "tmpfs", "-o", "mode=0700", "disks", str(self._folder))
        # The path of a Unix socket must be short, and a lab's folder may lie anywhere.
        with tempfile.TemporaryDirectory(prefix="hms-images-", dir="/run") as state:
            configuration = Path(state, "config.toml")
            configuration.write_text(store_configuration(self._original, Path(state)), encoding="utf-8")
            address = Path(state, "containerd.sock")
            command = (str(tool("containerd")), "--config", str(configuration))
            self._processes.start(Program(name=_PROGRAM, command=command, ready=lambda: answers(address)))
            try:
                self._processes.wait(_PROGRAM)
                for image in images:
                    self._take_in(image, address)
            finally:
                self._processes.stop(_PROGRAM)

    def disk(self, node: str) -> Path:
        """Give the place of a node's disk: a folder with the parts that :data:`lab.node.init.DISK` names."""
        return self._folder / node

    def make(self, node: str) -> None:
        """Make the disk of a node, unless it has one."""
        disk = self.disk(node)
        if not disk.exists():
            for part in DISK:
                (disk / part).mkdir(parents=True)
            self._copy_images(disk / "containerd")

    def wipe(self, node: str) -> None:
        """Forget a node's disk; the next that is asked for is new."""
        shutil.rmtree(self._folder / node, ignore_errors=True)

    def _take_in(self, image: Path, address: Path) -> None:
        ctr = (str(tool("ctr")), "--address", str(address), "--namespace", IMAGES)
        # Read by ctr itself: through containerd's transfer service it takes three times as long.
        self._processes.run(LAB, *ctr, "images", "import", "--local", str(image), timeout=120.0)

    def _copy_images(self, folder: Path) -> None:
        # What images are made of is never written to; what knows of it is, and must be each node's own.
        self._processes.run(LAB, "cp", "--archive", "--link", f"{self._original}/.", str(folder))
        for index in self._original.rglob("*.db"):
            own = folder / index.relative_to(self._original)
            self._processes.run(LAB, "cp", "--archive", "--remove-destination", str(index), str(own))

    def _carries_overlays(self) -> bool:
        """Try an overlay mount, as containerd makes them."""
        with tempfile.TemporaryDirectory(dir=self._folder) as probe:
            lower, upper, work, merged = (Path(probe, layer) for layer in _LAYERS)
            for layer in (lower, upper, work, merged):
                layer.mkdir()
            options = f"lowerdir={lower},upperdir={upper},workdir={work}"
            try:
                mount = ("mount", "-t", "overlay", "-o", options, "overlay", str(merged))
                self._processes.run(LAB, "unshare", "--mount", *mount)
            except LabError:
                return False
        return True
