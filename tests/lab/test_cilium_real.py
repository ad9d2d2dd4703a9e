"""The real mesh of fleet dev: started once in namespaces of its own, and asked by ``cilium_inside``."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lab.machine import cgroups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.lab

_UNSHARE = ("unshare", "-n", "-m", "-p", "--fork", "--kill-child", "--mount-proc", "--propagation", "private", "--")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("mesh")
    done = subprocess.run(
        (*_UNSHARE, sys.executable, "-m", "tests.lab.cilium_inside", str(folder)),
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    left = cgroups.remove(cgroups.lab_cgroup(folder))
    assert done.returncode == 0, done.stderr[-4000:]
    assert not left
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_kvstoremesh_and_agents_of_each_cluster_reach_the_other(found: dict[str, Any]) -> None:
    assert found["peers"] == {"aws-1": ["azure-1", "azure-1"], "azure-1": ["aws-1", "aws-1"]}
    assert found["connected after"] < 120


def test_the_peer_has_the_planned_id(found: dict[str, Any]) -> None:
    assert found["ids"] == [1, 1]


def test_the_agent_runs_with_the_releases_values(found: dict[str, Any]) -> None:
    assert found["agent"] == {
        "ClusterID": 1,
        "ClusterName": "aws-1",
        "EnableBPFMasquerade": True,
        "EnableL7Proxy": False,
    }


def test_the_mesh_services_backends_are_the_planned_addresses_of_the_load_balancer(found: dict[str, Any]) -> None:
    assert found["mesh backends"] == ["10.16.128.5:2379", "10.16.132.5:2379", "10.16.136.5:2379"]


def test_the_operator_takes_the_taint_off_nodes_whose_agent_is_healthy(found: dict[str, Any]) -> None:
    assert found["taints gone after"] < 60


def test_an_upgrade_starts_again_what_it_changes_and_nothing_else(found: dict[str, Any]) -> None:
    assert found["restarted by nothing new"] == []
    assert found["restarted by another MTU"] == [
        "aws-1/cilium-operator/cilium-operator",
        "aws-1/cilium/aws-1-a/cilium-agent",
    ]


def test_certificates_of_another_ca_are_refused_and_the_right_ones_taken_again(found: dict[str, Any]) -> None:
    assert "TLS client authentication failed: remote error: tls: unknown certificate authority" in found["another CA"]
    assert found["connected again after"] < 120


def test_a_deleted_release_leaves_nothing_and_can_be_installed_anew(found: dict[str, Any]) -> None:
    assert found["left of the release"] == []
    assert found["left running"] == []
    assert found["connected anew after"] < 120
