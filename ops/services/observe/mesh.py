"""What a cluster knows of its peers: whom it was told of, what it sees and has of them, and the way to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class ConfiguredPeer:
    """A peer as a cluster is told of it, without its keys.

    Parameters
    ----------
    endpoints
        URLs of its mesh API server.
    """

    name: str
    endpoints: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ConfiguredPeers:
    """Whom a cluster is told to connect to.

    Parameters
    ----------
    agents
        Secret ``cilium-clustermesh``: for agents.
    kvstoremesh
        Secret ``cilium-kvstoremesh``: for kvstoremesh; None where the cluster has none.
    """

    agents: tuple[ConfiguredPeer, ...]
    kvstoremesh: tuple[ConfiguredPeer, ...] | None


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A peer: ``RemoteCluster`` of Cilium's API.

    Parameters
    ----------
    connected
        Whether there is a connection to its etcd (an agent's: to the copy beside it, where there is a kvstoremesh).
    ready
        Whether all of it was read once. It stays so for two minutes after the peer has died.
    status
        What is said of the connection, in words.
    nodes, identities, endpoints, services
        How many are known.
    failures, last_failure
        How often the connection was lost, and when last; None: never.
    cluster_id
        The peer's number as the peer gives it; None as long as its configuration was not read.
    synced
        What was read in full, by kind; None as long as nothing is said.
    raw
        As it came.
    """

    name: str
    connected: bool
    ready: bool
    status: str
    nodes: int
    identities: int
    endpoints: int
    services: int
    failures: int
    last_failure: datetime | None
    cluster_id: int | None
    synced: Mapping[str, bool] | None
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class MeshServer:
    """A mesh API server: its kvstoremesh, which copies what peers share.

    Parameters
    ----------
    peers
        The other clusters, as it sees them.
    raw
        ``kvstoremesh-dbg status -o json`` as it came.
    """

    peers: tuple[Peer, ...]
    raw: tuple[Mapping[str, Any], ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Way:
    """The way from a cluster's kvstoremesh to a peer's mesh API server, tried just now.

    Parameters
    ----------
    works
        Whether the peer's etcd answered a request.
    failures
        What did not work, step by step: the name, TCP, TLS, the request.
    text
        All that was said.
    """

    peer: str
    works: bool
    failures: tuple[str, ...]
    text: str = field(repr=False)
