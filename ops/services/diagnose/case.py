"""What checks look at: the plan, what was seen, the ways that were tried, and how the next command is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, permutations
from typing import TYPE_CHECKING

from ops.services.diagnose.places import node_addresses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.plan import ClusterPlan, FleetPlan
    from ops.adapters.probe import Heard
    from ops.services.diagnose.commands import Commands
    from ops.services.observe.seen import Seen
    from ops.services.observe.snapshot import ClusterView, Snapshot


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fleet to be diagnosed.

    Parameters
    ----------
    tried
        What answered, by cluster and by the node from which it was tried.
    differs
        Places in the plan where this deployment is meant to be different, as a lab is: ``encryption.enabled``.
    """

    plan: FleetPlan
    seen: Snapshot
    tried: Mapping[str, Mapping[str, Seen[Heard]]]
    commands: Commands
    differs: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def clusters(self) -> Mapping[str, tuple[ClusterPlan, ClusterView]]:
        """Clusters that were looked at, in the order of the fleet file."""
        return {
            name: (cluster, self.seen.clusters[name])
            for name, cluster in self.plan.clusters.items()
            if name in self.seen.clusters
        }

    @cached_property
    def meshed(self) -> tuple[str, ...]:
        """Clusters of the mesh that were looked at."""
        return tuple(name for name, (cluster, _) in self.clusters.items() if cluster.meshed)

    @property
    def couples(self) -> Iterator[tuple[str, str]]:
        """Every two of them, once."""
        return combinations(self.meshed, 2)

    @property
    def ways(self) -> Iterator[tuple[str, str]]:
        """Every two of them, in both directions."""
        return permutations(self.meshed, 2)

    @cached_property
    def nodes(self) -> Mapping[str, Mapping[str, str]]:
        """Address of each node by its name, by cluster; by the address where the cluster itself could not be asked."""
        return node_addresses(self.plan, self.seen)

    def site(self, cluster: str) -> str:
        """Name the site of a cluster."""
        return self.plan.clusters[cluster].site

    def ears(self, *, site: str | None = None, cluster: str | None = None) -> Mapping[str, Heard]:
        """Give what each node of a site or a cluster heard, of those from which anything could be tried."""
        return {
            node: heard.value
            for name, nodes in self.tried.items()
            if cluster in {None, name} and site in {None, self.site(name)}
            for node, heard in nodes.items()
            if heard.value is not None
        }

    def alive(self, cluster: str, node: str) -> bool:
        """Say whether a node has shown itself: something was tried from it, or a neighbour in its site heard it."""
        own = self.tried.get(cluster, {}).get(node)
        if own is not None and own.known:
            return True
        address = self.nodes[cluster].get(node, "")
        return any(heard.answers(address) for heard in self.ears(site=self.site(cluster)).values())
