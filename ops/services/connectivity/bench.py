"""Which pod calls for each component, where each call leads, and what nobody outside may reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.adapters.kubernetes_ports import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.plan import FleetPlan
    from ops.adapters.kubernetes_ports import Inventory, Place, Pod
    from ops.services.connectivity.plan import CasePlan, Probe

KUBELET_PORT = 10250
MESH_PORT = 2379


class Bench:
    """The clusters as they were found.

    Parameters
    ----------
    dead
        Why a cluster could not be looked at.
    """

    def __init__(self, planned: CasePlan, seen: Mapping[str, Inventory], dead: Mapping[str, str]) -> None:
        self.probes = planned.probes
        self.refused = frozenset(case.probe for case in planned.cases if case.kind == "denied")
        self.pods = tuple(pod for inventory in seen.values() for pod in inventory.pods)
        self._seen = seen
        self._dead = dead
        self._of: dict[Place, list[Pod]] = {}
        for pod in self.pods:
            self._of.setdefault(pod.place, []).append(pod)
        calling = dict.fromkeys(probe.source for probe in self.probes)
        self.sources = {place: self._of[place][0] for place in calling if place in self._of}

    def host(self, probe: Probe) -> tuple[str, str]:
        """Give the name or address to call, or why there is none."""
        if probe.host:
            return probe.host, ""
        pods = self._of.get(probe.target, [])
        if not pods:
            return "", self.absent(probe.target)
        source = self.sources.get(probe.source)
        # On another node, where there is one: the longer way.
        return min(pods, key=lambda pod: source is not None and pod.node == source.node).address, ""

    def addresses(self, probe: Probe) -> frozenset[str]:
        """List where packets of a probe may be headed, once a service's address is translated or before."""
        if not probe.host:
            return frozenset({self.host(probe)[0]})
        component = probe.target.component
        service = (
            self._seen[probe.source.cluster].services.get(component) if probe.source.cluster in self._seen else None
        )
        return frozenset(
            {pod.address for pod in self.pods if pod.place.component == component} | ({service} if service else set())
        )

    def clusters(self, probe: Probe, addresses: frozenset[str]) -> frozenset[str]:
        """Say in which clusters pods of the called component have these addresses."""
        component = probe.target.component
        return frozenset(
            pod.place.cluster for pod in self.pods if pod.place.component == component and pod.address in addresses
        )

    def absent(self, place: Place) -> str:
        """Say why a component has no pod to call from or to."""
        return self._dead.get(place.cluster) or f"{place} has no pod that is ready"


def outside_targets(plan: FleetPlan, seen: Mapping[str, Inventory]) -> list[Target]:
    """List what nobody outside may reach: mesh API servers, their node ports, kubelets."""
    targets = []
    for name, cluster in plan.clusters.items():
        if name not in seen:
            continue
        if cluster.meshed:
            targets += [
                Target(name=f"{name} mesh API server {address}:{MESH_PORT}", host=address, port=MESH_PORT)
                for address in cluster.mesh_addresses
            ]
        for node, address in seen[name].nodes.items():
            ports = {"kubelet": KUBELET_PORT} | ({"mesh node port": cluster.mesh_node_port} if cluster.meshed else {})
            targets += [
                Target(name=f"{name} {what} {node} {address}:{port}", host=address, port=port)
                for what, port in ports.items()
            ]
    return targets
