from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import pulumi
import pulumi_azure_native as azure_native
import pytest

from components.aws.openings import AwsFirewall, aws_openings
from components.azure.openings import AzureFirewall, azure_openings, link_priority
from infra import ports
from infra.plan import FleetPlan, Opening
from infra.ports import Port
from tests.components.azure_program import pair_with, planned, record_fleet
from tests.components.recording import Recording, Registered, record
from tests.infra.fleets import fleet_data

if TYPE_CHECKING:
    from collections.abc import Iterator

AWS_NODES = "10.16.0.0/17"
AZURE_NODES = "10.17.0.0/17"
AZURE_MESH = "10.17.128.0/22"
AWS_FIREWALL = AwsFirewall(node_security_group_id="nodes", mesh_security_group_id="mesh", tags={})
AZURE_FIREWALL = AzureFirewall(
    resource_group_name="group",
    node_nsg_name="nodes",
    mesh_nsg_name="mesh",
    node_ranges=(IPv4Network(AZURE_NODES),),
    mesh_ranges=(IPv4Network(AZURE_MESH),),
)


@pytest.fixture(scope="module")
def plan() -> FleetPlan:
    return pair_with()


@pytest.fixture(scope="module")
def built(plan: FleetPlan) -> Recording:
    return record_fleet(plan)


def test_aws_opens_exactly_the_ports_of_the_mesh_to_the_nodes_of_azure(built: Recording) -> None:
    rules = {
        (
            rule.inputs["securityGroupId"],
            rule.inputs["ipProtocol"],
            rule.inputs["fromPort"],
            rule.inputs["toPort"],
            rule.inputs["cidrIpv4"],
        )
        for rule in built.of_type("SecurityGroupIngressRule")
    }
    assert rules == {
        ("aws-nodes", "udp", ports.GENEVE.port, ports.GENEVE.port, AZURE_NODES),
        ("aws-nodes", "udp", ports.WIREGUARD.port, ports.WIREGUARD.port, AZURE_NODES),
        ("aws-nodes", "tcp", ports.HEALTH.port, ports.HEALTH.port, AZURE_NODES),
        ("aws-nodes", "tcp", ports.HUBBLE.port, ports.HUBBLE.port, AZURE_NODES),
        ("aws-nodes", "icmp", 8, -1, AZURE_NODES),
        # 'Fragmentation needed' alone.
        ("aws-nodes", "icmp", 3, 4, AZURE_NODES),
        ("aws-mesh", "tcp", ports.MESH_API_PORT, ports.MESH_API_PORT, AZURE_NODES),
    }


def test_azure_opens_exactly_the_same_to_the_nodes_of_aws(built: Recording) -> None:
    rules = {
        (
            rule.inputs["networkSecurityGroupName"].rpartition("-")[2],
            rule.inputs["protocol"],
            rule.inputs["destinationPortRange"],
            *rule.inputs["destinationAddressPrefixes"],
        )
        for rule in link_rules(built)
    }
    assert rules == {
        ("nodes", "Udp", str(ports.GENEVE.port), AZURE_NODES),
        ("nodes", "Udp", str(ports.WIREGUARD.port), AZURE_NODES),
        ("nodes", "Tcp", str(ports.HEALTH.port), AZURE_NODES),
        ("nodes", "Tcp", str(ports.HUBBLE.port), AZURE_NODES),
        ("nodes", "Icmp", "*", AZURE_NODES),
        ("nodes", "Tcp", str(ports.MESH_API_PORT), AZURE_MESH),
        ("mesh", "Tcp", str(ports.MESH_API_PORT), AZURE_MESH),
    }
    for rule in link_rules(built):
        assert rule.inputs["sourceAddressPrefixes"] == [AWS_NODES]
        assert (rule.inputs["access"], rule.inputs["direction"]) == ("Allow", "Inbound")


def test_both_sides_open_what_the_plan_opens(built: Recording, plan: FleetPlan) -> None:
    openings = plan.links["aws-azure"].openings
    azure = {opening.port.name for opening in openings["azure"] if opening.port.protocol != "icmp"} | {"icmp"}
    assert {rule.name.removeprefix("aws-azure-azure-").removesuffix("-nodes") for rule in link_rules(built)} == azure
    aws = {f"{opening.target}-{opening.port.name}" for opening in openings["aws"]}
    named = built.of_type("SecurityGroupIngressRule")
    assert {rule.name.removeprefix("aws-azure-aws-").removesuffix("-0") for rule in named} == aws


def test_rules_of_a_link_come_before_the_denial_and_after_the_sites_own(built: Recording) -> None:
    for rule in link_rules(built):
        assert 1000 <= rule.inputs["priority"] <= 4093


def test_rules_of_a_link_are_written_one_after_the_other_and_after_the_site(built: Recording) -> None:
    rules = link_rules(built)
    assert all(built.waits_for(later, earlier) for earlier, later in pairwise(rules))
    assert built.waits_for(rules[0], built.named("azure-network-gateway", "Subnet"))


