"""The control plane of one cluster: etcd, API server, controllers and scheduler, in a namespace of their own."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from lab.cluster import programs
from lab.cluster.api import Api
from lab.cluster.pki import API_PORT, CONTROLLERS, ClusterKeys
from lab.machine.processes import Program
from lab.machine.spaces import network_space
from lab.machine.web import Web

if TYPE_CHECKING:
    from pathlib import Path

    from lab.machine.processes import Processes
    from lab.plan import ClusterLab


class ControlPlane:
    """The Kubernetes programs of a cluster, by the names ``<cluster>/etcd``, ``<cluster>/kube-apiserver`` and so on.

    The cluster's namespace, with the cluster's address in it, has to be there.

    Parameters
    ----------
    keys
        Folder for keys, in memory.
    data
        Folder for what etcd keeps; Secrets are encrypted in it, under a key that lies beside the others.
    """

    def __init__(self, cluster: ClusterLab, processes: Processes, *, keys: Path, data: Path) -> None:
        self.keys = ClusterKeys(cluster, keys)
        self.api = Api(
            cluster.name, Web(cluster.namespace, str(cluster.api), API_PORT, self._context(administrator=True))
        )
        self._cluster = cluster
        self._processes = processes
        self._data = data

    def start(self, seconds: float = 60.0) -> None:
        """Start what does not run, and wait until all of it does its work.

        Raises
        ------
        LabError
            If a program ends, or is not ready in time.
        """
        store, server, controllers, scheduler = self._programs()
        # The API server waits for etcd by itself; the controllers need the roles that it makes before it is ready.
        for stage in ((store, server), (controllers, scheduler)):
            for program in stage:
                if not self._processes.running(program.name):
                    self._processes.start(program)
            for program in stage:
                self._processes.wait(program.name, seconds)

    def stop(self) -> None:
        """Stop all of it; what etcd holds stays."""
        for program in reversed(self._programs()):
            self._processes.stop(program.name)

    def _programs(self) -> tuple[Program, ...]:
        local = self._context(administrator=False)

        def program(name: str, command: tuple[str, ...], web: Web, probe: str, body: bytes = b"ok") -> Program:
            return Program(
                name=f"{self._cluster.name}/{name}",
                command=command,
                space=network_space(self._cluster.namespace),
                ready=lambda: web.says(probe, body),
                comes_back=True,
            )

        def loopback(port: int, context: ssl.SSLContext | None) -> Web:
            return Web(self._cluster.namespace, "127.0.0.1", port, context)

        return (
            program("etcd", programs.etcd(self._data), loopback(programs.ETCD_PORT, None), "/readyz"),
            program("kube-apiserver", programs.api_server(self._cluster, self.keys), self.api.web, "/readyz"),
            program(
                CONTROLLERS[0],
                programs.controller_manager(self.keys),
                loopback(programs.CONTROLLER_MANAGER_PORT, local),
                "/healthz",
            ),
            program(CONTROLLERS[1], programs.scheduler(self.keys), loopback(programs.SCHEDULER_PORT, local), "/readyz"),
        )

    def _context(self, *, administrator: bool) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.keys.authority.decode())
        if administrator:
            context.load_cert_chain(self.keys.path("admin.crt"), self.keys.path("admin.key"))
        return context
