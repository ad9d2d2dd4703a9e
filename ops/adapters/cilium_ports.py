"""What observing a cluster needs of the world: its objects, and commands beside Cilium's programs."""

from __future__ import annotations

from typing import Any, Protocol


class Objects(Protocol):
    """The API server of a cluster. Safe to use from several threads."""

    name: str
    """What the fleet calls the cluster."""

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Read an object or a list.

        Raises
        ------
        ops.errors.HmsError
            If the API server does not answer, or refuses.
        """
        ...


class Cilium(Protocol):
    """Commands beside Cilium's programs of one cluster. Safe to use from several threads."""

    def agent(self, node: str, *command: str, seconds: float) -> str:
        """Run a command (``cilium-dbg ...``) in the container of a node's agent, and give what it wrote.

        Raises
        ------
        ops.errors.HmsError
            If none runs there, it fails, or it takes longer.
        """
        ...

    def mesh_servers(self) -> tuple[str, ...]:
        """Name the replicas of the mesh API server.

        Raises
        ------
        ops.errors.HmsError
            If that cannot be found out.
        """
        ...

    def kvstoremesh(self, server: str, *command: str, seconds: float) -> str:
        """Run ``kvstoremesh-dbg ...`` in the container of a mesh API server's kvstoremesh, and give what it wrote.

        Raises
        ------
        ops.errors.HmsError
            If none runs there, it fails, or it takes longer.
        """
        ...
