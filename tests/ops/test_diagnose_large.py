"""A fleet of several sites: one cluster is dead and its neighbour lives, one link is cut and the others carry on."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from ops.services.diagnose.places import SMALL, sizes, targets
from tests.infra.fleets import fleet_data, planned
from tests.ops.diagnosed import Fleet, health_of, nodes_of

if TYPE_CHECKING:
    from infra.plan import FleetPlan

SITES = {"aws": "aws", "azure": "azure", "west": "aws"}
CLUSTERS = {"aws-1": ("aws", 1), "azure-1": ("azure", 2), "azure-2": ("azure", 3), "west-1": ("west", 4)}


@pytest.fixture(scope="module")
def plan() -> FleetPlan:
    return planned(fleet_data(SITES, CLUSTERS))


@pytest.fixture
def fleet(plan: FleetPlan) -> Fleet:
    return Fleet.whole(plan)


def site_of(fleet: Fleet, address: str) -> str:
    """Name the site of a node or of a pod on it."""
    for name, cluster in fleet.plan.clusters.items():
        if cluster.pod_cidr is not None and IPv4Address(address) in cluster.pod_cidr:
            return fleet.plan.clusters[name].site
    return next(name for name, site in fleet.plan.sites.items() if IPv4Address(address) in site.cidr)


def cut(fleet: Fleet, *ends: str) -> None:
    before = fleet.network.dropped
    fleet.network.dropped = lambda site, address, port: (
        before(site, address, port) or {site, site_of(fleet, address)} == set(ends)
    )
    for source, start in CLUSTERS.items():
        for target, end in CLUSTERS.items():
            if {start[0], end[0]} == set(ends):
                fleet.fail_way(source, target, "i/o timeout")


def kill(fleet: Fleet, cluster: str) -> None:
    fleet.kill_mesh(cluster)
    for node in nodes_of(fleet.plan, cluster):
        fleet.kill_node(cluster, node)
    fleet.network.dead |= set(health_of(fleet.plan, cluster).values())
    fleet.kill_api(cluster)


def test_nothing_is_wrong(fleet: Fleet) -> None:
    assert fleet.found() == []


def test_one_link_of_three(fleet: Fleet) -> None:
    cut(fleet, "aws", "azure")
    assert fleet.found() == [("links", "aws-azure")]


def test_a_dead_cluster_beside_a_living_one(fleet: Fleet) -> None:
    kill(fleet, "azure-2")
    assert fleet.found() == [("api-servers", "azure-2")]


def test_a_dead_cluster_that_is_all_of_its_site(fleet: Fleet) -> None:
    kill(fleet, "west-1")
    assert fleet.found() == [("api-servers", "west-1")]


def test_a_site_that_has_lost_all_its_links_is_two_causes(fleet: Fleet) -> None:
    cut(fleet, "aws", "west")
    cut(fleet, "azure", "west")
    assert fleet.found() == [("links", "aws-west"), ("links", "azure-west")]


def test_two_clusters_of_a_site_and_one_of_them_without_its_mesh_api_server(fleet: Fleet) -> None:
    fleet.kill_mesh("azure-1")
    assert fleet.found() == [("mesh-servers", "azure-1")]


def test_few_nodes_stand_for_the_size_of_packets(fleet: Fleet) -> None:
    wanted = targets(fleet.plan, fleet.case().seen)["aws-1"]["aws-1-a"].echoes
    full = sizes(1400)
    for cluster in ("azure-1", "azure-2"):
        assert all(wanted[address] == full for address in nodes_of(fleet.plan, cluster).values())
    (neighbour,) = [address for node, address in nodes_of(fleet.plan, "aws-1").items() if node != "aws-1-a"]
    assert wanted[neighbour] == (SMALL,)
