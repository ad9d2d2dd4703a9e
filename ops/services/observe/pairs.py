"""Each cluster's view of each of its peers: what its KVStoreMesh says, what its agents say, and what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ops.services.observe.freshness import Freshness, freshness
from ops.services.observe.wrong import Wrong

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.plan import FleetPlan
    from ops.services.observe.mesh import Peer, Way
    from ops.services.observe.seen import Seen
    from ops.services.observe.snapshot import ClusterView, Snapshot

State = Literal["ready", "behind", "no way", "not ready", "synchronising", "lost", "unknown"]
"""``lost``: not connected; ``no way``: no new connection can be made; ``behind``: objects of the peer do not arrive;
``unknown``: the cluster that looks, or its KVStoreMesh, does not answer."""

_WORST: tuple[State, ...] = ("unknown", "lost", "synchronising", "not ready", "no way", "behind", "ready")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One cluster's view of one peer.

    Parameters
    ----------
    source
        The cluster that looks.
    servers
        By pod: what kvstoremesh says of the peer; None where it does not know it, or does not answer.
    agents
        By node: what the agent says of it; None likewise.
    ways
        By pod: the way to it, tried just now; empty where it was not tried.
    freshness
        None where it was not measured.
    problems
        All that is not as it should be, each in a line.
    """

    source: str
    peer: str
    state: State
    servers: Mapping[str, Peer | None]
    agents: Mapping[str, Peer | None]
    ways: Mapping[str, Seen[Way]]
    freshness: Freshness | None
    problems: tuple[str, ...]

    @property
    def told(self) -> Peer | None:
        """What kvstoremesh says; where none does, an agent."""
        return next((each for each in (*self.servers.values(), *self.agents.values()) if each is not None), None)


def pairs(snapshot: Snapshot, plan: FleetPlan) -> tuple[Pair, ...]:
    """Give the view of every cluster of each peer that the plan gives it, whether that one can be asked or not."""
    return tuple(
        _pair(view, peer.name, peer.id, snapshot)
        for name, view in snapshot.clusters.items()
        for peer in plan.peers(name)
    )


def wrong_of(pair: Pair) -> Iterator[Wrong]:
    """List what is wrong in a pair."""
    for problem in pair.problems:
        yield Wrong(cluster=pair.source, what=f"mesh with {pair.peer}", says=problem)


def _pair(view: ClusterView, peer: str, id_: int, snapshot: Snapshot) -> Pair:
    servers = {pod: _of(seen.value.peers if seen.value else (), peer) for pod, seen in view.mesh_servers.items()}
    agents = {node: _of(seen.value.peers if seen.value else (), peer) for node, seen in view.agents.items()}
    ways = {pod: found[peer] for pod, found in view.ways.items() if peer in found}
    there = snapshot.clusters.get(peer)
    fresh = freshness(view, there) if there is not None else None
    problems = [
        *_unreachable(view),
        *_servers(view, peer, id_),
        *_agents(view, peer, id_),
        *_ways(ways),
        *_freshness(fresh),
    ]
    return Pair(
        source=view.name,
        peer=peer,
        state=min((state for state, _ in problems), key=_WORST.index, default="ready"),
        servers=servers,
        agents=agents,
        ways=ways,
        freshness=fresh,
        problems=tuple(dict.fromkeys(text for _, text in problems)),
    )


_Said = tuple[State, str]


def _unreachable(view: ClusterView) -> Iterator[_Said]:
    if view.unreachable:
        yield "unknown", "its API server does not answer, so nobody can be asked"


def _servers(view: ClusterView, peer: str, id_: int) -> Iterator[_Said]:
    if view.mesh_servers == {} and view.config.known:
        yield "lost", "the cluster has no mesh API server"
    for seen in view.mesh_servers.values():
        if seen.value is None:
            yield "unknown", f"KVStoreMesh does not answer: {seen.error}"
        else:
            for state, text in judge(_of(seen.value.peers, peer), id_):
                yield state, f"KVStoreMesh: {text}"


def _agents(view: ClusterView, peer: str, id_: int) -> Iterator[_Said]:
    """Say what agents say, once for all that say the same. Dead ones are told of with their cluster."""
    said: dict[_Said, list[str]] = {}
    for node, seen in view.agents.items():
        if seen.value is not None:
            for each in judge(_of(seen.value.peers, peer), id_):
                said.setdefault(each, []).append(node)
    for (state, text), nodes in said.items():
        everywhere = len(nodes) == len(view.agents)
        yield state, f"{'all agents' if everywhere else 'agent on ' + ', '.join(nodes)}: {text}"


def judge(peer: Peer | None, id_: int) -> Iterator[_Said]:
    """Say what is wrong with what is said of a peer, in the order in which it comes about.

    Parameters
    ----------
    id_
        The number that the peer should have.
    """
    if peer is None:
        yield "lost", "is not told of it"
    elif not peer.connected:
        yield "lost", f"not connected: {peer.status or 'nothing is said'}"
    elif peer.cluster_id is None:
        yield "synchronising", "its configuration was not read yet (has it another name there?)"
    elif peer.cluster_id != id_:
        yield "not ready", f"it has the id {peer.cluster_id}, planned {id_}"
    elif peer.synced is None or not all(peer.synced.values()):
        open_ = [kind for kind, done in (peer.synced or {}).items() if not done]
        yield "synchronising", f"not read in full yet: {', '.join(open_) or 'anything'}"
    elif not peer.ready:
        yield "not ready", f"not ready: {peer.status}"


def _ways(ways: Mapping[str, Seen[Way]]) -> Iterator[_Said]:
    for seen in ways.values():
        if seen.value is None:
            yield "no way", f"the way could not be tried: {seen.error}"
        elif not seen.value.works:
            yield "no way", f"no new connection: {'; '.join(seen.value.failures) or 'nothing is said'}"


def _freshness(fresh: Freshness | None) -> Iterator[_Said]:
    if fresh is not None and fresh.waiting is not None:
        more = f" and {fresh.missing - 1} more" if fresh.missing > 1 else ""
        yield "behind", f"its pod {fresh.waiting.name}{more} is not known here, {fresh.waiting.age:.0f} s old"


def _of(peers: tuple[Peer, ...], name: str) -> Peer | None:
    return next((peer for peer in peers if peer.name == name), None)
