"""The operator of a cluster: custom resource definitions, pod ranges of nodes, garbage collection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.cilium import images
from lab.cilium.pod import Extra, Place, Pod
from lab.machine.spaces import network_space

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.cilium.chart import Object
    from lab.cluster.api import Api
    from lab.machine.processes import Processes
    from lab.plan import ClusterLab

NAME = "cilium-operator"
"""Deployment, and its container."""

_METRICS = "--operator-prometheus-serve-addr=127.0.0.1:9965"
"""Its own port 9963, which it opens even with metrics off, is that of the mesh API server's etcd."""


class Operator:
    """The operator.

    Parameters
    ----------
    deployment
        As the chart renders it.
    env
        What kubelet would add to its environment.
    """

    def __init__(
        self, cluster: ClusterLab, deployment: Object, *, api: Api, processes: Processes, env: Mapping[str, str]
    ) -> None:
        place = Place(space=network_space(cluster.namespace), network=cluster.namespace, node=cluster.namespace)
        self._pod = Pod(
            f"{cluster.name}/{NAME}",
            deployment,
            image=images.operator(),
            place=place,
            api=api,
            processes=processes,
            extra=Extra(env=env, args={NAME: (_METRICS,)}),
        )
        self._processes = processes

    @property
    def program(self) -> str:
        """Name of its program."""
        return f"{self._pod.name}/{NAME}"

    def start(self) -> None:
        """Start it, anew where it runs."""
        self.stop()
        self._pod.create()
        self._pod.start(NAME)

    def wait(self, seconds: float = 60.0) -> None:
        """Wait until it is healthy."""
        self._processes.wait(self.program, seconds)

    def stop(self) -> None:
        """Stop it."""
        self._processes.stop(self.program)

    def kill(self) -> None:
        """Kill it."""
        self._processes.kill(self.program)
