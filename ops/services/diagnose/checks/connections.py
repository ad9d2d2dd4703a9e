"""Whether every cluster gets to know of every other, where nothing else explains that it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding
from ops.services.observe.pairs import judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case
    from ops.services.observe.mesh import Peer


def look(case: Case) -> Iterator[Finding]:
    """Find pairs of clusters that are not connected, not synchronised, or between which a new connection fails."""
    for source, target in case.ways:
        view = case.clusters[source][1]
        servers = [seen.value for seen in view.mesh_servers.values() if seen.value is not None]
        if not servers:
            continue
        bad = [trouble for server in servers for trouble in _troubles(case, server.peers, target)]
        failing = _failures(case, source, target)
        needs = frozenset({things.api(source), things.copier(source), things.mesh(target), things.way(source, target)})
        if bad or failing:
            told = [*dict.fromkeys(bad), *(f"a new connection fails: {text}" for text in failing)]
            yield Finding(
                about=(source, target),
                saw=f"{source} does not hear of {target}: {'; '.join(told)}"
                if bad
                else f"{source} still hears of {target}, but {'; '.join(told)}",
                why=f"services of {target} keep the backends that {source} last knew, and policies the identities"
                if bad
                else "the next interruption will part them",
                run=case.commands.hms(f"logs clustermesh-apiserver --container kvstoremesh --cluster {source}"),
                needs=needs,
                breaks=frozenset({things.way(source, target)}),
            )
        yield from _of_agents(case, source, target, needs)


def _of_agents(case: Case, source: str, target: str, needs: frozenset[str]) -> Iterator[Finding]:
    """Agents read the copy in their own cluster: what is wrong with one alone is between it and that."""
    for node, seen in case.clusters[source][1].agents.items():
        if seen.value is None:
            continue
        bad = _troubles(case, seen.value.peers, target)
        if bad:
            yield Finding(
                about=(node, source, target),
                saw=f"the agent on {node} of {source} does not hear of {target}: {'; '.join(bad)}",
                why=f"pods of this node call the backends of {target} that it last knew",
                run=case.commands.hms(f"logs cilium --cluster {source} --node {node}"),
                needs=needs | {things.node(node), things.agent(node), things.mesh(source)},
            )


def _failures(case: Case, source: str, target: str) -> tuple[str, ...]:
    found = [
        way.value
        for ways in case.clusters[source][1].ways.values()
        if (way := ways.get(target)) is not None and way.value is not None
    ]
    return tuple(dict.fromkeys(text for way in found if not way.works for text in way.failures or ("it says nothing",)))


def _troubles(case: Case, peers: tuple[Peer, ...], name: str) -> list[str]:
    """Say what is wrong with what is said of a peer."""
    peer = next((each for each in peers if each.name == name), None)
    return [text for _, text in judge(peer, case.plan.clusters[name].id)]


CHECK = Check(
    id="connections",
    title="Every cluster hears of every other",
    covers="a peer that is not connected, not ready or not synchronised, for a cluster or for one agent",
    look=look,
)
