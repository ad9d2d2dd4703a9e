"""Faults of a cluster's programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.cilium.mesh import KVSTOREMESH
from lab.cluster.pki import CONTROLLERS
from lab.faults.fault import Fault

if TYPE_CHECKING:
    from lab.running import RunningLab


def _mesh_off(lab: RunningLab, name: str) -> None:
    lab.cluster(name).release.mesh.kill()


def _mesh_on(lab: RunningLab, name: str) -> None:
    mesh = lab.cluster(name).release.mesh
    if not all(lab.processes.running(program) for program in mesh.programs):
        mesh.start()
        mesh.wait()


def _copier(lab: RunningLab, name: str) -> str:
    return next(one for one in lab.cluster(name).release.mesh.programs if one.endswith(f"/{KVSTOREMESH}"))


def _copier_off(lab: RunningLab, name: str) -> None:
    lab.processes.kill(_copier(lab, name))


def _copier_on(lab: RunningLab, name: str) -> None:
    program = _copier(lab, name)
    if not lab.processes.running(program):
        lab.processes.restart(program)


def _server_off(lab: RunningLab, name: str) -> None:
    # With leader election, which a lab does without, controllers that lose it end too. Left running they would come
    # back to it half a minute late, and take every node for lost meanwhile.
    for program in ("kube-apiserver", *CONTROLLERS):
        lab.processes.kill(f"{lab.cluster(name).plan.name}/{program}")


def _server_on(lab: RunningLab, name: str) -> None:
    lab.cluster(name).control_plane.start()


def _cluster_off(lab: RunningLab, name: str) -> None:
    cluster = lab.cluster(name)
    for node in cluster.nodes:
        cluster.stop_node(node)
    cluster.release.power_off()
    cluster.control_plane.stop()


def _cluster_on(lab: RunningLab, name: str) -> None:
    cluster = lab.cluster(name)
    cluster.control_plane.start()
    cluster.release.power_on()
    for node in cluster.nodes:
        if not cluster.nodes[node].running:
            cluster.start_node(node)


FAULTS = (
    Fault(
        name="mesh-api-server",
        target="cluster",
        means="the cluster's mesh API server is dead, with its etcd",
        break_=_mesh_off,
        mend=_mesh_on,
    ),
    Fault(
        name="kvstoremesh",
        target="cluster",
        means="nothing copies the peers' state into the cluster any more",
        break_=_copier_off,
        mend=_copier_on,
    ),
    Fault(
        name="api-server",
        target="cluster",
        means="the cluster's Kubernetes API server is dead",
        break_=_server_off,
        mend=_server_on,
    ),
    Fault(
        name="cluster",
        target="cluster",
        means="the whole cluster has lost its power",
        break_=_cluster_off,
        mend=_cluster_on,
    ),
)
