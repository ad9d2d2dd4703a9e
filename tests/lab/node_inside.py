"""``python -m tests.lab.node_inside FOLDER``: real nodes of one cluster in namespaces; prints what they did, as JSON.

Runs as the first process of namespaces of its own, so nothing but cgroups outlives it. Pods are of the host network:
there is no CNI.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Interface
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.load import load_fleet
from infra.planner import plan_fleet
from lab import images
from lab.cluster.control_plane import ControlPlane
from lab.errors import LabError
from lab.machine.cgroups import lab_cgroup
from lab.machine.processes import Processes
from lab.machine.web import Web
from lab.network.wiring import SITE_MTU, Wiring
from lab.node.disks import Disks
from lab.node.node import Node
from lab.plan import plan_lab

if TYPE_CHECKING:
    from collections.abc import Callable

VOLUME = "/var/lib/hms-volumes/of-a-test"


def pod(node: str) -> dict[str, Any]:
    """Make a pod under the restricted profile, but for the host's network."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": node, "namespace": "default"},
        "spec": {
            "nodeName": node,
            "hostNetwork": True,
            "terminationGracePeriodSeconds": 1,
            "tolerations": [{"operator": "Exists"}],
            "containers": [
                {
                    "name": "netexec",
                    "image": images.AGNHOST.name,
                    "imagePullPolicy": "Never",
                    "args": ["netexec", "--http-port=8080"],
                    "readinessProbe": {"httpGet": {"path": "/hostname", "port": 8080}, "periodSeconds": 1},
                    "resources": {"limits": {"memory": "64Mi", "cpu": "200m"}},
                    "securityContext": {
                        "runAsNonRoot": True,
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }
            ],
        },
    }


def seconds(action: Callable[[], object]) -> float:
    start = time.monotonic()
    action()
    return round(time.monotonic() - start, 2)


