"""Whether every cluster is told of all its peers, and where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case
    from ops.services.observe.mesh import ConfiguredPeer


def look(case: Case) -> Iterator[Finding]:
    """Find clusters that are not told of a peer, of one too many, or of themselves."""
    for name in case.meshed:
        told = case.clusters[name][1].peers.value
        if told is None:
            continue
        planned = {peer.name for peer in case.plan.peers(name)}
        listed = told.kvstoremesh if told.kvstoremesh is not None else told.agents
        known = {peer.name for peer in listed}
        missing, strange = planned - known, known - planned - {name}
        if missing:
            yield Finding(
                about=(name, *sorted(missing)),
                saw=f"{name} is not told of {', '.join(sorted(missing))}, but of "
                f"{', '.join(sorted(known)) or 'nobody'}",
                why="it does not even try to connect to them",
                run=case.commands.hms("mesh status"),
                needs=frozenset({things.api(name)}),
                breaks=frozenset(things.way(name, other) for other in missing),
            )
        if strange:
            yield Finding(
                severity="warning",
                about=(name,),
                saw=f"{name} is told of {', '.join(sorted(strange))}, which the fleet does not have as its peer",
                why="it tries to connect to them for ever, and believes what they say of addresses and services",
                run=case.commands.hms("mesh status"),
                needs=frozenset({things.api(name)}),
            )
        yield from _itself(case, name, listed)


def _itself(case: Case, cluster: str, listed: tuple[ConfiguredPeer, ...]) -> Iterator[Finding]:
    """Find a cluster among its own peers."""
    own = set(case.plan.clusters[cluster].mesh_addresses)
    for peer in listed:
        hosts = {urlsplit(endpoint).hostname for endpoint in peer.endpoints}
        if peer.name != cluster and own.isdisjoint(hosts):
            continue
        yield Finding(
            severity="warning",
            about=(cluster,),
            saw=f"{cluster} is told of itself: {peer.name} at {', '.join(peer.endpoints)}",
            why="a node that calls itself through an AWS network load balancer gets no answer where that keeps client "
            "addresses (kubernetes/cloud-provider-aws#1160): the peer looks dead and is not",
            run=case.commands.hms("mesh status"),
            needs=frozenset({things.api(cluster)}),
        )


CHECK = Check(
    id="peers",
    title="Every cluster is told of its peers, and of nobody else",
    covers="a peer that is missing or not planned, a cluster that lists itself (NLB hairpin)",
    look=look,
)
