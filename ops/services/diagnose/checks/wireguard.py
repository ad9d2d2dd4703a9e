"""Whether every node has every other as a WireGuard peer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find nodes without a key, and agents with fewer peers than there are other nodes."""
    if not case.plan.mesh.encrypted or "encryption.enabled" in case.differs:
        return
    views = {name: view for name, (_, view) in case.clusters.items()}
    for name, view in views.items():
        keyless = [node.name for node in view.cilium_nodes.get(()) if not node.encryption_key]
        if keyless:
            yield Finding(
                about=(*keyless, name),
                saw=f"{', '.join(keyless)} of {name} have told no WireGuard key",
                why="no other node can encrypt for them: packets to them are dropped, or without strict mode go in the "
                "clear",
                run=case.commands.hms(f"logs cilium --cluster {name}"),
                needs=frozenset({things.api(name), *map(things.agent, keyless), *map(things.node, keyless)}),
            )
        within = case.meshed if name in case.meshed else (name,)
        nodes = sum(len(views[other].cilium_nodes.get(())) for other in within)
        if any(not views[other].cilium_nodes.known for other in within):
            continue
        for node, seen in view.agents.items():
            peers = seen.value.wireguard_peers if seen.value is not None else None
            if seen.value is not None and (peers or 0) < nodes - 1:
                yield Finding(
                    about=(node, name),
                    saw=f"{node} of {name} has {peers or 'no'} WireGuard peers; there are {nodes - 1} other nodes",
                    why="packets to the nodes that are missing are dropped, or go in the clear",
                    run=case.commands.hms(f"logs cilium --cluster {name} --node {node}"),
                    needs=frozenset(
                        {
                            things.node(node),
                            things.agent(node),
                            *(things.way(name, other) for other in within if other != name),
                            *(things.mesh(other) for other in within),
                        }
                    ),
                )


CHECK = Check(
    id="wireguard",
    title="Every node encrypts for every other",
    covers="WireGuard peers that are missing, nodes without a key",
    look=look,
)
