"""Other fleets through the real engine: up, up again, destroy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.command import Hms
from tests.infra.fleets import fleet_data

pytestmark = pytest.mark.e2e


def life(hms: Hms, fleet: Path) -> dict[str, int]:
    """Bring a fleet up, check that it is settled, take it down; give how many of each kind there were."""
    hms("up", "--all", fleet=fleet)
    kinds: dict[str, int] = {}
    for record in hms.world():
        kinds[record.token] = kinds.get(record.token, 0) + 1
    hms("preview", "--all", "--expect-no-changes", fleet=fleet)
    hms("destroy", "--all", fleet=fleet)
    assert hms.world() == []
    return kinds


def written(data: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "fleet.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return path


def components(count: int, clusters: list[str]) -> dict[str, Any]:
    image = "ghcr.io/hms-project/part:1.0.0"
    return {
        "components": {
            f"part-{index}": {"image": image, "clusters": [clusters[index % len(clusters)]], "port": 8000 + index}
            for index in range(count)
        },
        "flows": [{"from": f"part-{index}", "to": f"part-{index + 1}"} for index in range(count - 1)],
    }


def test_native_routing_on_aws(tmp_path: Path) -> None:
    kinds = life(Hms(tmp_path / "state", policies=False), Path("fleets/eni.yaml"))
    assert kinds["aws:eks/cluster:Cluster"] == 2
    assert kinds["aws:ec2/vpcPeeringConnection:VpcPeeringConnection"] == 1
    assert "aws:ec2/vpnConnection:VpnConnection" not in kinds


def test_five_clusters_on_three_sites(tmp_path: Path) -> None:
    """Three clusters on two AWS sites, one with a transit gateway, and two on an Azure site."""
    clusters = {"one": ("a", 1), "two": ("a", 2), "three": ("b", 3), "four": ("z", 4), "five": ("z", 5)}
    data = fleet_data(
        {"a": "aws", "b": "aws", "z": "azure"}, clusters, protect=False, **components(4, sorted(clusters))
    )
    data["sites"]["b"]["gateway"] = {"kind": "transit-gateway"}
    kinds = life(Hms(tmp_path / "state", policies=False), written(data, tmp_path))
    assert kinds["aws:eks/cluster:Cluster"] == 3
    assert kinds["azure-native:containerservice:ManagedCluster"] == 2
    assert kinds["aws:ec2/vpnConnection:VpnConnection"] == 4
    assert kinds["aws:ec2transitgateway/transitGateway:TransitGateway"] == 1


def test_two_azure_sites_are_peered_with_cilium_1_20(tmp_path: Path) -> None:
    data = fleet_data({"y": "azure", "z": "azure"}, {"one": ("y", 1), "two": ("z", 2)}, protect=False)
    data["mesh"] = {"cilium": "1.20.0"}
    kinds = life(Hms(tmp_path / "state", policies=False), written(data, tmp_path))
    assert kinds["azure-native:network:VirtualNetworkPeering"] == 2


def test_thirty_two_clusters(tmp_path: Path) -> None:
    sites = {"a": "aws", "z": "azure", "b": "aws", "y": "azure"}
    clusters = {f"c-{number}": (list(sites)[number % 4], number) for number in range(1, 33)}
    data = fleet_data(sites, clusters, protect=False, **components(4, sorted(clusters)))
    hms = Hms(tmp_path / "state", policies=False)
    hms("up", "--all", fleet=written(data, tmp_path), timeout=900)
    kinds = [record.token for record in hms.world()]
    assert kinds.count("kubernetes:helm.sh/v3:Release") == 32
