"""Whether the nodes are there at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find nodes of which neither the agent nor, for their neighbours, the address answers."""
    for name, (_, view) in case.clusters.items():
        for node in view.nodes.get(()):
            neighbours = [each for each in case.ears(site=case.site(name)) if each != node.name]
            agent = view.agents.get(node.name)
            if not neighbours or agent is None or not agent.failed or case.alive(name, node.name):
                continue
            said = "ready, still" if node.ready else f"not ready ({node.reason})"
            yield Finding(
                about=(node.name, name),
                saw=f"node {node.name} of {name} ({node.address}) does not answer its neighbours "
                f"({', '.join(sorted(neighbours))}), nor does its agent; Kubernetes has it as {said}",
                why="its pods are gone; Kubernetes takes them out of services when it notices, after about 50 s, and "
                "starts them elsewhere after 5 minutes",
                run=case.commands.kubectl(name, f"describe node {node.name}"),
                needs=frozenset({things.api(name)}),
                breaks=frozenset({things.node(node.name), things.agent(node.name)}),
            )


CHECK = Check(
    id="nodes",
    title="Every node answers",
    covers="a node that is off, or cut off from its site's network",
    look=look,
)
