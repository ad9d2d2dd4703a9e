"""What a lab sets differently from the deployment, and that it is all of it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from infra.cilium import CaLeaves, helm_values
from infra.load import load_fleet
from infra.planner import plan_fleet
from lab.differences import PLACES, UNUSED_POOL, WITH_NODES, Difference, Kernel, Target, apply
from lab.errors import LabError

FLEETS = Path(__file__).resolve().parents[2] / "fleets"

BARE = Target(kernel=Kernel(wireguard=False, geneve=False), depth="datapath", api_host="10.16.0.16")
FULL = Target(kernel=Kernel(wireguard=True, geneve=True), depth="datapath", api_host="10.16.0.16")

FAKE_KEY = "a marked fake key"


def values(cluster: str, fleet: str = "dev") -> dict[str, Any]:
    plan = plan_fleet(load_fleet(FLEETS / f"{fleet}.yaml"))
    return helm_values(
        plan,
        cluster,
        platform="eks" if plan.sites[plan.clusters[cluster].site].cloud == "aws" else "aks",
        api_host="api.example",
        ca=CaLeaves(certificate="certificate", key=FAKE_KEY, bundle="certificate"),
        operator_role_arn="arn" if plan.mesh.profile == "eni" else None,
    )


def flat(found: dict[str, Any], path: str = "") -> dict[str, object]:
    result: dict[str, object] = {}
    for key, value in found.items():
        here = f"{path}.{key}" if path else key
        result |= flat(value, here) if isinstance(value, dict) else {here: value}
    return result


def by_place(rows: tuple[Difference, ...]) -> dict[str, tuple[str, str]]:
    return {row.place: (row.planned, row.lab) for row in rows if row not in (*PLACES, *WITH_NODES)}


def test_a_kernel_without_geneve_and_wireguard_runs_vxlan_in_the_clear() -> None:
    _, rows = apply(values("aws-1"), BARE)
    assert by_place(rows) == {
        "k8sServiceHost": ("api.example", "10.16.0.16"),
        "tunnelProtocol": ("geneve", "vxlan"),
        "encryption.enabled": ("true", "false"),
        "encryption.strictMode.egress.enabled": ("true", "false"),
        "l7Proxy": ("true", "false"),
        "envoy.enabled": ("true", "false"),
        "operator.replicas": ("2", "1"),
    }


def test_a_kernel_that_has_them_keeps_geneve_wireguard_and_strict_mode() -> None:
    changed, rows = apply(values("aws-1"), FULL)
    assert set(by_place(rows)) == {"k8sServiceHost", "l7Proxy", "envoy.enabled", "operator.replicas"}
    assert changed["tunnelProtocol"] == "geneve"
    assert changed["encryption"] == values("aws-1")["encryption"]


def test_strict_mode_goes_with_encryption_alone() -> None:
    target = Target(kernel=Kernel(wireguard=False, geneve=True), depth="datapath", api_host="10.16.0.16")
    changed, _ = apply(values("aws-1"), target)
    assert changed["tunnelProtocol"] == "geneve"
    assert not changed["encryption"]["strictMode"]["egress"]["enabled"]


@pytest.mark.parametrize("target", [BARE, FULL])
@pytest.mark.parametrize("cluster", ["aws-1", "azure-1"])
def test_what_no_row_names_is_as_planned(cluster: str, target: Target) -> None:
    planned = values(cluster)
    changed, rows = apply(planned, target)
    before, after = flat(planned), flat(changed)
    assert {path for path in before | after if before.get(path) != after.get(path)} == set(by_place(rows))


def test_the_planned_values_are_left_as_they_are() -> None:
    planned = values("azure-1")
    kept = copy.deepcopy(planned)
    apply(planned, BARE)
    assert planned == kept


def test_no_row_shows_the_key_of_the_ca() -> None:
    _, rows = apply(values("aws-1"), BARE)
    assert FAKE_KEY not in repr(rows)


def test_every_row_says_why_and_the_places_come_last() -> None:
    _, rows = apply(values("aws-1"), BARE)
    assert all(row.why and row.planned != row.lab for row in rows)
    places = (*PLACES, *WITH_NODES)
    assert rows[-len(places) :] == places


def test_a_lab_without_nodes_tells_nothing_of_nodes() -> None:
    _, rows = apply(values("aws-1"), Target(kernel=BARE.kernel, depth="control", api_host="10.16.0.16"))
    assert rows[-len(PLACES) :] == PLACES


def test_eni_has_no_datapath_in_a_lab() -> None:
    cluster = next(iter(plan_fleet(load_fleet(FLEETS / "eni.yaml")).clusters))
    with pytest.raises(LabError, match="profile eni has no datapath"):
        apply(values(cluster, "eni"), FULL)


def test_eni_has_a_control_plane_whose_pool_nobody_uses() -> None:
    cluster = next(iter(plan_fleet(load_fleet(FLEETS / "eni.yaml")).clusters))
    target = Target(kernel=BARE.kernel, depth="control", api_host="10.16.0.16")
    changed, rows = apply(values(cluster, "eni"), target)
    assert changed["ipam"] == {"mode": "cluster-pool", "operator": {"clusterPoolIPv4PodCIDRList": [UNUSED_POOL]}}
    assert (changed["eni"]["enabled"], changed["routingMode"]) == (False, "tunnel")
    assert by_place(rows)["ipam.mode"] == ("eni", "cluster-pool")
