"""The release's processes: operator, mesh API server, and an agent on each node."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from lab.cilium import agent, mesh, operator
from lab.cilium.agent import Agent
from lab.cilium.mesh import MeshApiServer
from lab.cilium.operator import Operator
from lab.cluster.pki import API_PORT
from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.cilium.chart import Object
    from lab.cilium.objects import Rendered
    from lab.cluster.api import Api
    from lab.machine.processes import Processes
    from lab.node.node import Node
    from lab.plan import ClusterLab


class Running:
    """The processes of one cluster's release. Safe to use from several threads."""

    def __init__(self, cluster: ClusterLab, api: Api, processes: Processes) -> None:
        self._cluster = cluster
        self._api = api
        self._processes = processes
        self._lock = threading.RLock()
        self._nodes: dict[str, Node] = {}
        self._agents: dict[str, Agent] = {}
        self._operator: Operator | None = None
        self._mesh: MeshApiServer | None = None

    @property
    def mesh(self) -> MeshApiServer:
        """The cluster's mesh API server.

        Raises
        ------
        LabError
            If none runs.
        """
        if self._mesh is None:
            raise LabError(f"{self._cluster.name} has no mesh API server", "is Cilium released, the cluster meshed?")
        return self._mesh

    def agent(self, node: str) -> Agent:
        """Give the agent of a node.

        Raises
        ------
        LabError
            If none was started there.
        """
        if node not in self._agents:
            raise LabError(f"no agent of Cilium on {node}", f"agents: {', '.join(self._agents) or 'none'}")
        return self._agents[node]

    def start(self, rendered: Rendered, before: Rendered | None, progress: Callable[[str], None]) -> None:
        """Start what does not run, and anew what is not rendered as before; wait for nothing.

        Raises
        ------
        LabError
            If something cannot be started.
        """
        with self._lock:
            progress("operator")
            self._start_operator(rendered, before)
            progress(f"mesh API server and {len(self._nodes)} agents")
            with ThreadPoolExecutor(2) as pool:
                started = (pool.submit(start, rendered, before) for start in (self._start_mesh, self._start_agents))
                for one in tuple(started):
                    one.result()

    def wait(self, seconds: float) -> None:
        """Wait until everything is healthy.

        Raises
        ------
        LabError
            If it does not get so; with what the program says.
        """
        for one in (self._operator, self._mesh, *self._agents.values()):
            if one is not None:
                one.wait(seconds)

    def kill(self) -> None:
        """Kill everything."""
        with self._lock:
            for one in (*self._agents.values(), self._mesh, self._operator):
                if one is not None:
                    one.kill()
            self._agents.clear()
            self._mesh, self._operator = None, None

    def refresh(self) -> None:
        """Let everything have changed Secrets and ConfigMaps."""
        with self._lock:
            for one in (self._mesh, *self._agents.values()):
                if one is not None:
                    one.refresh()

    def join(self, node: Node, rendered: Rendered | None) -> None:
        """Take a node in; its agent starts now if there is a rendering."""
        with self._lock:
            self._nodes[node.name] = node
            if rendered is not None:
                self._start_agent(node, rendered)

    def leave(self, node: str) -> None:
        """Let a node go, with its agent."""
        with self._lock:
            self._nodes.pop(node, None)
            gone = self._agents.pop(node, None)
            if gone is not None:
                gone.kill()

    def _start_operator(self, rendered: Rendered, before: Rendered | None) -> None:
        deployment = rendered.workload("Deployment", operator.NAME)
        if self._operator is None or _changed(before, deployment):
            if self._operator is not None:
                self._operator.stop()
            self._operator = Operator(
                self._cluster, deployment, api=self._api, processes=self._processes, env=self._env()
            )
            self._operator.start()

    def _start_mesh(self, rendered: Rendered, before: Rendered | None) -> None:
        if not rendered.has("Deployment", mesh.NAME):
            if self._mesh is not None:
                self._mesh.stop()
            self._mesh = None
            return
        deployment = rendered.workload("Deployment", mesh.NAME)
        if self._mesh is None or _changed(before, deployment):
            if self._mesh is not None:
                self._mesh.stop()
            self._mesh = MeshApiServer(
                self._cluster, deployment, api=self._api, processes=self._processes, env=self._env()
            )
            self._mesh.start()

    def _start_agents(self, rendered: Rendered, before: Rendered | None) -> None:
        anew = _changed(before, rendered.workload("DaemonSet", agent.NAME))
        nodes = [node for node in self._nodes.values() if node.name not in self._agents or anew]
        if nodes:
            with ThreadPoolExecutor(len(nodes)) as pool:
                list(pool.map(lambda node: self._start_agent(node, rendered), nodes))

    def _start_agent(self, node: Node, rendered: Rendered) -> None:
        old = self._agents.pop(node.name, None)
        if old is not None:
            old.stop()
        daemon_set = rendered.workload("DaemonSet", agent.NAME)
        one = Agent(self._cluster.name, daemon_set, node=node, api=self._api, processes=self._processes)
        one.start()
        self._agents[node.name] = one

    def _env(self) -> dict[str, str]:
        """Give what kubelet would tell pods of the API server; here they reach it without Cilium's help."""
        return {"KUBERNETES_SERVICE_HOST": str(self._cluster.api), "KUBERNETES_SERVICE_PORT": str(API_PORT)}


def _changed(before: Rendered | None, workload: Object) -> bool:
    """Say whether pods of a workload would be rolled out anew."""
    kind, name = workload["kind"], workload["metadata"]["name"]
    if before is None or not before.has(kind, name):
        return True
    old = before.workload(kind, name)
    return bool(old["spec"]["template"] != workload["spec"]["template"])
