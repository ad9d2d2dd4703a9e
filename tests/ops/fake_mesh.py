"""Clusters, agents and an outside that do what the plan says, until a test breaks something."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.workloads import flow_matrix, plan_workloads
from ops.adapters.kubernetes_ports import Drop, Inventory, Place, Pod, Reply, Target
from ops.errors import ClusterError
from ops.services.connectivity.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.plan import FleetPlan
    from ops.adapters.kubernetes_ports import Failure


@dataclass
class FakeMesh:
    """A fleet whose pods call each other.

    Parameters
    ----------
    dead
        Clusters whose API server does not answer.
    unready
        Components without a ready pod, as ``aws-1/api``.
    leaks
        Pairs (source, destination) of components that pass though no flow allows them.
    broken
        What becomes of a call instead of an answer, by (source, destination) of components.
    forgetful
        How many times the agents are asked before they tell of a drop.
    mute
        Nodes whose agent does not answer.
    remote_first
        Services that answer from any cluster, whatever they prefer.
    slow
        Seconds that a large request takes.
    largest
        Octets of a request that a server takes.
    names
        Whether a pod tells its name.
    """

    plan: FleetPlan
    dead: set[str] = field(default_factory=set)
    unready: set[str] = field(default_factory=set)
    leaks: set[tuple[str, str]] = field(default_factory=set)
    broken: dict[tuple[str, str], Failure] = field(default_factory=dict)
    reason: str = "POLICY_DENIED"
    forgetful: int = 0
    mute: set[str] = field(default_factory=set)
    remote_first: set[str] = field(default_factory=set)
    slow: float = 0.1
    swallowed: bool = False
    largest: int = 1 << 20
    names: bool = True
    entrance: float = 0.0
    walled_in: bool = False
    open_outside: set[str] = field(default_factory=set)
    stubborn: set[str] = field(default_factory=set)
    on_call: Callable[[], None] = lambda: None
    entered: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    drops: list[Drop] = field(default_factory=list)
    passed: list[tuple[str, str, int]] = field(default_factory=list)
    asked: int = 0
    calls: int = 0
    where: str = "outside"
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.pods: list[Pod] = []
        for number, cluster in enumerate(self.plan.clusters, start=1):
            for index, component in enumerate(plan_workloads(self.plan, cluster).components):
                self.pods += [
                    Pod(
                        place=Place(cluster=cluster, component=component.name),
                        namespace=component.namespace,
                        name=f"{component.name}-{cluster}-{replica}",
                        node=f"{cluster}-{'ab'[replica]}",
                        address=f"10.{number}.{replica}.{index}",
                    )
                    for replica in (0, 1)
                    if component.runs
                ]
        self.allowed = {
            (pair.source_cluster, pair.source, pair.destination_cluster, pair.destination)
            for pair in flow_matrix(self.plan)
            if pair.allowed
        }

    @property
    def world(self) -> World:
        return World(
            where="a fake",
            stations={name: FakeStation(self, name) for name in self.plan.clusters},
            agents=FakeAgents(self),
            outside=self,
            remarks=("a fake carries no packets",),
        )

    def in_cluster(self, cluster: str) -> tuple[Pod, ...]:
        return tuple(pod for pod in self.pods if pod.place.cluster == cluster and str(pod.place) not in self.unready)

    def drops_of(self, node: str) -> tuple[Drop, ...]:
        return tuple(drop for drop in self.drops if drop.node == node)

    def asked_for(self) -> int:
        with self._lock:
            self.asked += 1
            return self.asked

    def reached(self, targets: tuple[Target, ...], seconds: float) -> tuple[tuple[Target, str], ...]:
        assert seconds > 0
        if self.walled_in:
            raise ClusterError("no way outside")
        return tuple((target, "connected") for target in targets if target.host in self.open_outside)

    def call(self, source: Pod, host: str, port: int, *, calls: int, octets: int) -> Reply:
        with self._lock:
            self.calls += 1
        self.on_call()
        pods = self.reached_by(source, host)
        component = pods[0].place.component if pods else host.partition(".")[0]
        if failure := self.broken.get((source.place.component, component)):
            return Reply(failure=failure, told="as told", seconds=3.0)
        admitted = [
            pod
            for pod in pods
            if (source.place.cluster, source.place.component, pod.place.cluster, component) in self.allowed
            or (source.place.component, component) in self.leaks
        ]
        if not admitted:
            target = pods[0] if pods else next(pod for pod in self.pods if pod.place.component == component)
            with self._lock:
                self.drops.append(
                    Drop(
                        source=source.address,
                        destination=target.address,
                        port=port,
                        node=source.node,
                        direction="egress",
                        reason=self.reason,
                    )
                )
            return Reply(failure="silent", seconds=3.0)
        with self._lock:
            self.passed += [(source.address, pod.address, port) for pod in admitted]
        if octets and self.swallowed:
            return Reply(failure="silent", seconds=18.0)
        if octets > self.largest:
            return Reply(failure="cut", seconds=0.1)
        answers = tuple(admitted[number % len(admitted)].name if self.names else "<html>" for number in range(calls))
        return Reply(answers=answers, seconds=self.slow if octets else 0.002)

    def reached_by(self, source: Pod, host: str) -> list[Pod]:
        """List the pods behind an address or a service's name, as Cilium chooses them."""
        if host[0].isdigit():
            return [pod for pod in self.pods if pod.address == host]
        component = host.partition(".")[0]
        here = {each.name: each for each in plan_workloads(self.plan, source.place.cluster).components}
        service = here[component].service
        pods = [
            pod
            for cluster in self.plan.clusters
            for pod in self.in_cluster(cluster)
            if pod.place.component == component and (service.is_global or cluster == source.place.cluster)
        ]
        own = [pod for pod in pods if pod.place.cluster == source.place.cluster]
        prefers = service.affinity == "local" and component not in self.remote_first
        return own if prefers and own else pods


