"""Every address of the fleet `dev`, written out: a change here moves something that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.load import load_fleet
from infra.plan import AwsSitePlan, AzureSitePlan, FleetPlan, VpnLinkPlan
from infra.planner import plan_fleet


@pytest.fixture(scope="module")
def plan() -> FleetPlan:
    return plan_fleet(load_fleet(Path("fleets/dev.yaml")))


def test_aws_site(plan: FleetPlan) -> None:
    site = plan.sites["aws"]
    assert isinstance(site, AwsSitePlan)
    assert (site.region, site.zones) == ("us-east-1", ("us-east-1a", "us-east-1b", "us-east-1c"))
    assert (str(site.cidr), site.asn, site.gateway) == ("10.16.0.0/16", 64528, "virtual-private-gateway")
    assert list(map(str, site.addresses.nodes)) == ["10.16.0.0/19", "10.16.32.0/19", "10.16.64.0/19"]
    assert list(map(str, site.addresses.mesh)) == ["10.16.128.0/22", "10.16.132.0/22", "10.16.136.0/22"]
    assert list(map(str, site.addresses.public)) == ["10.16.160.0/24", "10.16.161.0/24", "10.16.162.0/24"]
    assert list(map(str, site.addresses.attachment)) == ["10.16.192.0/28", "10.16.192.16/28", "10.16.192.32/28"]
    assert list(map(str, site.addresses.node_ranges)) == ["10.16.0.0/17"]


def test_azure_site(plan: FleetPlan) -> None:
    site = plan.sites["azure"]
    assert isinstance(site, AzureSitePlan)
    assert (site.region, str(site.cidr), site.asn, site.gateway) == ("eastus", "10.17.0.0/16", 64529, "VpnGw2AZ")
    assert str(site.addresses.nodes) == "10.17.0.0/17"
    assert str(site.addresses.mesh) == "10.17.128.0/22"
    assert str(site.addresses.gateway) == "10.17.160.0/27"
    assert site.apipa == (("169.254.21.2", "169.254.22.2"), ("169.254.21.6", "169.254.22.6"))


def test_clusters(plan: FleetPlan) -> None:
    rows = {
        name: (c.id, str(c.pod_cidr), str(c.service_cidr), c.dns_address, c.mesh_addresses, c.mesh_node_port)
        for name, c in plan.clusters.items()
    }
    assert rows == {
        "aws-1": (
            1,
            "10.128.128.0/17",
            "10.64.32.0/19",
            "10.64.32.10",
            ("10.16.128.5", "10.16.132.5", "10.16.136.5"),
            32001,
        ),
        "azure-1": (2, "10.129.0.0/17", "10.64.64.0/19", "10.64.64.10", ("10.17.128.6",), 32002),
    }


def test_tunnels_are_those_of_microsofts_guide(plan: FleetPlan) -> None:
    link = plan.links["aws-azure"]
    assert isinstance(link, VpnLinkPlan)
    assert link.owner == "azure"
    rows = [
        (t.number, t.instance, t.aws_tunnel, str(t.inside), str(t.aws_address), str(t.azure_address),
         str(t.azure_other_address))
        for t in link.tunnels
    ]  # fmt: skip
    assert rows == [
        (1, 0, 1, "169.254.21.0/30", "169.254.21.1", "169.254.21.2", "169.254.21.6"),
        (2, 0, 2, "169.254.22.0/30", "169.254.22.1", "169.254.22.2", "169.254.22.6"),
        (3, 1, 1, "169.254.21.4/30", "169.254.21.5", "169.254.21.6", "169.254.21.2"),
        (4, 1, 2, "169.254.22.4/30", "169.254.22.5", "169.254.22.6", "169.254.22.2"),
    ]


def test_mesh(plan: FleetPlan) -> None:
    mesh = plan.mesh
    assert (mesh.cilium, mesh.profile, mesh.mtu, mesh.max_clusters) == ("1.19.6", "overlay", 1400, 255)
    assert mesh.encrypted
    assert mesh.trust_site == "aws"


def test_openings_are_exactly_what_the_mesh_needs(plan: FleetPlan) -> None:
    link = plan.links["aws-azure"]
    for site, source in (("aws", "10.17.0.0/17"), ("azure", "10.16.0.0/17")):
        opened = {(o.target, o.port.protocol, o.port.port, tuple(map(str, o.sources))) for o in link.openings[site]}
        assert opened == {
            ("nodes", "udp", 6081, (source,)),
            ("nodes", "udp", 51871, (source,)),
            ("nodes", "tcp", 4240, (source,)),
            ("nodes", "tcp", 4244, (source,)),
            ("nodes", "icmp", 8, (source,)),
            ("nodes", "icmp", 3, (source,)),
            ("mesh", "tcp", 2379, (source,)),
        }


def test_components_run_where_the_plan_says(plan: FleetPlan) -> None:
    where = {name: component.clusters for name, component in plan.fleet.components.items()}
    assert {name for name, clusters in where.items() if "aws-1" in clusters} == {"api", "dev", "a2a", "cdf"}
    assert {name for name, clusters in where.items() if clusters == ("azure-1",)} == {"ops", "nfo", "doc", "etl"}
