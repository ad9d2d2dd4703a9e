from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from infra.load import load_fleet
from infra.planner import plan_fleet
from lab.errors import LabError
from lab.plan import LabPlan, plan_lab

DEV = plan_fleet(load_fleet(Path("fleets/dev.yaml")))


@pytest.fixture(scope="module")
def dev() -> LabPlan:
    return plan_lab(DEV, depth="datapath")


def test_nodes_stand_in_the_planned_node_subnets_of_their_zone(dev: LabPlan) -> None:
    subnets = DEV.sites["aws"].addresses.nodes
    for node, subnet, zone in zip(dev.clusters["aws-1"].nodes, subnets, DEV.sites["aws"].zones, strict=False):  # type: ignore[union-attr,arg-type]
        assert node.address in subnet
        assert node.labels["topology.kubernetes.io/zone"] == zone


def test_azure_zones_are_labelled_as_azure_does(dev: LabPlan) -> None:
    assert [node.zone for node in dev.clusters["azure-1"].nodes] == ["eastus-1", "eastus-2"]


def test_no_address_is_given_twice_and_none_is_the_clouds_own(dev: LabPlan) -> None:
    given = [node.address for node in dev.nodes] + [cluster.api for cluster in dev.clusters.values()]
    given += [IPv4Address(text) for cluster in DEV.clusters.values() for text in cluster.mesh_addresses]
    given += [site.gateway for site in dev.sites.values()]
    assert len(set(given)) == len(given)
    for cluster in dev.clusters.values():
        site = DEV.sites[cluster.site]
        subnets = site.addresses.nodes if isinstance(site.addresses.nodes, tuple) else (site.addresses.nodes,)
        for address in (cluster.api, *(node.address for node in cluster.nodes)):
            subnet = next(one for one in subnets if address in one)
            assert int(address) - int(subnet.network_address) > 4


def test_a_link_between_clouds_carries_what_the_plan_says(dev: LabPlan) -> None:
    assert {link.mtu for link in dev.links.values()} == {DEV.mesh.mtu} == {1400}


def test_control_depth_has_no_nodes() -> None:
    assert plan_lab(DEV, depth="control").nodes == ()


def test_clusters_are_known_by_their_names_in_the_clouds(dev: LabPlan) -> None:
    assert dev.clusters["aws-1"].cloud_names == ("dev-aws-1", "aws-1")


@pytest.mark.parametrize("nodes", [0, 15])
def test_a_number_of_nodes_out_of_range_is_refused(nodes: int) -> None:
    with pytest.raises(LabError, match=f"{nodes} nodes a cluster are out of range"):
        plan_lab(DEV, depth="datapath", nodes=nodes)
