"""The Helm release of Cilium in a cluster of the lab: the real chart's objects, and processes for its workloads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from lab import differences
from lab.cilium import chart, objects
from lab.cilium.applied import Applied
from lab.cilium.running import Running
from lab.errors import LabError
from toolchain.programs import module_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.cilium.agent import Agent
    from lab.cilium.certificates import Authority
    from lab.cilium.mesh import MeshApiServer
    from lab.cilium.objects import Rendered
    from lab.cluster.api import Api
    from lab.differences import Difference, Kernel
    from lab.machine.processes import Processes
    from lab.node.node import Node
    from lab.plan import ClusterLab, Depth


class Release:
    """Cilium in one cluster. Safe to use from several threads.

    Parameters
    ----------
    kernel
        What the machine's kernel can carry packets with.

    Attributes
    ----------
    values
        As they were given at the last :meth:`install`; they hold the key of the mesh's CA.
    differences
        What is set differently from them.
    """

    def __init__(self, cluster: ClusterLab, *, depth: Depth, kernel: Kernel, api: Api, processes: Processes) -> None:
        self._cluster = cluster
        self._target = differences.Target(kernel=kernel, depth=depth, api_host=str(cluster.api))
        self._applied = Applied(cluster, api)
        self._running = Running(cluster, api, processes)
        self._lock = threading.RLock()
        self._rendered: Rendered | None = None
        self._request: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.differences: tuple[Difference, ...] = ()

    @property
    def mesh(self) -> MeshApiServer:
        """The cluster's mesh API server.

        Raises
        ------
        LabError
            If none runs.
        """
        return self._running.mesh

    def agent(self, node: str) -> Agent:
        """Give the agent of a node.

        Raises
        ------
        LabError
            If none was started there.
        """
        return self._running.agent(node)

    def install(  # noqa: PLR0913 - what Helm itself asks for
        self,
        values: dict[str, Any],
        *,
        version: str,
        name: str,
        namespace: str,
        progress: Callable[[str], None] = lambda _: None,
        wait: bool = True,
    ) -> None:
        """Install the release, or upgrade it: only what changed is started again.

        Parameters
        ----------
        values
            The deployment's own, secrets included.
        wait
            Until operator, mesh API server and all agents are healthy; without it, until they are started.

        Raises
        ------
        LabError
            If the lab has other programs than the chart's, the chart or the API server refuses something, or a
            program does not get healthy.
        """
        pinned = module_of("cilium-agent").version
        if version != pinned:
            raise LabError(
                f"the release is Cilium {version}, the lab's programs are {pinned}", f"mesh.cilium: {pinned}"
            )
        with self._lock:
            self._request = {"version": version, "name": name, "namespace": namespace}
            self.values = values
            self._roll_out(values, progress)
        if wait:
            self.wait()

    def wait(self, seconds: float = 180.0) -> None:
        """Wait until everything of it is healthy.

        Raises
        ------
        LabError
            If it does not get so; with what the program says.
        """
        self._running.wait(seconds)

    def delete(self) -> None:
        """Uninstall: end the programs, delete the objects. One that is not installed is no error."""
        with self._lock:
            self._running.kill()
            if self._rendered is not None:
                self._applied.delete(self._rendered)
            self._rendered = None

    def forget(self) -> None:
        """End the programs, where the cluster with all its objects goes."""
        with self._lock:
            self._running.kill()
            self._rendered = None

    def join(self, node: Node) -> None:
        """Take a running node in: its agent starts now, or with the release. Again for a node that came back."""
        with self._lock:
            self._running.join(node, self._rendered)

    def leave(self, node: str) -> None:
        """Let a node go, with its agent."""
        self._running.leave(node)

    def sign(self, authority: Authority | None = None, *, expired: bool = False) -> None:
        """Sign every certificate anew, and let the running programs have them.

        Parameters
        ----------
        authority
            Another than the mesh's, for faults; the mesh's stays the trusted one.
        expired
            For faults.

        Raises
        ------
        LabError
            If the release is not installed.
        """
        with self._lock:
            self._applied.sign(self._installed(), authority, expired=expired)
            self._running.refresh()

    def try_values(self, values: dict[str, Any]) -> None:
        """Run with other values, everything of it, as if it had been installed so; :attr:`values` stay.

        For faults: nobody waits until it is healthy.

        Raises
        ------
        LabError
            If it is not installed, or the chart or the API server refuses something.
        """
        with self._lock:
            self._installed()
            self._running.kill()
            self._roll_out(values, lambda _: None)

    def power_off(self) -> None:
        """Kill everything that runs, agents included."""
        self._running.kill()

    def power_on(self) -> None:
        """Start what does not run, as it was installed last; nothing where it was not."""
        with self._lock:
            if self._rendered is not None:
                self._running.start(self._rendered, self._rendered, lambda _: None)

    def _roll_out(self, values: dict[str, Any], progress: Callable[[str], None]) -> None:
        changed, rows = differences.apply(values, self._target)
        rendered = objects.sort(chart.render(changed, **self._request, kube_version=self._applied.kube_version()))
        progress(f"{len(rendered.applied)} objects")
        self._applied.put(rendered, self._rendered, self._request["namespace"])
        before, self._rendered, self.differences = self._rendered, rendered, rows
        self._running.refresh()
        self._running.start(rendered, before, progress)

    def _installed(self) -> Rendered:
        if self._rendered is None:
            raise LabError(
                f"{self._cluster.name} has no Cilium", "deploy the fleet to the lab: hms up --simulate --lab"
            )
        return self._rendered
