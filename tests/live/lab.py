"""A lab as its user has it: through the command line, kubeconfigs, and calls from pods."""

from __future__ import annotations

import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kubernetes import client

from infra.load import load_fleet
from infra.planner import plan_fleet
from infra.workloads import namespace_of
from ops.adapters.kubernetes import kubernetes_api
from ops.adapters.kubernetes_caller import PodCaller
from ops.adapters.kubernetes_station import KubernetesStation
from ops.adapters.lab import Lab, LabAgents
from tests.e2e.command import HMS, Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.plan import FleetPlan
    from ops.adapters.kubernetes import KubernetesApi
    from ops.adapters.kubernetes_ports import Drop, Inventory, Pod, Reply

_Seen = TypeVar("_Seen")

ROOT = Path(__file__).parents[2]
FLEETS = Path(__file__).with_name("fleets")
DEV = ROOT / "fleets" / "dev.yaml"

CALLS_FROM = 18090
"""Port that neither a component nor hms connectivity test has; what calls listens there in its pod."""


@dataclass(frozen=True)
class Caller:
    """A pod in which something listens on a port that calls others when it is asked to."""

    api: KubernetesApi
    pod: Pod
    port: int

    def call(self, host: str, port: int, *, calls: int = 1, octets: int = 0, seconds: float = 3.0) -> Reply:
        """Call an HTTP server, one call after the other, until one fails."""
        return PodCaller(self.api, self.pod, self.port).call(host, port, calls=calls, octets=octets, seconds=seconds)


@dataclass
class LiveLab:
    """A lab in a folder of state, running or not. Close it to close its connections; the lab goes on."""

    state: Path
    fleet: Path = DEV
    seconds_up: float = 0.0
    _stack: ExitStack = field(default_factory=ExitStack)
    _apis: dict[str, KubernetesApi] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.state / "lab"

    @property
    def lab(self) -> Lab:
        return Lab(self.folder)

    @property
    def plan(self) -> FleetPlan:
        return plan_fleet(load_fleet(self.fleet))

    def hms(self, *arguments: str, code: int | None = 0, timeout: float = 280) -> Answer:
        """Run the command line to its end; all but ``hms lab`` look at a lab that is up, and get the fleet's file."""
        fleet = () if arguments[0] == "lab" and arguments[1] != "up" else ("--fleet", str(self.fleet))
        command = [str(HMS), *arguments, *fleet, "--state", str(self.state)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL, cwd=ROOT
        )
        if code is not None:
            said = f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
            assert done.returncode == code, f"{' '.join(command)} gave {done.returncode}:\n{said}"
        return Answer(done.returncode, done.stdout, done.stderr)

    def api(self, cluster: str) -> KubernetesApi:
        if cluster not in self._apis:
            file = str(self.lab.record().kubeconfigs[cluster])
            self._apis[cluster] = self._stack.enter_context(kubernetes_api(cluster, file))
        return self._apis[cluster]

    def core(self, cluster: str) -> client.CoreV1Api:
        return client.CoreV1Api(self.api(cluster)._client)

    def objects(self, cluster: str) -> client.CustomObjectsApi:
        return client.CustomObjectsApi(self.api(cluster)._client)

    def look(self, cluster: str) -> Inventory:
        """See the pods of components that are ready."""
        return KubernetesStation(self.api(cluster), CALLS_FROM).look()

    def pods(self, cluster: str, component: str) -> list[Pod]:
        return [pod for pod in self.look(cluster).pods if pod.place.component == component]

    def names(self, cluster: str, component: str) -> set[str]:
        """Give the names of the ready pods of a component."""
        return {pod.name for pod in self.pods(cluster, component)}

    def scale(self, cluster: str, component: str, replicas: int) -> None:
        """Change the number of a component's pods; down to none they go at once, as when they die."""
        namespace = namespace_of(component)
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{component}"
        self.api(cluster).patch(path, {"spec": {"replicas": replicas}})
        if replicas == 0:
            self.core(cluster).delete_collection_namespaced_pod(
                namespace, label_selector=f"app.kubernetes.io/name={component}", grace_period_seconds=0
            )

    @contextmanager
    def caller(self, cluster: str, component: str) -> Iterator[Caller]:
        """Call from a ready pod of a component."""
        pod = self.pods(cluster, component)[0]
        with KubernetesStation(self.api(cluster), CALLS_FROM).caller(pod):
            yield Caller(self.api(cluster), pod, CALLS_FROM)

    def drops(self, pod: Pod, since: float) -> tuple[Drop, ...]:
        """Ask the agent of a pod's node what it has dropped since a time."""
        return LabAgents(self.lab).drops(pod.place.cluster, pod.node, since)

    def close(self) -> None:
        self._stack.close()
        self._apis.clear()


def host_of(component: str) -> str:
    """Give the name of a component's service."""
    return f"{component}.{namespace_of(component)}.svc.cluster.local"


def until(what: str, holds: Callable[[], Any], seconds: float = 60.0) -> float:
    """Wait until something holds, and give the seconds that took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)
    return time.monotonic() - begun


def seen_until(look: Callable[[], _Seen], expected: _Seen, seconds: float) -> tuple[_Seen, float]:
    """Look until it is as expected, at least once; give what was seen last and the seconds until that look began."""
    begun = time.monotonic()
    while True:
        at, seen = time.monotonic(), look()
        if seen == expected or time.monotonic() - begun > seconds:
            return seen, at - begun
