"""The mesh API server of a cluster: etcd, the one that fills it, and kvstoremesh, beside the Kubernetes API server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lab.cilium import images
from lab.cilium.pod import Extra, Place, Pod
from lab.machine.spaces import network_space

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.cilium.chart import Object
    from lab.cluster.api import Api
    from lab.machine.processes import Processes
    from lab.plan import ClusterLab

NAME = "clustermesh-apiserver"
"""Deployment and Service."""

_PROGRAM = "/usr/bin/clustermesh-apiserver"
KVSTOREMESH = "kvstoremesh"
"""Container that copies the peers' state."""

_CONTAINERS = ("etcd", "apiserver", KVSTOREMESH)


def pod_name(cluster: str) -> str:
    """Name the pod of a cluster's mesh API server."""
    return f"{cluster}/{NAME}"


class MeshApiServer:
    """The mesh API server.

    Its etcd listens on every address of the cluster's namespace, the planned ones of its load balancer among them.

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
        place = Place(space=network_space(cluster.namespace), network=cluster.namespace)
        self._pod = Pod(
            pod_name(cluster.name),
            deployment,
            image=images.clustermesh_apiserver(),
            place=place,
            api=api,
            processes=processes,
            extra=Extra(env=env),
        )
        self._processes = processes

    @property
    def programs(self) -> tuple[str, ...]:
        """Names of its programs."""
        return tuple(f"{self._pod.name}/{container}" for container in _CONTAINERS)

    def start(self) -> None:
        """Make it anew, as a re-created pod: with an empty etcd."""
        self.stop()
        self._pod.create()
        self._pod.run("etcd-init")
        for container in _CONTAINERS:
            self._pod.start(container)

    def wait(self, seconds: float = 60.0) -> None:
        """Wait until it serves peers. Whether it reaches them is another question: see :meth:`status`."""
        self._processes.wait(self.programs[1], seconds)

    def stop(self) -> None:
        """Stop it. What its etcd held is lost at the next start, as with a pod."""
        for name in reversed(self.programs):
            self._processes.stop(name)

    def kill(self) -> None:
        """Kill all of it at once."""
        for name in self.programs:
            self._processes.kill(name)

    def refresh(self) -> None:
        """Take over changed Secrets and ConfigMaps, as kubelet does."""
        self._pod.volumes.write(running=True)

    def status(self) -> list[dict[str, Any]]:
        """Give what kvstoremesh says of each peer: connected, ready, counts, configuration.

        Raises
        ------
        LabError
            If it does not answer.
        """
        answer = self._pod.run(KVSTOREMESH, _PROGRAM, "kvstoremesh-dbg", "status", "-o", "json")
        peers: list[dict[str, Any]] = json.loads(answer) or []
        return peers

    def troubleshoot(self) -> str:
        """Give what kvstoremesh's own diagnosis says of the way to each peer: names, TCP, TLS, rights.

        Raises
        ------
        LabError
            If it does not run.
        """
        return self._pod.run(KVSTOREMESH, _PROGRAM, "kvstoremesh-dbg", "troubleshoot")
