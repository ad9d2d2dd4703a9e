"""Which HMS components, namespaces, services and network policies each cluster gets.

A component has a namespace of its own, ``hms-<component>``. A service is global where some caller runs in a cluster
that the component does not run in, or where the component is critical; a cluster that only calls it gets a stub: the
namespace and the global service, without local endpoints (Cilium pairs services by namespace and name).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from infra.reach import declared_flows, is_global, joined, reached

if TYPE_CHECKING:
    from infra.model import Component
    from infra.plan import FleetPlan

Affinity = Literal["local", "none"]

STORAGE_CLASS = "hms-encrypted"
"""Name of the class of encrypted volumes, on both clouds: a component does not know where it runs."""


@dataclass(frozen=True, kw_only=True)
class ServicePlan:
    """The service of a component in one cluster.

    Parameters
    ----------
    is_global
        Whether it has the backends of every cluster of the mesh, and not only its own.
    shared
        Whether it gives its own backends to the other clusters. A stub has none to give.
    affinity
        ``local``: answer from the own cluster while any backend there is healthy.
    """

    name: str
    namespace: str
    port: int
    is_global: bool
    shared: bool
    affinity: Affinity


@dataclass(frozen=True, kw_only=True)
class FlowPolicy:
    """One end of one flow in one cluster.

    Policies stay in the cluster that they are written in, so each flow has one at the caller's end (egress) and one
    at the called end (ingress), in every cluster where that end runs.

    Parameters
    ----------
    direction
        Which end this is.
    component
        The component at this end.
    peer
        The component at the other end.
    clusters
        Clusters in which the other end may be, in the order of the file.
    port
        TCP port of the called component.
    """

    direction: Literal["egress", "ingress"]
    component: str
    peer: str
    clusters: tuple[str, ...]
    port: int

    @property
    def name(self) -> str:
        """Name of the policy, unique in its namespace."""
        return f"allow-{'to' if self.direction == 'egress' else 'from'}-{self.peer}"


@dataclass(frozen=True, kw_only=True)
class ComponentPlan:
    """One component in one cluster.

    Parameters
    ----------
    runs
        Whether its pods run here; False for a stub.
    crosses
        Whether a flow of it crosses clusters: whether other clusters must know its pods.
    calls
        Where it reaches each component that it may call: host and port of that one's service, by component.
    """

    name: str
    namespace: str
    cluster: str
    spec: Component
    runs: bool
    crosses: bool
    service: ServicePlan
    policies: tuple[FlowPolicy, ...]
    calls: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class WorkloadPlan:
    """All of one cluster, in the order of the file."""

    cluster: str
    components: tuple[ComponentPlan, ...]

    @property
    def keeps_state(self) -> bool:
        """Whether a component here needs the encrypted storage class."""
        return any(component.runs and component.spec.state is not None for component in self.components)


@dataclass(frozen=True, kw_only=True)
class FlowPair:
    """Whether a component in a cluster may reach a component in a cluster, on its port."""

    source_cluster: str
    source: str
    destination_cluster: str
    destination: str
    port: int
    allowed: bool


def namespace_of(component: str) -> str:
    """Name the namespace of a component, the same in every cluster."""
    return f"hms-{component}"


def _policies(plan: FleetPlan, cluster: str, component: str, spans: dict[str, bool]) -> tuple[FlowPolicy, ...]:
    policies = []
    for source, destination in declared_flows(plan):
        port = plan.fleet.components[destination].port
        if source == component:
            targets = reached(plan, cluster, destination, spans=spans[destination])
            if targets:
                policies.append(
                    FlowPolicy(direction="egress", component=source, peer=destination, clusters=targets, port=port)
                )
        if destination == component:
            callers = tuple(
                name
                for name in plan.clusters
                if name in plan.fleet.components[source].clusters
                and (name == cluster or (spans[destination] and joined(plan, name, cluster)))
            )
            if callers:
                policies.append(
                    FlowPolicy(direction="ingress", component=destination, peer=source, clusters=callers, port=port)
                )
    return tuple(policies)


def _called(plan: FleetPlan, cluster: str, spans: dict[str, bool]) -> set[str]:
    """Components that something in the cluster calls over the mesh without their running in it."""
    return {
        destination
        for source, destination in declared_flows(plan)
        if cluster in plan.fleet.components[source].clusters
        and cluster not in plan.fleet.components[destination].clusters
        and reached(plan, cluster, destination, spans=spans[destination])
    }


def _crosses(plan: FleetPlan, component: str, spans: dict[str, bool]) -> bool:
    callees = [destination for source, destination in declared_flows(plan) if source == component]
    return spans[component] or any(spans[callee] for callee in callees)


def _address(service: str, port: int) -> str:
    return f"{service}.{namespace_of(service)}.svc.cluster.local:{port}"


def plan_workloads(plan: FleetPlan, cluster: str) -> WorkloadPlan:
    """Plan one cluster's components, stubs included.

    A flow whose ends share neither a cluster nor the mesh gets nothing here: the checks refuse such a fleet.
    """
    spans = {name: is_global(plan, name) for name in plan.fleet.components}
    called = _called(plan, cluster, spans)
    components = []
    for name, spec in plan.fleet.components.items():
        runs = cluster in spec.clusters
        if not runs and name not in called:
            continue
        # A cluster outside the mesh has only its own backends, whatever the service is elsewhere.
        spanning = spans[name] and plan.clusters[cluster].meshed
        several = sum(plan.clusters[one].meshed for one in spec.clusters) > 1
        policies = _policies(plan, cluster, name, spans) if runs else ()
        components.append(
            ComponentPlan(
                name=name,
                namespace=namespace_of(name),
                cluster=cluster,
                spec=spec,
                runs=runs,
                crosses=_crosses(plan, name, spans) and plan.clusters[cluster].meshed,
                service=ServicePlan(
                    name=name,
                    namespace=namespace_of(name),
                    port=spec.port,
                    is_global=spanning,
                    shared=spanning and runs,
                    affinity="local" if spanning and several else "none",
                ),
                policies=policies,
                calls={
                    policy.peer: _address(policy.peer, policy.port)
                    # Sorted, since it becomes the order of the environment: a flow moved in the file rolls no pod.
                    for policy in sorted(policies, key=lambda one: one.peer)
                    if policy.direction == "egress"
                },
            )
        )
    return WorkloadPlan(cluster=cluster, components=tuple(components))


def flow_matrix(plan: FleetPlan) -> tuple[FlowPair, ...]:
    """List every pair of running components, over all clusters, and whether the policies let the first call the second.

    The pairs that are not allowed are in it too: a proof has to show that they are refused.
    """
    spans = {name: is_global(plan, name) for name in plan.fleet.components}
    declared = set(declared_flows(plan))
    running = [
        (cluster, name)
        for cluster in plan.clusters
        for name in plan.fleet.components
        if cluster in plan.fleet.components[name].clusters
    ]
    return tuple(
        FlowPair(
            source_cluster=source_cluster,
            source=source,
            destination_cluster=destination_cluster,
            destination=destination,
            port=plan.fleet.components[destination].port,
            allowed=(source, destination) in declared
            and destination_cluster in reached(plan, source_cluster, destination, spans=spans[destination]),
        )
        for source_cluster, source in running
        for destination_cluster, destination in running
        if (source_cluster, source) != (destination_cluster, destination)
    )
