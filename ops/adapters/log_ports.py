"""What reading logs needs of the world: a cluster that knows who writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, kw_only=True)
class Source:
    """Who writes a log.

    Parameters
    ----------
    node
        Where it runs; empty in a lab for what runs beside the API server.
    """

    cluster: str
    namespace: str
    pod: str
    container: str
    node: str

    def __str__(self) -> str:
        return f"{self.cluster}/{self.pod}/{self.container}"


class Logs(Protocol):
    """The logs of one cluster. Safe to use from several threads."""

    def sources(self, component: str) -> tuple[Source, ...]:
        """List who writes logs for a component of the fleet or of Cilium, by pod and container.

        Raises
        ------
        ops.errors.HmsError
            If the cluster does not answer.
        """
        ...

    def lines(self, source: Source, *, tail: int, follow: bool) -> Iterator[str]:
        """Give the last lines of a log, and those to come where it is followed.

        Raises
        ------
        ops.errors.HmsError
            If it cannot be read, or breaks off.
        """
        ...