class Run:
    """A cluster with two nodes, and what is done to them."""

    def __init__(self, folder: Path) -> None:
        subprocess.run("mount -t tmpfs lab /run && mkdir /run/netns && ip link set lo up", shell=True, check=True)  # noqa: S602, S607
        plan = plan_lab(plan_fleet(load_fleet(Path("fleets/dev.yaml"))), depth="datapath")
        self.cluster = plan.clusters["aws-1"]
        self.processes = Processes(folder / "logs")
        site = plan.sites[self.cluster.site]
        wiring = Wiring(self.processes)
        wiring.namespace(site.namespace)
        mtu, length = SITE_MTU[site.cloud], site.cidr.prefixlen
        wiring.bridge(site.namespace, IPv4Interface((site.gateway, length)), mtu)
        places = {self.cluster.namespace: self.cluster.api}
        places |= {node.namespace: node.address for node in self.cluster.nodes}
        for namespace, address in places.items():
            wiring.namespace(namespace)
            wiring.attach(namespace, site.namespace, (IPv4Interface((address, length)),), site.gateway, mtu)
        self.plane = ControlPlane(self.cluster, self.processes, keys=Path("/run/keys"), data=folder / "etcd")
        self.api = self.plane.api
        self.folder = folder
        self.disks = Disks(self.processes, folder / "disks")
        self.cgroup = lab_cgroup(folder)
        self.nodes = [
            Node(
                node,
                self.cluster,
                site.cloud,
                self.processes,
                api=self.api,
                keys=self.plane.keys.for_node,
                disks=self.disks,
                lab_cgroup=self.cgroup,
            )
            for node in self.cluster.nodes
        ]

    def everything(self) -> dict[str, Any]:
        archive = self.folder / "images.tar"
        images.write((images.PAUSE, images.AGNHOST), archive)
        first = self.nodes[0]
        found: dict[str, Any] = {"images": seconds(lambda: self.disks.prepare([archive]))}
        found["control plane"] = seconds(self.plane.start)
        with ThreadPoolExecutor() as pool:
            found["nodes"] = seconds(lambda: list(pool.map(lambda node: node.start(), self.nodes)))
        found["shared"] = self.shared()
        found["twice"] = self.twice()
        self.api.wait("accounts", lambda: self.api.get("v1", "ServiceAccount", "default", "default") is not None)
        for node in self.nodes:
            self.api.apply(pod(node.name))
        found["pods"] = seconds(lambda: self.api.wait("pods are ready", lambda: all(map(self.ready, self.nodes))))
        found["objects"] = {node["metadata"]["name"]: node for node in self.api.objects("v1", "Node")}
        found["log"] = self.api.web.request("GET", f"/api/v1/namespaces/default/pods/{first.name}/log").body.decode()
        found["stranger"] = self.stranger()
        found["cgroups"] = self.cgroups()
        found["on disk"] = self.secrets_on_disk()
        found["before"] = self.status(first)
        self.processes.kill(f"{first.name}/kubelet")
        found["kubelet again"] = seconds(first.start_kubelet)
        found["after kubelet"] = self.status(first)
        first.make_directory(VOLUME, 10001)
        found["killed"] = seconds(first.kill)
        found["left of it"] = self.left(first)
        found["again"] = seconds(first.start)
        self.api.wait("the pod is ready again", lambda: self.ready(first, restarts=1))
        found["after loss"] = self.status(first)
        found["volume"] = self.processes.run(first.space, "stat", "-c", "%u:%g %a", VOLUME).strip()
        found["no binary"] = self.without_disk()
        for node in self.nodes:
            node.stop()
        found["left running"] = [name for name in self.processes.names() if name.startswith("aws-1-")]
        found["left running"] = [name for name in found["left running"] if self.processes.running(name)]
        return found

    def status(self, node: Node) -> dict[str, Any]:
        found = self.api.get("v1", "Pod", node.name, "default")
        assert found is not None
        (status,) = found["status"].get("containerStatuses") or [{}]
        return {key: status.get(key) for key in ("ready", "restartCount", "containerID")}

    def ready(self, node: Node, restarts: int = 0) -> bool:
        status = self.status(node)
        return bool(status["ready"]) and status["restartCount"] == restarts

    def twice(self) -> str:
        """Switch a node on that is on."""
        node = self.nodes[1]
        try:
            node.start()
        except LabError as error:
            return f"{node.running} {error.message}"
        return "it starts"

    def stranger(self) -> int:
        """Ask a kubelet for its pods without a certificate."""
        context = ssl.create_default_context(cadata=self.plane.keys.authority.decode())
        node = self.cluster.nodes[0]
        return Web(self.cluster.namespace, str(node.address), 10250, context).request("GET", "/pods").status

    def shared(self) -> list[list[int]]:
        """Count the links of what images are made of, and of what knows of it."""
        disk = self.disks.disk(self.nodes[0].name) / "containerd"
        programs = disk.glob("io.containerd.snapshotter.v1.overlayfs/snapshots/*/fs/agnhost")
        return [sorted({path.stat().st_nlink for path in paths}) for paths in (programs, disk.rglob("*.db"))]

    def cgroups(self) -> list[str]:
        """List the cgroups of the pods' processes and of the nodes' programs, without the pods' own parts."""
        found = set()
        for path in Path("/proc").glob("[0-9]*"):
            try:
                name = (path / "cmdline").read_bytes().split(b"\0")[0].rsplit(b"/")[-1].decode()
                lines = (path / "cgroup").read_text(encoding="ascii").splitlines()
            except OSError:
                continue
            if name in {"agnhost", "pause", "kubelet", "containerd", "containerd-shim-runc-v2"}:
                found |= {f"{name} {'/'.join(line.split(':')[2].split('/')[1:4])}" for line in lines if "/hms-" in line}
        return sorted(found)

    def secrets_on_disk(self) -> list[str]:
        """List files on the nodes' disks with a private key in them."""
        files = (path for path in self.folder.rglob("*") if path.is_file() and path.stat().st_size < 1 << 20)
        return [str(path) for path in files if b"PRIVATE KEY" in path.read_bytes()]

    def left(self, node: Node) -> list[str]:
        programs = [path for path in Path("/proc").glob("[0-9]*/cmdline") if node.name.encode() in path.read_bytes()]
        groups = list(Path("/sys/fs/cgroup").glob(f"*/{self.cgroup}/{node.name}"))
        return [str(path) for path in (*programs, *groups)]

    def without_disk(self) -> str:
        """Start a node whose disk is broken."""
        second = self.nodes[1]
        second.kill()
        (self.disks.disk(second.name) / "containerd").rename(self.folder / "taken")
        try:
            second.start()
        except LabError as error:
            return f"{second.running} {error.message}"
        finally:
            (self.folder / "taken").rename(self.disks.disk(second.name) / "containerd")
        return "it starts"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(Run(Path(sys.argv[1])).everything()))
