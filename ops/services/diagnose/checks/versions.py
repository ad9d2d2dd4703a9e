"""Whether versions fit together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case

_OLDEST = 3
"""Minors that a kubelet may be older than its API server (kubernetes.io, version skew policy)."""

_NUMBERS = re.compile(r"v?(\d+)\.(\d+)")


def look(case: Case) -> Iterator[Finding]:
    """Find agents of another version than planned, and kubelets that do not fit their API server."""
    yield from _of_cilium(case)
    for name, (_, view) in case.clusters.items():
        server = _minor(view.api.value.version) if view.api.value is not None else None
        for node in view.nodes.get(()):
            own = _minor(node.version)
            if server is None or own is None or own <= server <= own + _OLDEST:
                continue
            yield Finding(
                about=(node.name, name),
                saw=f"node {node.name} of {name} has Kubernetes {node.version}, its API server 1.{server}",
                why=f"a kubelet may be up to {_OLDEST} minors older than its API server, and never newer",
                run=case.commands.kubectl(name, "get nodes"),
                needs=frozenset({things.api(name)}),
            )
        if server is not None and "kubernetes" not in case.differs:
            planned = _minor(case.plan.clusters[name].kubernetes)
            if planned != server:
                yield Finding(
                    severity="warning",
                    about=(name,),
                    saw=f"{name} runs Kubernetes 1.{server}; planned is {case.plan.clusters[name].kubernetes}",
                    why="the next deployment would change the version, or be refused since none goes back",
                    run=case.commands.hms("status"),
                    needs=frozenset({things.api(name)}),
                )


def _of_cilium(case: Case) -> Iterator[Finding]:
    planned = case.plan.mesh.cilium
    for name, (_, view) in case.clusters.items():
        strange = {
            node: seen.value.version
            for node, seen in view.agents.items()
            if seen.value is not None and seen.value.version not in {"", planned}
        }
        if strange:
            told = ", ".join(f"{node} {version}" for node, version in sorted(strange.items()))
            yield Finding(
                severity="warning",
                about=(name,),
                saw=f"agents of {name} are not Cilium {planned}: {told}",
                why="the clusters of a mesh are tested with one version, and upgraded one minor at a time",
                run=case.commands.hms("status"),
                needs=frozenset({things.api(name)}),
            )


def _minor(version: str) -> int | None:
    found = _NUMBERS.match(version)
    return int(found[2]) if found else None


CHECK = Check(
    id="versions",
    title="Versions fit together, and are the planned ones",
    covers="agents of different versions, kubelets too old or too new, a version that is not the planned one",
    look=look,
)