def test_descriptions_say_what_for(built: Recording) -> None:
    for rule in (*built.of_type("SecurityGroupIngressRule"), *link_rules(built)):
        assert rule.inputs["description"]


def test_every_source_range_has_its_own_rule_on_aws_and_all_share_one_on_azure() -> None:
    sources = (IPv4Network("10.1.0.0/19"), IPv4Network("10.2.0.0/19"))
    opening = Opening(target="nodes", port=ports.GENEVE, sources=sources)

    def program() -> None:
        options = pulumi.ResourceOptions()
        aws_openings("x", [opening], AWS_FIREWALL, options)
        azure_openings("y", [opening], AZURE_FIREWALL, 1000, options)

    recording = record(program)
    assert {rule.name: rule.inputs["cidrIpv4"] for rule in recording.of_type("SecurityGroupIngressRule")} == {
        "x-nodes-geneve-0": "10.1.0.0/19",
        "x-nodes-geneve-1": "10.2.0.0/19",
    }
    (rule,) = recording.of_type("SecurityRule")
    assert rule.inputs["sourceAddressPrefixes"] == ["10.1.0.0/19", "10.2.0.0/19"]


def many_links(sites: int, *, without: str | None = None) -> FleetPlan:
    names = [f"site-{number}" for number in range(sites)]
    data = fleet_data(dict.fromkeys(names, "azure"), {"one": ("site-0", 1)})
    data["links"] = [{"sites": list(pair)} for pair in combinations(names, 2) if "-".join(pair) != without]
    return planned(data)


def test_priorities_of_links_do_not_meet() -> None:
    plan = many_links(20)
    priorities = sorted(link_priority(plan, link) for link in plan.links)
    assert all(later - earlier >= 8 for earlier, later in pairwise(priorities))
    assert priorities[0] >= 1000
    assert priorities[-1] + 7 < 4096


def test_removing_a_link_moves_no_other_that_it_did_not_push_aside() -> None:
    plan, fewer = many_links(6), many_links(6, without="site-0-site-1")
    assert "site-0-site-1" in plan.links
    moved = [link for link in fewer.links if link_priority(plan, link) != link_priority(fewer, link)]
    assert moved == []


def test_more_links_than_priorities_are_refused_with_the_number() -> None:
    plan = many_links(29)
    with pytest.raises(ValueError, match=r"406 links; Azure has priorities for 387"):
        link_priority(plan, "site-0-site-1")


@pytest.mark.parametrize("cloud", ["aws", "azure"])
@pytest.mark.parametrize(
    ("port", "source", "message"),
    [
        (Port(name="ssh", protocol="tcp", port=22, why="a test"), "10.1.0.0/19", r"'ssh' \(tcp 22\) is no port"),
        (Port(name="geneve", protocol="tcp", port=ports.GENEVE.port, why="a test"), "10.1.0.0/19", "'geneve'"),
        (Port(name="ping", protocol="icmp", port=-1, why="a test"), "10.1.0.0/19", r"'ping' \(icmp -1\) is no port"),
        (ports.GENEVE, "0.0.0.0/0", "sources of 'geneve': 0.0.0.0/0 lets everybody in; name the ranges"),
        (ports.GENEVE, "0.0.0.0/1", "sources of 'geneve': 0.0.0.0/1"),
    ],
)
def test_what_the_mesh_does_not_need_is_not_opened(cloud: str, port: Port, source: str, message: str) -> None:
    good = Opening(target="nodes", port=ports.HEALTH, sources=(IPv4Network("10.1.0.0/19"),))
    bad = Opening(target="nodes", port=port, sources=(IPv4Network("10.2.0.0/19"), IPv4Network(source)))

    def program() -> None:
        options = pulumi.ResourceOptions()
        if cloud == "aws":
            aws_openings("x", [good, bad], AWS_FIREWALL, options)
        else:
            azure_openings("x", [good, bad], AZURE_FIREWALL, 1000, options)

    with pytest.raises(ValueError, match=f"openings: {message}"):
        record(program)


def test_a_port_without_a_place_is_refused_by_name() -> None:
    odd = Port(name="odd", protocol="tcp", port=ports.MESH_API_PORT, why="a test")
    plan = pair_with()
    opening = Opening(target="nodes", port=odd, sources=plan.sites["aws"].addresses.node_ranges)

    def program() -> None:
        provider = azure_native.Provider("provider")
        azure_openings("x", [opening], AZURE_FIREWALL, 1000, pulumi.ResourceOptions(provider=provider))

    with pytest.raises(ValueError, match=r"port 'odd' has no place"):
        record(program)


def test_nothing_is_open_to_everyone(built: Recording) -> None:
    for one in built:
        assert "0.0.0.0/0" not in set(strings(dict(one.inputs))), one.urn


def strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


def link_rules(recording: Recording) -> list[Registered]:
    return [rule for rule in recording.of_type("SecurityRule") if rule.name.startswith("aws-azure-")]
