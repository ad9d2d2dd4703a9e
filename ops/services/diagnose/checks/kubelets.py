"""Whether Kubernetes has every node as ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find nodes that are there and not ready."""
    for name, (_, view) in case.clusters.items():
        for node in view.nodes.get(()):
            if node.ready:
                continue
            yield Finding(
                about=(node.name, name),
                saw=f"Kubernetes has node {node.name} of {name} as not ready: {node.reason}",
                why="its pods are out of every service and will be replaced elsewhere; new ones are not put there",
                run=case.commands.kubectl(name, f"describe node {node.name}"),
                needs=frozenset({things.api(name), things.node(node.name), things.agent(node.name)}),
                breaks=frozenset({things.node(node.name)}),
            )


CHECK = Check(
    id="kubelets",
    title="Every node is ready",
    covers="a dead kubelet, a full disk, a node without CNI",
    look=look,
)
