"""Cilium's agent on a node."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lab.cilium import images
from lab.cilium.pod import Extra, Place, Pod
from lab.node.containerd import CNI_CONFIG, CNI_PROGRAMS
from lab.tools import tool

if TYPE_CHECKING:
    from lab.cilium.chart import Object
    from lab.cluster.api import Api
    from lab.machine.processes import Processes
    from lab.node.node import Node

NAME = "cilium"
"""DaemonSet."""

CONTAINER = "cilium-agent"


_PREPARE = f"""
set -eu
mkdir -p /run/cilium/cgroupv2 /run/netns {CNI_CONFIG} {CNI_PROGRAMS} /etc/cni
mountpoint -q /run/cilium/cgroupv2 || mount --bind "$1" /run/cilium/cgroupv2
ln -sfn {CNI_CONFIG} /etc/cni/net.d
ln -sfn "$2" {CNI_PROGRAMS}/cilium-cni
"""
"""What the DaemonSet's init containers do on a node, besides building the configuration (``config``, which is run)."""


def pod_name(cluster: str, node: str) -> str:
    """Name the pod of a node's agent."""
    return f"{cluster}/{NAME}/{node}"


class Agent:
    """The agent of one node.

    Parameters
    ----------
    daemon_set
        As the chart renders it.
    node
        Has to run.
    """

    def __init__(self, cluster: str, daemon_set: Object, *, node: Node, api: Api, processes: Processes) -> None:
        self._pod = Pod(
            pod_name(cluster, node.name),
            daemon_set,
            image=images.agent(),
            place=Place(
                space=node.space,
                network=f"node-{node.name}",
                root=node.root,
                node=node.name,
                cgroup=node.cgroup.join,
            ),
            api=api,
            processes=processes,
            extra=Extra(),
        )
        self._node = node
        self._processes = processes

    @property
    def program(self) -> str:
        """Name of its program."""
        return f"{self._pod.name}/{CONTAINER}"

    def start(self) -> None:
        """Start it, anew where it runs; what it put into the kernel stays and is taken over."""
        self.stop()
        prepare = ("sh", "-c", _PREPARE, "sh", str(self._node.cgroup.unified), str(tool("cilium-cni")))
        self._processes.run(self._node.space, *prepare)
        self._pod.create()
        self._pod.run("config")
        self._pod.start(CONTAINER)

    def wait(self, seconds: float = 120.0) -> None:
        """Wait until it is healthy: it has compiled and loaded its programs, and everything it needs answers."""
        self._processes.wait(self.program, seconds)

    def stop(self) -> None:
        """Stop it; packets go on."""
        self._processes.stop(self.program)

    def kill(self) -> None:
        """Kill it; packets go on."""
        self._processes.kill(self.program)

    def refresh(self) -> None:
        """Take over changed Secrets, as kubelet does."""
        self._pod.volumes.write(running=True)

    def debug(self, *command: str) -> str:
        """Run ``cilium-dbg`` beside it.

        Raises
        ------
        LabError
            If it fails; with what it said.
        """
        return self._pod.run(CONTAINER, "cilium-dbg", *command)

    def status(self) -> dict[str, Any]:
        """Give ``cilium-dbg status`` as its JSON; the peers of the mesh are in ``cluster-mesh``.

        Raises
        ------
        LabError
            If the agent does not answer.
        """
        status: dict[str, Any] = json.loads(self.debug("status", "-o", "json"))
        return status
