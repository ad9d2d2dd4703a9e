"""What holds for the plan of every fleet."""

from __future__ import annotations

import copy
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.addresses import largest_id, mesh_address, nth
from infra.checks import Names, check_fleet
from infra.model import Fleet
from infra.plan import VpnLinkPlan
from infra.planner import plan_fleet, plan_slots
from infra.scopes import scope_of, stack_name, stack_order
from infra.tunnels import SLOTS, plan_tunnels
from tests.infra.fleets import fleet_data, planned


@st.composite
def fleets(draw: st.DrawFn) -> dict[str, Any]:
    clouds = draw(st.lists(st.sampled_from(["aws", "azure"]), min_size=1, max_size=4))
    sites = {f"site-{index}": cloud for index, cloud in enumerate(clouds)}
    most = draw(st.sampled_from([255, 511]))
    ids = draw(st.lists(st.integers(1, most), min_size=1, max_size=8, unique=True))
    homes = [draw(st.sampled_from(sorted(sites))) for _ in ids]
    clusters = {f"c-{number}": (home, number) for number, home in zip(ids, homes, strict=True)}
    return fleet_data(sites, clusters, mesh={"maxClusters": most}, quotas={"addressesPerRegion": 99})


@given(fleets())
@settings(max_examples=60, deadline=None)
def test_planned_fleets_pass_their_checks_and_no_ranges_meet(data: dict[str, Any]) -> None:
    fleet = Fleet.model_validate(data)
    assert check_fleet(fleet, Names.of(data)) == []
    plan = plan_fleet(fleet)
    ranges = [site.cidr for site in plan.sites.values()]
    for cluster in plan.clusters.values():
        assert cluster.pod_cidr is not None
        ranges += [cluster.pod_cidr, cluster.service_cidr]
    assert not [(one, two) for one, two in combinations(ranges, 2) if one.overlaps(two)]
    addresses = [address for cluster in plan.clusters.values() for address in cluster.mesh_addresses]
    assert len(set(addresses)) == len(addresses)


@given(fleets(), st.integers(1, 255), st.data())
@settings(max_examples=60, deadline=None)
def test_adding_a_cluster_anywhere_moves_nothing(data: dict[str, Any], number: int, choice: st.DataObject) -> None:
    if any(cluster["id"] == number for cluster in data["clusters"].values()):
        return
    wider = copy.deepcopy(data)
    entries = list(wider["clusters"].items())
    entries.insert(choice.draw(st.integers(0, len(entries))), ("new", {"site": "site-0", "id": number}))
    wider["clusters"] = dict(entries)
    before, after = planned(data), planned(wider)
    assert {name: after.clusters[name] for name in before.clusters} == before.clusters
    assert after.sites == before.sites
    assert after.links == before.links


@given(fleets(), st.randoms())
@settings(max_examples=30, deadline=None)
def test_a_plan_does_not_depend_on_the_order_of_clusters(data: dict[str, Any], random: Any) -> None:
    shuffled = copy.deepcopy(data)
    entries = list(shuffled["clusters"].items())
    random.shuffle(entries)
    shuffled["clusters"] = dict(entries)
    assert planned(shuffled).clusters == planned(data).clusters


def test_adding_a_site_and_its_links_at_the_end_moves_nothing() -> None:
    sites = {"a": "aws", "z": "azure"}
    before = planned(fleet_data(sites, {"one": ("a", 1), "two": ("z", 2)}))
    data = fleet_data({**sites, "b": "aws"}, {"one": ("a", 1), "two": ("z", 2), "three": ("b", 3)})
    data["links"] = [{"sites": ["a", "z"]}, {"sites": ["a", "b"]}, {"sites": ["b", "z"]}]
    after = planned(data)
    assert after.clusters["one"] == before.clusters["one"]
    assert after.links["a-z"] == before.links["a-z"]
    assert after.sites["a"] == before.sites["a"]
    second = after.links["z-b"]
    assert isinstance(second, VpnLinkPlan)
    assert (second.slot, second.owner) == (1, "b")