@dataclass
class FakeStation:
    mesh: FakeMesh
    name: str

    def look(self) -> Inventory:
        if self.name in self.mesh.dead:
            raise ClusterError(f"{self.name}: the API server does not answer")
        return Inventory(
            pods=self.mesh.in_cluster(self.name),
            services={
                each.name: f"10.100.0.{index}"
                for index, each in enumerate(plan_workloads(self.mesh.plan, self.name).components)
            },
            nodes={f"{self.name}-a": f"10.200.{self.mesh.plan.clusters[self.name].id}.1"},
        )

    @contextmanager
    def caller(self, pod: Pod) -> Iterator[FakeCaller]:
        if str(pod.place) in self.mesh.stubborn:
            raise ClusterError(f"{pod.place}: the container does not start")
        time.sleep(self.mesh.entrance)
        self.mesh.entered.append(pod.name)
        try:
            yield FakeCaller(self.mesh, pod)
        finally:
            self.mesh.left.append(pod.name)


@dataclass
class FakeCaller:
    mesh: FakeMesh
    pod: Pod

    def call(self, host: str, port: int, *, calls: int, octets: int, seconds: float) -> Reply:
        assert seconds > 0
        return self.mesh.call(self.pod, host, port, calls=calls, octets=octets)


@dataclass
class FakeAgents:
    mesh: FakeMesh

    def drops(self, cluster: str, node: str, since: float) -> tuple[Drop, ...]:
        del cluster, since
        if node in self.mesh.mute:
            raise ClusterError(f"no agent runs on {node}")
        return self.mesh.drops_of(node) if self.mesh.asked_for() > self.mesh.forgetful else ()

    def reached(self, cluster: str, node: str, since: float, *, source: str, port: int) -> frozenset[str]:
        del cluster, since
        if node in self.mesh.mute:
            raise ClusterError(f"no agent runs on {node}")
        return frozenset(address for caller, address, to in self.mesh.passed if (caller, to) == (source, port))
