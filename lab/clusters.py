"""One cluster of a lab that runs: control plane, nodes, cluster DNS, volumes, and Cilium once it is released."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.cilium.release import Release
from lab.cluster.control_plane import ControlPlane
from lab.cluster.dns import dns_objects
from lab.cluster.pki import API_PORT, write_secret
from lab.cluster.storage import Provisioner
from lab.errors import LabError
from lab.images import COREDNS
from lab.machine.forward import Forward
from lab.node.node import Node

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from lab.differences import Kernel
    from lab.machine.processes import Processes
    from lab.network.networks import Networks
    from lab.node.disks import Disks
    from lab.plan import ClusterLab, LabPlan, NodeLab

_KEYS = Path("/run/hms/keys")
"""In the lab's own memory: no key of a control plane reaches a disk."""


class RunningCluster:
    """A cluster.

    Parameters
    ----------
    folder
        The lab's folder.
    listener
        Listens on the machine's loopback; leads to the API server.
    """

    def __init__(  # noqa: PLR0913 - all that a cluster is made of
        self,
        cluster: ClusterLab,
        plan: LabPlan,
        processes: Processes,
        *,
        folder: Path,
        listener: socket.socket,
        networks: Networks,
        disks: Disks,
        kernel: Kernel,
        lab_cgroup: str,
    ) -> None:
        self.plan = cluster
        self._data = folder / "data" / "etcd" / cluster.name
        self.control_plane = ControlPlane(cluster, processes, keys=_KEYS / cluster.name, data=self._data)
        self.release = Release(
            cluster, depth=plan.depth, kernel=kernel, api=self.control_plane.api, processes=processes
        )
        self.nodes = {
            node.name: Node(
                node,
                cluster,
                plan.sites[cluster.site].cloud,
                processes,
                api=self.control_plane.api,
                keys=self.control_plane.keys.for_node,
                disks=disks,
                lab_cgroup=lab_cgroup,
            )
            for node in cluster.nodes
        }
        self._listener = listener
        self._networks = networks
        self._disks = disks
        self._depth = plan.depth
        self._storage = Provisioner(self.control_plane.api, lambda node, path: self.node(node).make_directory(path))
        self._kubeconfig = folder / "kubeconfigs" / f"{cluster.name}.yaml"

    def start(self, progress: Callable[[str], None]) -> None:
        """Start the control plane, and open the way to it from the machine."""
        self._start_control_plane()
        server = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self._kubeconfig.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secret(self._kubeconfig, self.control_plane.keys.admin_kubeconfig(server))
        Forward(self._listener, self.plan.namespace, str(self.plan.api), API_PORT)
        progress(f"{self.plan.name}: API server answers")
        if self._depth == "datapath":
            self._storage.start()

    def start_nodes(self, progress: Callable[[str], None]) -> None:
        """Switch all nodes on."""
        with ThreadPoolExecutor(max(len(self.nodes), 1)) as pool:
            list(pool.map(self.start_node, self.nodes))
        if self.nodes:
            progress(f"{self.plan.name}: {len(self.nodes)} nodes joined")

    def start_node(self, name: str) -> None:
        """Switch a node on, with its agent where Cilium is released."""
        node = self.node(name)
        self._networks.plug(self._planned(name))
        node.start()
        self.release.join(node)

    def stop_node(self, name: str) -> None:
        """Take a node's power away."""
        if self.node(name).running:
            self.release.leave(name)
            self.node(name).kill()
            self._networks.unplug(self._planned(name))

    def node(self, name: str) -> Node:
        """Give a node.

        Raises
        ------
        LabError
            If there is none of that name.
        """
        if name not in self.nodes:
            raise LabError(f"{self.plan.name} has no node {name}", f"nodes: {', '.join(self.nodes) or 'none'}")
        return self.nodes[name]

    def empty(self, progress: Callable[[str], None]) -> None:
        """Make the cluster as new: what a cloud does by deleting it, so that the next deployment finds nothing."""
        for name in self.nodes:
            self.stop_node(name)
            self._disks.wipe(name)
        self.release.forget()
        self.control_plane.stop()
        shutil.rmtree(self._data)
        self._start_control_plane()
        self.start_nodes(progress)

    def described(self) -> dict[str, Any]:
        """Give the cluster's entry in ``lab.json``."""
        port = self._listener.getsockname()[1]
        return {
            "names": list(self.plan.cloud_names),
            "server": f"https://127.0.0.1:{port}",
            "kubeconfig": str(self._kubeconfig),
        }

    def _planned(self, name: str) -> NodeLab:
        return next(node for node in self.plan.nodes if node.name == name)

    def _start_control_plane(self) -> None:
        """Start it, with what a cloud puts into a new cluster."""
        self.control_plane.start()
        if self._depth == "datapath":
            self.control_plane.api.wait("kube-system is there", self._has_accounts)
            for one in dns_objects(self.plan, COREDNS.name):
                self.control_plane.api.apply(one)

    def _has_accounts(self) -> bool:
        return self.control_plane.api.get("v1", "ServiceAccount", "default", "kube-system") is not None
