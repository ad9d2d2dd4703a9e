"""``python -m tests.lab.cilium_inside FOLDER``: the mesh of fleet dev in a real lab; prints what it did, as JSON.

Runs as the first process of namespaces of its own, so that nothing outlives it but cgroups.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.cilium import helm_values
from infra.load import load_fleet
from infra.planner import plan_fleet
from lab.cilium.certificates import Authority
from lab.errors import LabError
from lab.plan import plan_lab
from lab.running import RunningLab
from tests.infra.test_helm_template import authority

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.clusters import RunningCluster

FLEET = Path(__file__).resolve().parents[2] / "fleets" / "dev.yaml"

PLAN = plan_fleet(load_fleet(FLEET))

CA = authority()

_CERTIFICATE = "clustermesh-apiserver-remote-cert"


class Inside:
    def __init__(self, folder: Path) -> None:
        listeners = {}
        for name in PLAN.clusters:
            listeners[name] = socket.socket()
            listeners[name].bind(("127.0.0.1", 0))
            listeners[name].listen()
        self.lab = RunningLab(plan_lab(PLAN, depth="datapath", nodes=1), folder, listeners)

    def install(self, name: str, **changed: Any) -> None:
        cloud = PLAN.sites[PLAN.clusters[name].site].cloud
        values = helm_values(PLAN, name, platform="eks" if cloud == "aws" else "aks", api_host="api.example", ca=CA)
        self.lab.cluster(name).release.install(
            {**values, **changed}, version=PLAN.mesh.cilium, name="cilium", namespace="kube-system"
        )

    def peers(self, cluster: RunningCluster) -> list[dict[str, Any]]:
        """What kvstoremesh and the agents of a cluster say of its peers."""
        found = cluster.release.mesh.status()
        for node in cluster.nodes:
            found += cluster.release.agent(node).status()["cluster-mesh"]["clusters"]
        return found

    def connected(self) -> bool:
        try:
            peers = [self.peers(cluster) for cluster in self.lab.clusters.values()]
        except LabError:
            return False
        return all(found and all(one.get("connected") and one.get("ready") for one in found) for found in peers)

    def pids(self, name: str) -> dict[str, int]:
        processes = self.lab.processes
        return {one: processes._running[one].process.pid for one in processes.names() if one.startswith(f"{name}/c")}


def seconds_until(condition: Callable[[], bool], limit: float = 120.0) -> float:
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > limit:
            raise LabError(f"not so within {limit:.0f} s")
        time.sleep(0.5)
    return time.monotonic() - start


def main() -> int:
    """Do it all once, and tell."""
    subprocess.run(["/bin/mount", "-t", "tmpfs", "lab", "/run"], check=True)
    Path("/run/netns").mkdir()
    subprocess.run(["/bin/ip", "link", "set", "lo", "up"], check=True)
    found: dict[str, Any] = {}
    inside = Inside(Path(sys.argv[1]))
    lab = inside.lab
    lab.up(lambda text: sys.stderr.write(f"{text}\n"))
    aws, azure = lab.cluster("aws-1"), lab.cluster("azure-1")
    api, release = aws.control_plane.api, aws.release

    start = time.monotonic()
    with ThreadPoolExecutor() as pool:
        list(pool.map(inside.install, lab.clusters))
    found["healthy after"] = time.monotonic() - start
    found["connected after"] = found["healthy after"] + seconds_until(inside.connected)
    found["peers"] = {name: [peer["name"] for peer in inside.peers(one)] for name, one in lab.clusters.items()}
    found["ids"] = [peer["config"]["cluster-id"] for peer in inside.peers(azure)]
    agent = release.agent("aws-1-a")
    told = json.loads(agent.debug("config", "--all", "-o", "json"))
    found["agent"] = {key: told[key] for key in ("ClusterID", "ClusterName", "EnableBPFMasquerade", "EnableL7Proxy")}
    backends = json.loads(agent.debug("service", "list", "-o", "json"))
    found["mesh backends"] = sorted(
        {
            f"{backend['ip']}:{backend['port']}"
            for one in backends
            for backend in one["spec"].get("backend-addresses") or []
            if one["spec"]["frontend-address"]["port"] == 2379
        }
    )

    def schedulable() -> bool:
        nodes = [one for cluster in lab.clusters.values() for one in cluster.control_plane.api.objects("v1", "Node")]
        return all(not node["spec"].get("taints") for node in nodes)

    found["taints gone after"] = seconds_until(schedulable)

    before = inside.pids("aws-1")
    inside.install("aws-1")
    found["restarted by nothing new"] = [name for name, pid in inside.pids("aws-1").items() if before[name] != pid]
    inside.install("aws-1", MTU=1380)
    found["restarted by another MTU"] = [name for name, pid in inside.pids("aws-1").items() if before[name] != pid]

    release.sign(Authority.new())
    release.mesh.kill()
    release.mesh.start()
    found["another CA"] = _diagnosis(release.mesh.troubleshoot)
    release.sign()
    release.mesh.start()
    found["connected again after"] = seconds_until(inside.connected)

    release.delete()
    found["left of the release"] = [
        kind
        for version, kind, name in (
            ("v1", "ConfigMap", "cilium-config"),
            ("v1", "Secret", _CERTIFICATE),
            ("apps/v1", "DaemonSet", "cilium"),
            ("discovery.k8s.io/v1", "EndpointSlice", "clustermesh-apiserver-lab"),
        )
        if api.get(version, kind, name, "kube-system") is not None
    ]
    found["left running"] = [name for name in inside.pids("aws-1") if lab.processes.running(name)]
    inside.install("aws-1")
    found["connected anew after"] = seconds_until(inside.connected)
    lab.processes.stop_all()
    sys.stdout.write(json.dumps(found))
    return 0


def _diagnosis(ask: Callable[[], str]) -> str:
    """Give the diagnosis; its program fails where it finds something wrong."""
    try:
        return ask()
    except LabError as error:
        return error.message


if __name__ == "__main__":
    sys.exit(main())
