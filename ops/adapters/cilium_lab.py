"""Cilium's programs in a lab, where they are processes: commands go through its control socket."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from infra.cilium import NAMESPACE
from ops.adapters.cilium_ports import Container
from ops.errors import ClusterError

if TYPE_CHECKING:
    from ops.adapters.cilium_ports import Objects
    from ops.adapters.lab import Lab


class CiliumLab:
    """Cilium in one cluster of a lab.

    Parameters
    ----------
    api
        Knows the cluster's nodes.
    """

    def __init__(self, lab: Lab, api: Objects) -> None:
        self._lab = lab
        self._api = api

    def agents(self) -> dict[str, Container]:
        """Give the agent's container of each node."""
        from lab.cilium import agent

        nodes = [node["metadata"]["name"] for node in self._api.get("/api/v1/nodes")["items"]]
        return {
            node: Container(pod=agent.pod_name(self._api.name, node), node=node, name=agent.CONTAINER) for node in nodes
        }

    def mesh_servers(self) -> tuple[Container, ...]:
        """Give the container of kvstoremesh, whether it runs or not; none in a cluster without a mesh."""
        from lab.cilium import mesh

        found = self._api.get(f"/api/v1/namespaces/{NAMESPACE}/services", fieldSelector=f"metadata.name={mesh.NAME}")
        name = mesh.pod_name(self._api.name)
        return (Container(pod=name, node="", name=mesh.KVSTOREMESH),) if found["items"] else ()

    def run(self, container: Container, *command: str, seconds: float) -> str:
        """Run a command in a container."""
        from lab.cilium.pod import entering

        inside = ("timeout", "--signal=KILL", f"{seconds:.1f}", *entering(container.pod, container.name), *command)
        begun = time.monotonic()
        try:
            return self._lab.run(container.node or self._api.name, *inside)
        except ClusterError as error:
            if time.monotonic() - begun < seconds:
                said = error.message.partition(" failed with ")[2].partition(": ")[2].strip()
                raise ClusterError(f"{container.pod}: {said.splitlines()[-1] if said else error.message}") from None
            raise ClusterError(f"{container.pod}: {command[0]} did not end within {seconds:.0f} s") from None
