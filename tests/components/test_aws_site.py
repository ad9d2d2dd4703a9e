"""The AWS site: network, key, logs, security groups, gateways."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

import pytest

from components.aws.key import key_policy
from infra.plan import AwsSitePlan
from tests.components.aws_fleets import dev, plan_of, recorded

if TYPE_CHECKING:
    from tests.components.recording import Recording

TRANSIT = {"sites.aws.gateway": {"kind": "transit-gateway"}}
TAGLESS = (
    "Alias",
    "Attachment",
    "RolePolicy",
    "RolePolicyAttachment",
    "Route",
    "RouteTableAssociation",
    "VpnGatewayAttachment",
    "VpnGatewayRoutePropagation",
)
"""AWS resources that carry no tags."""


def site_plan(change: dict[str, Any] | None = None) -> AwsSitePlan:
    plan = plan_of(change).sites["aws"]
    assert isinstance(plan, AwsSitePlan)
    return plan


def subnets(recording: Recording, kind: str) -> list[tuple[str, str]]:
    found = [one for one in recording.of_type("Subnet") if one.inputs["tags"]["subnet"] == kind]
    return [(one.inputs["availabilityZone"], one.inputs["cidrBlock"]) for one in sorted(found, key=lambda x: x.name)]


@pytest.mark.parametrize("kind", ["nodes", "mesh", "public"])
def test_subnets_are_exactly_the_planned_ones(kind: str) -> None:
    plan = site_plan()
    assert subnets(dev(), kind) == list(zip(plan.zones, map(str, getattr(plan.addresses, kind)), strict=True))


def test_no_subnet_gives_public_addresses() -> None:
    assert all(one.inputs["mapPublicIpOnLaunch"] is False for one in dev().of_type("Subnet"))


def test_attachment_subnets_are_there_for_a_transit_gateway_only() -> None:
    assert subnets(dev(), "attachment") == []
    plan = site_plan(TRANSIT)
    expected = list(zip(plan.zones, map(str, plan.addresses.attachment), strict=True))
    assert subnets(recorded(TRANSIT), "attachment") == expected


def test_each_zone_leaves_by_its_own_nat_gateway() -> None:
    recording = dev()
    for zone in range(3):
        route = recording.named(f"aws-network-private-{zone}-default")
        nat = recording.named(f"aws-network-nat-{zone}", "NatGateway")
        assert recording.waits_for(route, nat)
        assert route.inputs["destinationCidrBlock"] == "0.0.0.0/0"
        assert recording.waits_for(nat, recording.named(f"aws-network-public-{zone}", "Subnet"))
        assert recording.waits_for(nat, recording.named(f"aws-network-nat-{zone}", "Eip"))
        tables = {
            recording.named(f"aws-network-{kind}-{zone}", "RouteTableAssociation").inputs["routeTableId"]
            for kind in ("nodes", "mesh")
        }
        assert tables == {route.inputs["routeTableId"]}


def test_exports_give_the_private_tables_by_zone() -> None:
    recording = dev()
    routes = [recording.named(f"aws-network-private-{zone}-default").inputs["routeTableId"] for zone in range(3)]
    assert recording.exports()["aws"]["tables"] == routes


def test_addresses_and_nat_gateways_go_before_the_internet_gateway() -> None:
    recording = dev()
    internet = recording.named("aws-network-internet")
    for one in recording.of_type("Eip", "NatGateway"):
        assert recording.waits_for(one, internet)


def test_route_tables_and_groups_hold_nothing_inline() -> None:
    for one in dev().of_type("RouteTable", "SecurityGroup"):
        assert not {"routes", "ingress", "egress", "propagatingVgws"} & set(one.inputs), one.name


def test_the_default_group_lets_nothing_through() -> None:
    (group,) = dev().of_type("DefaultSecurityGroup")
    assert (group.inputs["ingress"], group.inputs["egress"]) == ([], [])


@pytest.mark.parametrize("change", [{}, TRANSIT], ids=["virtual-private-gateway", "transit-gateway"])
def test_nothing_lets_the_world_in(change: dict[str, Any]) -> None:
    for rule in recorded(change).of_type("SecurityGroupIngressRule"):
        source = rule.inputs.get("cidrIpv4")
        assert source is None or IPv4Network(source).is_private, rule.name
        assert "cidrIpv6" not in rule.inputs
        assert (source is None) != ("referencedSecurityGroupId" not in rule.inputs)


def test_the_openings_are_exactly_the_planned_ones() -> None:
    recording, plan = dev(), site_plan()
    groups = {
        recording.outputs[recording.named("aws-firewall").urn][key]: target
        for key, target in (("nodeGroupId", "nodes"), ("meshGroupId", "mesh"))
    }
    opened = {
        (
            groups[rule.inputs["securityGroupId"]],
            rule.inputs["ipProtocol"],
            rule.inputs["fromPort"],
            rule.inputs["toPort"],
            rule.inputs["cidrIpv4"],
        )
        for rule in recording.of_type("SecurityGroupIngressRule")
        if "cidrIpv4" in rule.inputs
    }
    planned = {
        (
            opening.target,
            opening.port.protocol,
            opening.port.port,
            # "Fragmentation needed" is code 4 of type 3; of the echo any code.
            {8: -1, 3: 4}[opening.port.port] if opening.port.protocol == "icmp" else opening.port.port,
            str(source),
        )
        for opening in plan.internal
        for source in opening.sources
    }
    assert opened == planned


def test_a_mesh_load_balancer_reaches_its_node_port_only() -> None:
    recording = dev()
    mesh = recording.outputs[recording.named("aws-firewall").urn]["meshGroupId"]
    (rule,) = [one for one in recording.of_type("SecurityGroupEgressRule") if one.inputs["securityGroupId"] == mesh]
    assert (rule.inputs["fromPort"], rule.inputs["toPort"]) == (32001, 32001)


def test_everything_that_can_carry_tags_carries_the_fleets() -> None:
    for change in ({}, TRANSIT, {"clusters.aws-1.meshed": False}):
        for one in recorded(change):
            if one.type.startswith("aws:") and one.type.rpartition(":")[2] not in TAGLESS:
                tags = one.inputs.get("tags", {})
                assert {**tags, "fleet": "dev", "site": "aws", "owner": "hms-platform"} == tags, one.name
                assert tags.get("Name"), one.name


def test_every_child_has_a_parent_and_the_sites_provider() -> None:
    recording = dev()
    tops = {one.type for one in recording.children(recording.stack) if one.type.startswith(("aws:", "eks:"))}
    assert tops == set()
    for one in recording:
        if one.type.startswith("aws:"):
            assert recording.by_urn(one.provider).name == "aws-aws", one.name


def test_every_component_registers_its_outputs() -> None:
    recording = dev()
    own = [one for one in recording if one.type.startswith("hms:aws:")]
    assert own
    assert all(one.urn in recording.outputs for one in own)


def test_nothing_is_looked_up() -> None:
    assert dev().invokes == []


def test_every_log_group_is_encrypted_and_ends() -> None:
    groups = dev().of_type("LogGroup")
    assert len(groups) == 3
    for group in groups:
        assert group.inputs["kmsKeyId"].startswith("arn:aws:kms:")
        assert group.inputs["retentionInDays"] == 365


def test_flow_logs_take_all_traffic_and_wait_for_their_permission() -> None:
    recording = dev()
    flow = recording.named("aws-flow-all")
    assert flow.inputs["trafficType"] == "ALL"
    assert recording.waits_for(flow, recording.named("aws-flow-write"))
    trust = json.loads(recording.named("aws-flow-role").inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def statements(policy: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["Sid"]: one for one in policy["Statement"]}


def test_the_key_rotates_and_can_be_brought_back() -> None:
    key = dev().named("aws-key-key")
    assert key.inputs["enableKeyRotation"] is True
    assert key.inputs["deletionWindowInDays"] == 30
    assert json.loads(key.inputs["policy"]) == key_policy(site_plan(), "123456789012")


def test_the_key_serves_the_log_groups_that_are_made_and_no_others() -> None:
    policy = statements(key_policy(site_plan(), "123456789012"))["LogsOfTheSite"]
    patterns = policy["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    assert policy["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    for group in dev().of_type("LogGroup"):
        arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{group.inputs['name']}"
        assert any(arn.startswith(pattern.partition("*")[0]) for pattern in patterns), arn
    assert all(pattern.count("*") == 1 and "/dev" in pattern for pattern in patterns)


def test_the_key_lets_auto_scaling_make_disks_and_nobody_unnamed() -> None:
    policy = key_policy(site_plan(), "123456789012")
    role = "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    wild = [one for one in policy["Statement"] if one["Principal"] == {"AWS": "*"}]
    assert {one["Condition"]["ArnEquals"]["aws:PrincipalArn"] for one in wild} == {role}
    assert {one["Condition"]["StringEquals"]["kms:CallerAccount"] for one in wild} == {"123456789012"}
    grant = statements(policy)["DisksOfNodeGroupsAttached"]
    assert grant["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


def test_arns_follow_the_regions_partition() -> None:
    text = json.dumps(key_policy(site_plan({"sites.aws.region": "us-gov-west-1"}), "123456789012"))
    assert "arn:aws-us-gov:iam" in text
    assert "arn:aws:" not in text


def test_a_virtual_private_gateway_propagates_once_attached() -> None:
    recording = dev()
    gateway = recording.named("aws-gateway-vgw")
    assert gateway.inputs["amazonSideAsn"] == str(site_plan().asn)
    assert "vpcId" not in gateway.inputs
    propagations = recording.of_type("VpnGatewayRoutePropagation")
    assert {one.inputs["routeTableId"] for one in propagations} == set(recording.exports()["aws"]["tables"])
    for one in propagations:
        assert recording.waits_for(one, recording.named("aws-gateway-attachment"))
    assert recording.exports()["aws"]["gateway"].startswith("vgw-")


def test_a_transit_gateway_balances_over_all_tunnels() -> None:
    recording = recorded(TRANSIT)
    gateway = recording.named("aws-gateway-tgw")
    assert gateway.inputs["vpnEcmpSupport"] == "enable"
    assert gateway.inputs["amazonSideAsn"] == site_plan().asn
    assert gateway.inputs["autoAcceptSharedAttachments"] == "disable"
    assert len(recording.named("aws-gateway-attachment").inputs["subnetIds"]) == 3
    assert recording.of_type("VpnGateway", "VpnGatewayRoutePropagation") == []
    assert recording.exports()["aws"]["gateway"].startswith("tgw-")


def test_a_site_without_links_has_no_gateway() -> None:
    alone = {"links": None, "clusters.azure-1": None, "sites.azure": None, "components": None, "flows": None}
    recording = recorded(alone)
    assert recording.of_type("VpnGateway", "TransitGateway") == []
    assert recording.exports()["aws"]["gateway"] == ""


@pytest.mark.parametrize("protect", [True, False])
def test_what_must_not_be_lost_is_protected(protect: bool) -> None:  # noqa: FBT001 - parametrized
    for change, gateway in (({}, "aws-gateway-vgw"), (TRANSIT, "aws-gateway-tgw")):
        recording = recorded({**change, "protect": protect})
        for name in (gateway, "aws-key-key", "aws-1-eks", "aws-1-mesh-nlb"):
            assert recording.named(name).protect is protect, name


def test_gateways_may_take_their_time() -> None:
    for change in ({}, TRANSIT):
        found = recorded(change).of_type("VpnGateway", "VpnGatewayAttachment", "TransitGateway", "VpcAttachment")
        gateways = [one for one in found if one.custom]
        assert len(gateways) == 2
        for one in gateways:
            assert one.timeouts == {"create": "1h", "update": "1h", "delete": "1h"}
