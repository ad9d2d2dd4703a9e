"""What a connectivity test needs of the world: clusters to call from, agents to ask why, and a place outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


Failure = Literal["name", "silent", "refused", "unreachable", "cut", "probe"]
"""Why a call was not answered.

``name``
    The name does not resolve.
``silent``
    Nothing came back in time: what a policy's drop looks like.
``refused``
    The port is closed (TCP reset).
``unreachable``
    A router or the own host says that there is no way.
``cut``
    The connection ended before the answer.
``probe``
    The call could not be made: nothing is known.
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A component in a cluster."""

    cluster: str
    component: str

    def __str__(self) -> str:
        return f"{self.cluster}/{self.component}"


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod of a component, ready to be called and to call from."""

    place: Place
    namespace: str
    name: str
    node: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """What a cluster has.

    Parameters
    ----------
    pods
        All pods of components that are ready, by name.
    services
        Cluster address of each component's service, by component.
    nodes
        Internal address of each node, by name.
    """

    pods: tuple[Pod, ...]
    services: dict[str, str]
    nodes: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came of a call, or of several in a row.

    Parameters
    ----------
    answers
        Body of each answer.
    failure
        Why not all were answered; None where all were.
    told
        What the client said of it.
    seconds
        From the first call to the last answer.
    octets
        Size of each request, where that was more than an ordinary one's.
    """

    answers: tuple[str, ...] = ()
    failure: Failure | None = None
    told: str = ""
    seconds: float = 0.0
    octets: int = 0


@dataclass(frozen=True, kw_only=True)
class Drop:
    """A packet that an agent dropped.

    Parameters
    ----------
    direction
        ``egress`` or ``ingress``, as its node saw it.
    reason
        Cilium's word for it, such as ``POLICY_DENIED``.
    """

    source: str
    destination: str
    port: int
    node: str
    direction: str
    reason: str


class Caller(Protocol):
    """Calls from inside one pod."""

    def call(self, host: str, port: int, *, calls: int, octets: int, seconds: float) -> Reply:
        """Call an HTTP server, one call after the other, until one fails.

        Parameters
        ----------
        octets
            Size of each request; 0 for an ordinary one.
        seconds
            For how long each call may go without an answer.
        """
        ...


class Station(Protocol):
    """A cluster to call from. Safe to use from several threads."""

    def look(self) -> Inventory:
        """See what the cluster has.

        Raises
        ------
        ops.errors.HmsError
            If it does not answer.
        """
        ...

    def caller(self, pod: Pod) -> AbstractContextManager[Caller]:
        """Put what calls into a pod; it is stopped on leaving.

        Raises
        ------
        ops.errors.HmsError
            If it does not start there.
        """
        ...


class Agents(Protocol):
    """Cilium's agents. Safe to use from several threads."""

    def drops(self, cluster: str, node: str, since: float) -> tuple[Drop, ...]:
        """List what the agent of a node has dropped since a time (seconds since the epoch).

        Raises
        ------
        ops.errors.HmsError
            If it does not answer.
        """
        ...

    def reached(self, cluster: str, node: str, since: float, *, source: str, port: int) -> frozenset[str]:
        """List the addresses at which packets of a pod of a node, to a port, have arrived since a time.

        Raises
        ------
        ops.errors.HmsError
            If the agent does not answer.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Target:
    """An address that nobody outside may reach."""

    name: str
    host: str
    port: int


class Outside(Protocol):
    """A place that belongs to no site."""

    where: str
    """What it is, for the report."""

    def reached(self, targets: tuple[Target, ...], seconds: float) -> tuple[tuple[Target, str], ...]:
        """Try addresses all at once, and give those that answer, even by a refusal, each with what it said."""
        ...


class Progress(Protocol):
    """Is told how a test goes on."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show what is being done, how much of it is over, and how much there is."""
        ...
