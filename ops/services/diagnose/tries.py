"""Tries the ways over the network, from every node at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ops.adapters.probe import Heard, Targets, listen
from ops.errors import HmsError
from ops.services.at_once import at_once
from ops.services.observe.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.adapters.cilium_ports import Cilium

SECONDS = 2.0
"""Patience with what does not answer: ten times the slowest link's round trip."""

_AT_ONCE = 64
"""Nodes: each only waits."""


def try_ways(
    wanted: Mapping[str, Mapping[str, Targets]], ciliums: Mapping[str, Cilium], seconds: float = SECONDS
) -> dict[str, dict[str, Seen[Heard]]]:
    """Try what is wanted, by cluster and node; what cannot be tried hides nothing else."""
    with at_once(_AT_ONCE) as pool:
        running = {
            cluster: {
                node: pool.submit(_from_node, ciliums[cluster], node, targets, seconds)
                for node, targets in nodes.items()
            }
            for cluster, nodes in wanted.items()
            if cluster in ciliums
        }
        return {cluster: {node: each.result() for node, each in nodes.items()} for cluster, nodes in running.items()}


def _from_node(cilium: Cilium, node: str, targets: Targets, seconds: float) -> Seen[Heard]:
    begun = datetime.now(UTC)
    try:
        container = cilium.agents().get(node)
        if container is None:
            return Seen(error=f"no agent of Cilium on {node}", at=begun)
        return Seen(value=listen(cilium, container, targets, seconds=seconds), at=begun)
    except HmsError as error:
        return Seen(error=error.message, at=begun)
