"""A node: its namespaces, containerd and kubelet; started, stopped, lost and started again."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.machine.processes import Program
from lab.machine.spaces import Space, network_space, node_space
from lab.machine.web import Web
from lab.node import containerd, init, kubelet
from lab.node.cgroups import NodeCgroup
from lab.tools import tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.cluster.api import Api
    from lab.cluster.pki import NodeKeys
    from lab.machine.processes import Processes
    from lab.node.disks import Disks
    from lab.node.kubelet import Cloud
    from lab.plan import ClusterLab, NodeLab

_ROOT = Path(__file__).resolve().parents[2]

_NAMESPACES = ("unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--propagation", "private", "--")


class Node:
    """A node of a cluster: programs ``<node>/init``, ``<node>/containerd`` and ``<node>/kubelet``.

    Its network namespace, with its address in it, has to be there. Cilium's agent is another program of the node: it is
    started in :attr:`space`, after :meth:`join` has put it into :attr:`cgroup`.

    Parameters
    ----------
    keys
        Makes the node's keys; asked at each start. They are kept in the node's memory only.
    disks
        Give the node its disk, with all images on it: what a loss of power leaves.
    """

    def __init__(  # noqa: PLR0913 - all that a node is made of
        self,
        node: NodeLab,
        cluster: ClusterLab,
        cloud: Cloud,
        processes: Processes,
        *,
        api: Api,
        keys: Callable[[NodeLab], NodeKeys],
        disks: Disks,
        lab_cgroup: str,
    ) -> None:
        self.name = node.name
        self.cgroup = NodeCgroup(lab_cgroup, node.name)
        self._node = node
        self._cluster = cluster
        self._cloud = cloud
        self._processes = processes
        self._api = api
        self._keys = keys
        self._disks = disks

    @property
    def space(self) -> Space:
        """All namespaces of the node, as a place for programs.

        Raises
        ------
        LabError
            If it does not run.
        """
        return node_space(self.name, self._number())

    @property
    def running(self) -> bool:
        """Whether its first process lives."""
        return self._processes.running(self._program("init"))

    @property
    def root(self) -> Path:
        """Its root folder, as the lab sees it. Absolute symbolic links below lead out of the node."""
        return Path(f"/proc/{self._number()}/root")

    def start(self) -> None:
        """Switch the node on and wait until its kubelet has joined the cluster. Ready it gets by its CNI.

        Raises
        ------
        LabError
            If it is on; or if a program of it ends, or is not ready in time, and the node is off again then.
        """
        if self.running:
            raise LabError(f"node {self.name} is on already")
        try:
            self._boot()
            self._start(
                "containerd", (str(tool("containerd")), "--config", containerd.CONFIG), self._containerd_answers
            )
            self.start_kubelet()
        except LabError:
            self.kill()
            raise

    def start_kubelet(self) -> None:
        """Start kubelet alone, after it was stopped or killed, and wait until it is well."""
        self._start("kubelet", kubelet.command(self._node), self._joined)

    def stop(self) -> None:
        """Switch the node off. Its disk stays."""
        self._end(self._processes.stop)

    def kill(self) -> None:
        """Take its power away."""
        self._end(self._processes.kill)

    def write(self, path: str, content: bytes) -> None:
        """Write a file in the node that root alone may read; its path is absolute."""
        file = self.root / path[1:]
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(file, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as opened:
            opened.write(content)

    def make_directory(self, path: str, owner: int = 0) -> None:
        """Make a folder in the node for a pod's volume.

        Parameters
        ----------
        path
            What is below ``/var/lib/hms-volumes`` survives a loss of power.
        owner
            Numeric user and group that alone may use it.
        """
        user = str(owner)
        self._processes.run(self.space, "install", "-d", "-m", "0700", "-o", user, "-g", user, path)

    def _boot(self) -> None:
        self.cgroup.make()
        self._disks.make(self.name)
        disk = self._disks.disk(self.name)
        (disk / init.PID).unlink(missing_ok=True)
        arguments = (self.name, str(self._node.address), str(disk))
        self._start(
            "init",
            (*_NAMESPACES, sys.executable, "-m", init.__name__, *arguments),
            lambda: self._read_number() is not None,
            space=network_space(self._node.namespace),
        )
        keys = self._keys(self._node)
        configuration = kubelet.configuration(self._node, self._cluster, self._cloud, self.cgroup.path)
        for path, content in (
            (containerd.CONFIG, containerd.node_configuration().encode()),
            (f"{kubelet.KEYS}/kubelet.json", configuration.encode()),
            (f"{kubelet.KEYS}/kubeconfig", keys.kubeconfig.encode()),
            (f"{kubelet.KEYS}/ca.crt", keys.authority),
            (f"{kubelet.KEYS}/kubelet.crt", keys.serving.certificate),
            (f"{kubelet.KEYS}/kubelet.key", keys.serving.key),
        ):
            self.write(path, content)

    def _start(
        self, name: str, command: tuple[str, ...], ready: Callable[[], bool], space: Space | None = None
    ) -> None:
        program = Program(
            name=self._program(name),
            command=command,
            space=space or self.space,
            cwd=_ROOT,
            ready=ready,
            before=self.cgroup.join,
            # Its first process is the machine itself, which nobody switches on again.
            comes_back=name != "init",
        )
        self._processes.start(program)
        self._processes.wait(program.name)

    def _end(self, end: Callable[[str], None]) -> None:
        # With the first process everything in the node ends; the others are then waited for.
        for name in ("init", "kubelet", "containerd"):
            end(self._program(name))
        self.cgroup.remove()

    def _containerd_answers(self) -> bool:
        return containerd.answers(self.root / containerd.SOCKET[1:])

    def _joined(self) -> bool:
        well = Web(self._node.namespace, "127.0.0.1", kubelet.HEALTH_PORT).says("/healthz")
        return well and self._api.get("v1", "Node", self.name) is not None

    def _program(self, name: str) -> str:
        return f"{self.name}/{name}"

    def _read_number(self) -> int | None:
        """Read by which number the lab knows the first process; None while it builds the node."""
        try:
            text = (self._disks.disk(self.name) / init.PID).read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        return int(text) if text.endswith("\n") else None

    def _number(self) -> int:
        number = self._read_number()
        if number is None or not self.running:
            raise LabError(f"node {self.name} does not run", "hms lab mend node")
        return number
