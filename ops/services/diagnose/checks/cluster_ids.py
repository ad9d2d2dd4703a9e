"""Whether every cluster has the name and the number in the mesh that the plan gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find clusters with one id, and such as are not called or numbered as planned."""
    for name in case.meshed:
        cluster, view = case.clusters[name]
        config = view.config.value
        if config is None or (config.name, config.id) == (cluster.name, cluster.id):
            continue
        same = [other for other in case.meshed if other != name and _number(case, other) == config.id]
        doubled = f", which is the id of {', '.join(same)}" if same else ""
        yield Finding(
            about=(name, *same),
            saw=f"{name} runs in the mesh as {config.name!r} with the id {config.id}{doubled}; planned is the id "
            f"{cluster.id}",
            why="peers tell clusters apart by id: identities of two with one id are taken for each other's, and agents "
            "refuse a peer that has their own",
            run=case.commands.kubectl(
                name, "--namespace kube-system get configmap cilium-config -o yaml | grep cluster-"
            ),
            needs=frozenset({things.api(name)}),
            breaks=frozenset(way for other in case.meshed for way in things.both_ways(name, other)),
        )


def _number(case: Case, name: str) -> int:
    cluster, view = case.clusters[name]
    return view.config.value.id if view.config.value is not None else cluster.id


CHECK = Check(
    id="cluster-ids",
    title="Every cluster has its own id and name",
    covers="two equal cluster ids, an id or name that is not the planned one",
    look=look,
)
