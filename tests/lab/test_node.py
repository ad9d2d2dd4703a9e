from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from infra.load import load_fleet
from infra.planner import plan_fleet
from lab.cluster.storage import FOLDER
from lab.errors import LabError
from lab.images import PAUSE
from lab.machine import cgroups
from lab.node import init, kubelet
from lab.node.cgroups import NodeCgroup
from lab.node.containerd import node_configuration, store_configuration
from lab.plan import plan_lab
from lab.tools import tool

PLAN = plan_lab(plan_fleet(load_fleet(Path("fleets/dev.yaml"))), depth="datapath")
AWS, AZURE = PLAN.clusters["aws-1"], PLAN.clusters["azure-1"]

# What the API server lets a kubelet say of itself (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction).
ALLOWED = re.compile(
    r"(kubernetes\.io/(hostname|os|arch)"
    r"|topology\.kubernetes\.io/(zone|region)"
    r"|([a-z0-9.-]+\.)?(kubelet|node)\.kubernetes\.io/.+)"
)


def sleeping(cgroup: NodeCgroup) -> subprocess.Popen[bytes]:
    return subprocess.Popen(("sleep", "60"), preexec_fn=cgroup.join)  # noqa: S607, PLW1509 - one thread


def test_nodes_tell_their_machine_as_their_cloud_does() -> None:
    assert re.fullmatch(r"aws:///us-east-1a/i-[0-9a-f]{17}", kubelet.provider_id(AWS.nodes[0], AWS, "aws"))
    machine = kubelet.provider_id(AZURE.nodes[1], AZURE, "azure")
    assert re.fullmatch(r"azure:///subscriptions/[0-9a-f-]{36}/.*/aks-[a-z0-9]+-vmss/virtualMachines/1", machine)


def test_no_two_nodes_are_one_machine() -> None:
    machines = [
        kubelet.provider_id(node, cluster, PLAN.sites[cluster.site].cloud)
        for cluster in PLAN.clusters.values()
        for node in cluster.nodes
    ]
    assert len(set(machines)) == len(machines)


@pytest.mark.parametrize(("cluster", "tainted"), [(AWS, True), (AZURE, False)])
def test_nodes_of_eks_wait_for_cilium(cluster: object, tainted: bool) -> None:  # noqa: FBT001
    plan = AWS if cluster is AWS else AZURE
    cloud = PLAN.sites[plan.site].cloud
    taints = json.loads(kubelet.configuration(plan.nodes[0], plan, cloud, "/lab/node"))["registerWithTaints"]
    assert [taint["key"] for taint in taints] == (["node.cilium.io/agent-not-ready"] if tainted else [])


def test_kubelet_answers_nobody_whom_the_api_server_does_not_know() -> None:
    configuration = json.loads(kubelet.configuration(AWS.nodes[0], AWS, "aws", "/lab/node"))
    assert configuration["authentication"]["anonymous"] == {"enabled": False}
    assert configuration["authorization"] == {"mode": "Webhook"}
    assert configuration["cgroupRoot"] == "/lab/node"
    assert configuration["clusterDNS"] == [AWS.plan.dns_address]


def test_kubelet_sets_only_labels_that_it_may() -> None:
    labels = AWS.nodes[0].labels
    assert all(ALLOWED.fullmatch(label) for label in labels)
    (flag,) = (word for word in kubelet.command(AWS.nodes[0]) if word.startswith("--node-labels="))
    assert dict(pair.split("=") for pair in flag.removeprefix("--node-labels=").split(",")) == labels


def test_volumes_are_on_the_disk() -> None:
    assert FOLDER in init.DISK.values()


@pytest.mark.lab
def test_containerd_takes_its_configuration(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(node_configuration(), encoding="utf-8")
    dump = (tool("containerd"), "--config", file, "config", "dump")
    done = subprocess.run(dump, capture_output=True, text=True, check=True)
    assert "migrated" not in done.stderr
    for line in (
        f"sandbox = '{PAUSE.name}'",
        "use_internal_loopback = true",
        "restrict_oom_score_adj = true",
        f"BinaryName = '{tool('runc')}'",
        "conf_dir = '/run/cni/net.d'",
        "address = '/run/containerd/containerd.sock'",
    ):
        assert line in done.stdout


def test_no_containerd_writes_to_the_machines_opt() -> None:
    for configuration in (node_configuration(), store_configuration(Path("/a"), Path("/b"))):
        assert "io.containerd.internal.v1.opt" in configuration


@pytest.mark.lab
def test_node_has_a_cgroup_in_every_hierarchy() -> None:
    cgroup = NodeCgroup("hms-lab-of-a-test", "a")
    before = {hierarchy: sorted(hierarchy.iterdir()) for hierarchy in cgroups.hierarchies()}
    cgroup.make()
    cgroup.make()
    try:
        with sleeping(cgroup) as process:
            groups = Path(f"/proc/{process.pid}/cgroup").read_text(encoding="ascii").splitlines()
            process.kill()
        # Those of the kernel that nobody mounted have no place to be in.
        assert sum(line.endswith(":/hms-lab-of-a-test/a/system") for line in groups) == len(before)
        assert cgroup.unified.is_dir()
    finally:
        cgroup.remove()
        assert not cgroups.remove("hms-lab-of-a-test")
    assert {hierarchy: sorted(hierarchy.iterdir()) for hierarchy in cgroups.hierarchies()} == before


@pytest.mark.lab
def test_a_cgroup_with_a_process_is_not_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "_PATIENCE", 0.2)
    cgroup = NodeCgroup("hms-lab-of-another-test", "a")
    cgroup.make()
    with sleeping(cgroup) as process:
        with pytest.raises(LabError, match="node a do not end"):
            cgroup.remove()
        process.kill()
    monkeypatch.undo()
    assert not cgroups.remove("hms-lab-of-another-test")


def test_with_one_hierarchy_every_level_passes_its_controllers_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "hierarchies", lambda: (tmp_path,))
    levels = [tmp_path, tmp_path / "lab", tmp_path / "lab" / "a", tmp_path / "lab" / "a" / "system"]
    for level in levels:
        level.mkdir(exist_ok=True)
        (level / "cgroup.controllers").write_text("cpuset cpu memory pids\n", encoding="ascii")
    cgroup = NodeCgroup("lab", "a")
    cgroup.make()
    for level in levels[:-1]:
        assert (level / "cgroup.subtree_control").read_text(encoding="ascii") == "+cpuset +cpu +memory +pids"
    # The one with processes in it must not.
    assert not (levels[-1] / "cgroup.subtree_control").exists()
    assert cgroup.unified == levels[2]


def test_without_cgroup_v2_cilium_has_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "hierarchies", lambda: (tmp_path,))
    with pytest.raises(LabError, match="no cgroup v2"):
        _ = NodeCgroup("lab", "a").unified