def test_slots_are_apart_at_every_gateway_and_pins_are_kept() -> None:
    data = fleet_data({"a": "aws", "b": "aws", "y": "azure", "z": "azure"}, {"one": ("a", 1)})
    crossing = [link for link in data["links"] if {"a", "b"} & set(link["sites"]) and {"y", "z"} & set(link["sites"])]
    crossing[-1]["slot"] = 0
    fleet = Fleet.model_validate(data)
    slots = plan_slots(fleet)
    assert slots[data["links"].index(crossing[-1])] == 0
    for site in fleet.sites:
        here = [slot for index, slot in slots.items() if site in fleet.links[index].sites]
        assert len(set(here)) == len(here)


@pytest.mark.parametrize("most", [255, 511])
def test_the_largest_meshes_fit(most: int) -> None:
    sites = {"a": "aws", "b": "aws", "y": "azure", "z": "azure"}
    clusters = {f"c-{number}": (list(sites)[number % 4], number) for number in range(1, most + 1)}
    data = fleet_data(sites, clusters, mesh={"maxClusters": most}, quotas={"rulesPerSecurityGroup": 200})
    fleet = Fleet.model_validate(data)
    assert check_fleet(fleet, Names.of(data)) == []
    plan = plan_fleet(fleet)
    assert len(plan.peers("c-1")) == most - 1


def test_all_tunnel_ranges_are_apart_and_azures_own() -> None:
    inside = [tunnel.inside for slot in range(SLOTS) for tunnel in plan_tunnels(slot)]
    assert len(set(inside)) == 4 * SLOTS == 128
    assert {str(network)[:10] for network in inside} == {"169.254.21", "169.254.22"}
    with pytest.raises(ValueError, match="slot 32"):
        plan_tunnels(SLOTS)


def test_what_is_pinned_is_kept() -> None:
    data = fleet_data({"a": "aws"}, {"one": ("a", 1)})
    data["sites"]["a"] |= {"asn": 64999, "zones": ["us-east-1b", "us-east-1d", "us-east-1f"]}
    data["clusters"]["one"] |= {"podCidr": "10.100.0.0/18", "serviceCidr": "10.101.0.0/20"}
    data["mesh"] = {"mtu": 1350, "cilium": "1.20.0"}
    plan = planned(data)
    site, cluster = plan.sites["a"], plan.clusters["one"]
    assert (site.asn, getattr(site, "zones", None)) == (64999, ("us-east-1b", "us-east-1d", "us-east-1f"))
    assert (str(cluster.pod_cidr), str(cluster.service_cidr)) == ("10.100.0.0/18", "10.101.0.0/20")
    assert (plan.mesh.mtu, plan.mesh.cilium) == (1350, "1.20.0")


def test_a_site_without_cross_cloud_links_has_no_gateway() -> None:
    plan = planned(fleet_data({"a": "aws", "b": "aws"}, {"one": ("a", 1), "two": ("b", 2)}))
    assert [site.gateway for site in plan.sites.values()] == [None, None]


def test_mesh_addresses_end_where_the_subnet_does() -> None:
    small = nth(planned(fleet_data({"a": "aws"}, {"one": ("a", 1)})).sites["a"].addresses.mesh_ranges[0], 26, 0)
    assert str(mesh_address(small, largest_id(26))).endswith(".62")
    with pytest.raises(ValueError, match="no mesh address"):
        mesh_address(small, largest_id(26) + 1)


def test_scopes_part_the_fleet() -> None:
    plan = planned(
        fleet_data({"a": "aws", "z": "azure", "b": "aws"}, {"one": ("a", 1), "two": ("z", 2), "x": ("b", 3)})
    )
    whole = scope_of(plan)
    parts = [scope_of(plan, (site,)) for site in plan.sites]
    assert sorted(link for part in parts for link in part.links) == sorted(whole.links) == ["a-b", "a-z", "z-b"]
    assert [part.reads for part in parts] == [(), ("a",), ("a", "z")]
    assert whole.reads == ()
    assert stack_order(plan) == ("a-test", "z-test", "b-test")
    assert stack_name(plan) == "test"
    with pytest.raises(ValueError, match="no site 'q'"):
        scope_of(plan, ("q",))


def test_a_stack_reads_only_stacks_before_it() -> None:
    plan = planned(
        fleet_data({"a": "aws", "z": "azure", "b": "aws"}, {"one": ("a", 1), "two": ("z", 2), "x": ("b", 3)})
    )
    order = list(plan.sites)
    for site in order:
        assert all(order.index(read) < order.index(site) for read in scope_of(plan, (site,)).reads)
