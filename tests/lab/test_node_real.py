from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.images import AGNHOST
from lab.machine.cgroups import lab_cgroup, remove
from lab.machine.processes import Processes
from lab.node.disks import Disks
from tests.lab.test_node_init import SETTINGS

pytestmark = pytest.mark.lab

TREE = (
    "unshare",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--propagation",
    "private",
    "--",
)


def settings() -> dict[str, str]:
    return {name: Path("/proc/sys", name).read_text(encoding="ascii") for name in SETTINGS}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("lab")
    before = settings(), Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    command = (*TREE, sys.executable, "-m", "tests.lab.node_inside", str(folder))
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=180, check=True)
    finally:
        left = remove(lab_cgroup(folder))
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    result["left behind"] = [str(path) for path in left]
    result["changed"] = before != (settings(), Path("/proc/self/mountinfo").read_text(encoding="utf-8"))
    return result


def test_two_nodes_join_and_run_pods(found: dict[str, Any]) -> None:
    assert found["before"]["ready"]
    assert found["before"]["restartCount"] == 0
    assert sorted(found["objects"]) == ["aws-1-a", "aws-1-b"]


def test_a_node_that_is_on_stays_on(found: dict[str, Any]) -> None:
    assert found["twice"] == "True node aws-1-b is on already"


def test_nodes_are_what_was_planned(found: dict[str, Any]) -> None:
    node = found["objects"]["aws-1-b"]
    assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == "us-east-1b"
    assert node["metadata"]["labels"]["topology.kubernetes.io/region"] == "us-east-1"
    assert {"type": "InternalIP", "address": "10.16.32.18"} in node["status"]["addresses"]
    assert node["spec"]["providerID"].startswith("aws:///us-east-1b/i-")
    taints = [taint["key"] for taint in node["spec"]["taints"]]
    assert "node.cilium.io/agent-not-ready" in taints
    assert node["status"]["capacity"]["pods"] == "110"
    names = {name for image in node["status"]["images"] for name in image["names"]}
    assert AGNHOST.name in names
    machines = {
        (node["status"]["nodeInfo"]["machineID"], node["status"]["nodeInfo"]["bootID"])
        for node in found["objects"].values()
    }
    assert len(machines) == 2


def test_nodes_wait_for_a_cni(found: dict[str, Any]) -> None:
    (ready,) = (one for one in found["objects"]["aws-1-a"]["status"]["conditions"] if one["type"] == "Ready")
    assert ready["status"] == "False"
    assert "cni" in ready["message"]


def test_logs_come_through_the_api_server(found: dict[str, Any]) -> None:
    assert "Started HTTP server on port 8080" in found["log"]


def test_a_stranger_learns_nothing_from_kubelet(found: dict[str, Any]) -> None:
    assert found["stranger"] == 401


def test_images_are_there_once_and_their_indexes_for_each_node(found: dict[str, Any]) -> None:
    # The original and two disks.
    assert found["shared"] == [[3], [1]]


def test_everything_is_in_its_nodes_cgroup(found: dict[str, Any]) -> None:
    programs = {line.split()[0] for line in found["cgroups"]}
    assert programs == {"agnhost", "pause", "kubelet", "containerd", "containerd-shim-runc-v2"}
    for line in found["cgroups"]:
        program, group = line.split()
        _, node, part = group.split("/")
        assert node in {"aws-1-a", "aws-1-b"}
        assert part == ("kubepods" if program in {"agnhost", "pause"} else "system"), line


def test_no_key_reaches_a_disk(found: dict[str, Any]) -> None:
    assert found["on disk"] == []


def test_pods_live_on_without_kubelet(found: dict[str, Any]) -> None:
    assert found["after kubelet"] == found["before"]


def test_a_killed_node_leaves_nothing(found: dict[str, Any]) -> None:
    assert found["left of it"] == []


def test_after_a_loss_of_power_pods_start_again_and_volumes_are_there(found: dict[str, Any]) -> None:
    assert found["after loss"]["restartCount"] == 1
    assert found["after loss"]["containerID"] != found["before"]["containerID"]
    assert found["volume"] == "10001:10001 700"


def test_a_node_that_does_not_start_is_off_and_says_why(found: dict[str, Any]) -> None:
    assert found["no binary"].startswith("False aws-1-b/init ended with 1")
    assert "No such file" in found["no binary"]


def test_nothing_is_left_and_nothing_of_the_machine_is_changed(found: dict[str, Any]) -> None:
    assert found["left running"] == []
    assert found["left behind"] == []
    assert found["changed"] is False


def test_where_no_overlay_can_be_mounted_disks_are_in_memory(tmp_path: Path) -> None:
    code = f"""
import subprocess, sys
from pathlib import Path
from lab.machine.processes import Processes
from lab.node.disks import Disks
folder = Path({str(tmp_path)!r})
for name in ("lower", "upper", "work", "lab"):
    (folder / name).mkdir()
options = f"lowerdir={{folder}}/lower,upperdir={{folder}}/upper,workdir={{folder}}/work"
subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", str(folder / "lab")], check=True)
disks = Disks(Processes(folder / "logs"), folder / "lab" / "disks")
disks.prepare([])
print(subprocess.run(["stat", "-f", "-c", "%T", str(folder / "lab" / "disks")], capture_output=True, text=True).stdout)
"""
    done = subprocess.run((*TREE, sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["tmpfs"]


def test_elsewhere_they_are_where_the_lab_is(tmp_path: Path) -> None:
    disks = Disks(Processes(tmp_path / "logs"), tmp_path / "disks")
    disks.prepare([])
    kind = ("stat", "-f", "-c", "%T")
    own, lab = (
        subprocess.run((*kind, path), capture_output=True, check=True).stdout for path in (tmp_path / "disks", tmp_path)
    )
    assert own == lab
