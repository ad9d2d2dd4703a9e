"""A lab that runs: builds networks, clusters and nodes, installs Cilium into them, and tells how all of it does."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lab import doctor
from lab.clusters import RunningCluster
from lab.differences import Kernel
from lab.errors import LabError
from lab.images import AGNHOST, COREDNS, PAUSE, component_images, write
from lab.link.under import Tunnels, carry
from lab.machine.cgroups import lab_cgroup
from lab.machine.processes import Processes
from lab.machine.spaces import Space, network_space
from lab.network.networks import OUTSIDE, Networks
from lab.node.disks import Disks
from lab.tools import debian_environment, tool

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from lab.link.planned import Planned
    from lab.plan import LabPlan

_VXLAN, _GENEVE = 8472, 6081
"""UDP ports of the overlay (Cilium's system requirements)."""


class RunningLab:
    """A lab.

    Parameters
    ----------
    folder
        The lab's folder.
    listeners
        Sockets on the machine's loopback, by cluster.
    """

    def __init__(self, plan: LabPlan, folder: Path, listeners: Mapping[str, socket.socket]) -> None:
        self.plan = plan
        self.processes = Processes(folder / "logs")
        kernel = Kernel(wireguard=doctor.has("WireGuard"), geneve=doctor.has("geneve"))
        self.networks = Networks(
            plan,
            self.processes,
            overlay_port=_GENEVE if kernel.geneve else _VXLAN,
            iptables=(str(tool("iptables-restore")), debian_environment()),
        )
        self._tunnels: Tunnels | None = None
        self._folder = folder
        self._disks = Disks(self.processes, folder / "data" / "disks")
        self.clusters = {
            name: RunningCluster(
                cluster,
                plan,
                self.processes,
                folder=folder,
                listener=listeners[name],
                networks=self.networks,
                disks=self._disks,
                kernel=kernel,
                lab_cgroup=lab_cgroup(folder),
            )
            for name, cluster in plan.clusters.items()
        }

    def up(self, progress: Callable[[str], None]) -> dict[str, Any]:
        """Build everything that stands before the program deploys: networks, API servers, nodes without a CNI.

        Raises
        ------
        LabError
            If a part of it does not come up.
        """
        self.networks.build()
        progress(f"networks: {len(self.plan.sites)} sites, {len(self.plan.links)} links")
        with ThreadPoolExecutor(len(self.clusters) + 1) as pool:
            images = pool.submit(self._prepare_disks, progress)
            started = [pool.submit(cluster.start, progress) for cluster in self.clusters.values()]
            for one in (images, *started):
                one.result()
            for nodes in [pool.submit(cluster.start_nodes, progress) for cluster in self.clusters.values()]:
                nodes.result()
        self._describe()
        return {"clusters": list(self.clusters), "nodes": [node.name for node in self.plan.nodes]}

    def cluster(self, name: str) -> RunningCluster:
        """Give a cluster.

        Raises
        ------
        LabError
            If there is none of that name.
        """
        if name not in self.clusters:
            raise LabError(f"the lab has no cluster {name}", f"clusters: {', '.join(self.clusters)}")
        return self.clusters[name]

    def space(self, name: str) -> Space:
        """Give a place for a command: a node or a cluster by its name, ``outside``, a link or a site by its namespace.

        Raises
        ------
        LabError
            If there is none of that name.
        """
        for cluster in self.clusters.values():
            if name in cluster.nodes:
                return cluster.nodes[name].space
        if name in self.clusters:
            return network_space(self.clusters[name].plan.namespace)
        routers = {site.namespace for site in self.plan.sites.values()}
        routers |= {link.namespace for link in self.plan.links.values()}
        if name == OUTSIDE or name in routers:
            return network_space(name)
        places = (*self.clusters, *(node.name for node in self.plan.nodes), OUTSIDE)
        raise LabError(f"the lab has no place {name}", f"places: {', '.join(places)}")

    @property
    def tunnels(self) -> Tunnels:
        """What carries the links between clouds.

        Raises
        ------
        LabError
            If routers do.
        """
        if self._tunnels is None:
            raise LabError("routers carry the links of this lab, not tunnels", "hms lab up --link ipsec")
        return self._tunnels

    def carry(self, resources: tuple[Planned, ...], *, timers: str) -> dict[str, int]:
        """Let the planned tunnels carry the links between clouds from now on; twice is no error."""
        if self._tunnels is None:
            self._tunnels = carry(self.networks, self.plan, self.processes, resources, timers=timers)
        return {"tunnels": len(self._tunnels.twin.tunnels)}

    def differences(self) -> list[dict[str, str]]:
        """Give what the lab sets differently from the deployment: the union over the clusters."""
        rows = [asdict(row) for cluster in self.clusters.values() for row in cluster.release.differences]
        return [dict(items) for items in dict.fromkeys(tuple(row.items()) for row in rows)]

    def _prepare_disks(self, progress: Callable[[str], None]) -> None:
        if not self.plan.nodes:
            return
        archive = self._folder / "data" / "images.tar"
        archive.parent.mkdir(parents=True, exist_ok=True)
        images = (PAUSE, COREDNS, AGNHOST, *component_images(self.plan.fleet))
        write(images, archive)
        self._disks.prepare([archive])
        archive.unlink()
        progress(f"images: {len(images)} on every node's disk")

    def _describe(self) -> None:
        """Write ``lab.json``: what the machine's side knows of a lab."""
        described = {
            "version": 1,
            "fleet": self.plan.fleet.name,
            "depth": self.plan.depth,
            "control": str(self._folder / "control.sock"),
            "clusters": {name: cluster.described() for name, cluster in self.clusters.items()},
        }
        made = self._folder / "lab.json.new"
        made.write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
        os.replace(made, self._folder / "lab.json")  # noqa: PTH105 - whole or not at all
