"""Whether pods are kept back by a quota or for want of room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose.finding import Check
from ops.services.diagnose.warned import short_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case
    from ops.services.diagnose.finding import Finding

_WORDS = (
    r"exceeded quota",
    r"Insufficient (cpu|memory|pods|ephemeral-storage)",
    r"Too many pods",
    r"(Limit|Quota)Exceeded",
    r"VolumeLimitExceeded",
    r"exceed max volume count",
)


def look(case: Case) -> Iterator[Finding]:
    """Find workloads that lack pods since a quota or the nodes' size does not allow them."""
    yield from short_of(
        case,
        _WORDS,
        why="the pods that are missing are not started until there is room: raise the quota, or the node pool's max",
        run="describe resourcequota,nodes -A",
    )


CHECK = Check(
    id="quotas",
    title="No quota and no full node keeps pods back",
    covers="resource quotas, nodes without room, limits of the cloud that a pod or volume ran into",
    look=look,
)
