"""``hms status``: how all clusters of a fleet do, right now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.services.observe.compare import wrong_between
from ops.services.observe.pairs import Pair, pairs, wrong_of
from ops.services.observe.words import instant, share
from ops.services.observe.wrong import Wrong, is_late, wrong_in, wrong_table
from ops.services.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.plan import FleetPlan
    from ops.services.observe.kubernetes import Workload
    from ops.services.observe.snapshot import ClusterView, Snapshot

PARTS = frozenset(
    {
        *("nodes", "pods", "workloads", "policies", "config", "cilium_nodes", "operator"),
        *("agents", "mesh_servers"),
    }
)
"""What has to be seen for it."""


@dataclass(frozen=True, kw_only=True)
class FleetReport:
    """A fleet at a moment."""

    snapshot: Snapshot
    plan: FleetPlan
    pairs: tuple[Pair, ...]
    wrong: tuple[Wrong, ...]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    @property
    def usable(self) -> bool:
        """Whether any cluster was to be asked."""
        return any(not view.unreachable for view in self.snapshot.clusters.values())

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data: the field ``live`` of ``docs/json/status.md``."""
        return {
            "where": self.snapshot.where,
            "taken": instant(self.snapshot.taken),
            "seconds": round(self.snapshot.seconds, 2),
            "good": self.good,
            "clusters": {name: self._json(view) for name, view in self.snapshot.clusters.items()},
            "links": {
                name: {"connections": len(found), "ready": sum(each.state == "ready" for each in found)}
                for name, found in self._links()
            },
            "wrong": [each.as_json() for each in self.wrong],
            "remarks": list(self.snapshot.remarks),
        }

    def tables(self) -> tuple[Table, ...]:
        """Give it as tables: what is wrong, clusters, links, components; in each, what is wrong comes first."""
        troubled = {each.cluster for each in self.wrong}
        views = sorted(self.snapshot.clusters.values(), key=lambda view: view.name not in troubled)
        clusters = Table(
            title=f"Clusters of {self.snapshot.fleet}, {self.snapshot.where}",
            head=(
                *("cluster", "wrong", "API server", "nodes", "kubelets", "agents", "Cilium", "operator"),
                *("peers", "Hubble", "components"),
            ),
            rows=tuple(map(self._row, views)),
        )
        links = Table(
            title="Links",
            head=("link", "between", "mesh connections over it"),
            rows=tuple(
                (name, " and ".join(self.plan.links[name].sites), share(each.state == "ready" for each in found))
                for name, found in self._links()
            ),
        )
        return tuple(table for table in (wrong_table(self.wrong), clusters, links, self._components()) if table.rows)

    @property
    def summary(self) -> str:
        """Say it in a line."""
        answer = sum(not view.unreachable for view in self.snapshot.clusters.values())
        return (
            f"{self.snapshot.fleet}: {answer} of {len(self.snapshot.clusters)} clusters answer, "
            f"{len(self.wrong)} things wrong, seen within {self.snapshot.seconds:.1f} s"
        )

    def _row(self, view: ClusterView) -> tuple[str, ...]:
        wrong = sum(each.cluster == view.name for each in self.wrong)
        if view.unreachable:
            return (view.name, str(wrong), "does not answer", *("?",) * 8)
        agents = [seen.value for seen in view.agents.values()]
        ours = _ours(view)
        return (
            view.name,
            str(wrong) if wrong else "-",
            view.api.value.version if view.api.value else "?",
            share(node.ready for node in view.nodes.get(())),
            ", ".join(sorted({node.version for node in view.nodes.get(())})) or "-",
            share(agent is not None and agent.state == "Ok" for agent in agents),
            ", ".join(sorted({agent.version for agent in agents if agent and agent.version})) or "-",
            "late" if is_late(view.operator) else "works" if view.operator.known else "?",
            share(each.state == "ready" for each in self.pairs if each.source == view.name),
            share(agent is not None and agent.hubble == "Ok" for agent in agents),
            f"{sum(each.ready for each in ours)} of {sum(each.desired for each in ours)} pods" if ours else "-",
        )

    def _components(self) -> Table:
        """List components, those that lack pods first."""
        found = [
            (each.ready >= each.desired, each.name, view.name, each) for view in self._seen() for each in _ours(view)
        ]
        return Table(
            title="Components",
            head=("component", "cluster", "pods ready", "kind", "image"),
            rows=tuple(
                (name, cluster, f"{each.ready} of {each.desired}", each.kind, each.image)
                for _, name, cluster, each in sorted(found, key=lambda row: row[:3])
            ),
        )

    def _seen(self) -> Iterator[ClusterView]:
        return (view for view in self.snapshot.clusters.values() if not view.unreachable)

    def _links(self) -> Iterator[tuple[str, list[Pair]]]:
        """Give the connections that cross each link."""
        for name, link in self.plan.links.items():
            yield (
                name,
                [
                    each
                    for each in self.pairs
                    if {self.plan.clusters[each.source].site, self.plan.clusters[each.peer].site} == set(link.sites)
                ],
            )

    def _json(self, view: ClusterView) -> dict[str, Any]:
        config, operator = view.config.value, view.operator.value
        return {
            "error": view.unreachable or None,
            "kubernetes": view.api.value.version if view.api.value else None,
            "id": config.id if config else None,
            "nodes": {
                node.name: {"ready": node.ready, "kubelet": node.version, "zone": node.zone or None}
                for node in view.nodes.get(())
            },
            "agents": {
                node: {
                    "state": seen.value.state if seen.value else None,
                    "version": (seen.value.version or None) if seen.value else None,
                    "hubble": seen.value.hubble if seen.value else None,
                    "encryption": seen.value.encryption if seen.value else None,
                    "error": seen.error or None,
                }
                for node, seen in view.agents.items()
            },
            "operator": {
                "holder": operator.holder if operator else None,
                "renewed": instant(operator.renewed) if operator else None,
                "error": view.operator.error or None,
            },
            "peers": {each.peer: each.state for each in self.pairs if each.source == view.name},
            "components": {
                each.name: {"kind": each.kind, "ready": each.ready, "desired": each.desired, "image": each.image}
                for each in _ours(view)
            },
        }


def fleet_report(snapshot: Snapshot, plan: FleetPlan) -> FleetReport:
    """Judge a fleet by what was seen of it."""
    found = pairs(snapshot, plan)
    views = snapshot.clusters
    wrong = (
        *(each for view in views.values() for each in wrong_in(view, plan)),
        *wrong_between(snapshot, plan),
        *(each for pair in found if not views[pair.source].unreachable for each in wrong_of(pair)),
    )
    return FleetReport(snapshot=snapshot, plan=plan, pairs=found, wrong=wrong)


def _ours(view: ClusterView) -> list[Workload]:
    return [each for each in view.workloads.get(()) if each.ours]
