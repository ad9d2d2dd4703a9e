"""What observing a cluster needs of the world: its objects, and commands beside Cilium's programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


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


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container of Cilium.

    Parameters
    ----------
    pod
        Name of its pod; in a lab, of what stands for it.
    node
        Where it runs; empty in a lab for what runs beside the API server.
    """

    pod: str
    node: str
    name: str


class Cilium(Protocol):
    """Commands beside Cilium's programs of one cluster. Safe to use from several threads."""

    def agents(self) -> Mapping[str, Container]:
        """Give the agent's container of each node that has one.

        Raises
        ------
        ops.errors.HmsError
            If that cannot be found out.
        """
        ...

    def mesh_servers(self) -> tuple[Container, ...]:
        """Give the container of kvstoremesh in each replica of the mesh API server; none in a cluster without a mesh.

        Raises
        ------
        ops.errors.HmsError
            If that cannot be found out.
        """
        ...

    def run(self, container: Container, *command: str, seconds: float) -> str:
        """Run a command in a container to its end, and give what it wrote.

        Raises
        ------
        ops.errors.HmsError
            If it cannot be run, fails, or takes longer.
        """
        ...
