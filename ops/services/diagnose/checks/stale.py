"""Whether what clusters know of each other is what there is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding
from ops.services.diagnose.places import identities_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ops.services.diagnose.case import Case
    from ops.services.observe.cilium import Endpoint, Entry

GRACE = timedelta(seconds=90)
"""For a new pod to be known everywhere: seconds as a rule, two minutes after a long outage."""

_SHOWN = 5


def look(case: Case) -> Iterator[Finding]:
    """Find pods that a peer's nodes do not know, or under another identity, and addresses of pods long gone."""
    for source, target in case.ways:
        endpoints, tables = case.clusters[target][1].endpoints.value, case.clusters[source][1].addresses
        if endpoints is None:
            continue
        needs = frozenset(
            {
                things.way(source, target),
                things.mesh(source),
                things.mesh(target),
                things.copier(source),
                things.api(target),
            }
        )
        for node, seen in tables.items():
            if seen.value is not None and seen.at is not None:
                old = [each for each in endpoints if each.shared and each.identity and each.made < seen.at - GRACE]
                yield from _unknown(case, (node, source, target), seen.value, old, needs)
                yield from _gone(case, (node, source, target), seen.value, endpoints, needs)
    for name in case.meshed:
        config = case.clusters[name][1].config.value
        if config is not None and _never(config.data.get("clustermesh-cache-ttl", "0s")):
            yield Finding(
                severity="warning",
                about=(name,),
                saw=f"{name} keeps what it knows of a peer for ever (clustermesh-cache-ttl is 0)",
                why="when a link or a cluster is lost, its backends stay in services until somebody takes them out",
                run=case.commands.kubectl(
                    name,
                    "--namespace kube-system get configmap cilium-config -o jsonpath='{.data.clustermesh-cache-ttl}'",
                ),
                needs=frozenset({things.api(name)}),
            )


def _unknown(
    case: Case, about: tuple[str, str, str], table: Mapping[str, Entry], old: list[Endpoint], needs: frozenset[str]
) -> Iterator[Finding]:
    node, source, target = about
    wrong = [
        each for each in old if (entry := table.get(f"{each.address}/32")) is None or entry.identity != each.identity
    ]
    if wrong:
        yield Finding(
            about=about,
            saw=f"{node} of {source} does not know {len(wrong)} of {len(old)} pods of {target}, or under another "
            f"identity: {_names(wrong)}",
            why="calls to them fail, and policies judge calls from them as from strangers",
            run=case.commands.hms(f"logs cilium --cluster {source} --node {node}"),
            needs=needs | {things.node(node), things.agent(node)},
        )


def _gone(
    case: Case,
    about: tuple[str, str, str],
    table: Mapping[str, Entry],
    endpoints: tuple[Endpoint, ...],
    needs: frozenset[str],
) -> Iterator[Finding]:
    """Find what a cut has left behind; without one, a pod may just come or go while all of this is read."""
    node, source, target = about
    share, own = identities_of(case.plan.mesh.max_clusters), case.plan.clusters[target].id
    living = {f"{each.address}/32" for each in endpoints}
    left = [
        prefix
        for prefix, entry in table.items()
        if entry.identity // share == own and prefix.endswith("/32") and prefix not in living
    ]
    peers = [
        peer
        for seen in case.clusters[source][1].mesh_servers.values()
        for peer in (seen.value.peers if seen.value else ())
    ]
    if left and not any(peer.name == target and peer.connected for peer in peers):
        yield Finding(
            severity="warning",
            about=about,
            saw=f"{node} of {source} knows {len(left)} addresses of {target} that no pod has any more: "
            f"{', '.join(left[:_SHOWN])}",
            why="services still send calls there",
            run=case.commands.hms("mesh status"),
            needs=needs | {things.node(node), things.agent(node)},
        )


def _names(endpoints: list[Endpoint]) -> str:
    names = [f"{each.namespace}/{each.name} ({each.address})" for each in endpoints[:_SHOWN]]
    return ", ".join(names) + (f" and {len(endpoints) - _SHOWN} more" if len(endpoints) > _SHOWN else "")


def _never(duration: str) -> bool:
    return not any(digit in "123456789" for digit in duration)


CHECK = Check(
    id="stale",
    title="What clusters know of each other is what there is",
    covers="pods that peers do not know, stale backends, backends that would stay for ever",
    look=look,
)
