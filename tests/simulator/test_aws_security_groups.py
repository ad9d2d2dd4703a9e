"""Security groups and the three ways of writing a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator.aws import tokens
from tests.simulator.aws_world import aws, refused, wrong

if TYPE_CHECKING:
    from tests.simulator.aws_world import Aws

__all__ = ["aws"]

HTTPS = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/8"}


def test_groups(aws: Aws) -> None:
    vpc = aws.vpc()
    made = aws.group(vpc)
    assert made.startswith("sg-0")
    with refused("InvalidGroup.Duplicate"):
        aws.group(vpc)
    with refused("InvalidGroup.Duplicate"):
        aws.group(vpc, "default")
    with refused("VPCIdNotSpecified"):
        aws.create(tokens.SECURITY_GROUP, "lonely")
    with refused("DependencyViolation"):
        aws.delete(tokens.VPC, vpc)
    aws.update(tokens.SECURITY_GROUP, made, tags={"a": "b"})
    aws.delete(tokens.SECURITY_GROUP, made)
    aws.delete(tokens.VPC, vpc)


@pytest.mark.parametrize("name", ["sg-mine", "a" * 256, "Cilium's", "ümlaut"])
def test_bad_name_of_a_group(aws: Aws, name: str) -> None:
    with wrong("invalid value for name"):
        aws.group(aws.vpc(), name)


def test_bad_description_of_a_group(aws: Aws) -> None:
    with wrong("invalid value for description"):
        aws.group(aws.vpc(), description="nodes <-> nodes")


def test_rules(aws: Aws) -> None:
    group = aws.group(aws.vpc())
    made = aws.create(tokens.INGRESS_RULE, securityGroupId=group, **HTTPS)
    assert made.outputs["securityGroupRuleId"] == made.id
    assert made.id.startswith("sgr-0")
    aws.create(tokens.EGRESS_RULE, securityGroupId=group, **HTTPS)  # the other direction is another rule
    with refused("InvalidPermission.Duplicate", "10.0.0.0/8, TCP, from port: 443"):
        aws.create(tokens.INGRESS_RULE, securityGroupId=group, **HTTPS)
    with refused("InvalidPermission.Duplicate"):
        aws.create(tokens.INGRESS_RULE, securityGroupId=group, **{**HTTPS, "ipProtocol": "6"})
    with refused("InvalidGroup.NotFound"):
        aws.create(tokens.INGRESS_RULE, securityGroupId="sg-0", **HTTPS)
    aws.update(tokens.INGRESS_RULE, made.id, description="again")
    second = aws.create(tokens.INGRESS_RULE, securityGroupId=group, **{**HTTPS, "toPort": 444})
    with refused("InvalidPermission.Duplicate"):
        aws.update(tokens.INGRESS_RULE, second.id, toPort=443)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ipProtocol": "tpc"}, "Unknown protocol"),
        ({"ipProtocol": "256"}, "Unknown protocol"),
        ({"toPort": 70_000}, "Invalid TCP/UDP port range"),
        ({"fromPort": 444}, "Invalid TCP/UDP port range"),
        ({"toPort": None}, "must be given for protocol tcp"),
        ({"ipProtocol": "icmp", "fromPort": 256, "toPort": 0}, "between -1 and 255"),
        ({"ipProtocol": "icmp", "fromPort": -1, "toPort": 4}, "without an ICMP type"),
        ({"cidrIpv4": "10.0.0.1/8"}, "represents a network address"),
        ({"cidrIpv4": None, "cidrIpv6": "fe80::1/10"}, "not a valid IPv6"),
        ({"cidrIpv4": None}, "exactly one of"),
        ({"referencedSecurityGroupId": "sg-1"}, "exactly one of"),
        ({"description": "Cilium's health"}, "Invalid rule description"),
        ({"description": "x" * 256}, "Invalid rule description"),
    ],
)
def test_bad_form_of_a_rule(aws: Aws, change: dict[str, Any], says: str) -> None:
    rule = {name: value for name, value in {**HTTPS, **change}.items() if value is not None}
    with wrong(says):
        aws.create(tokens.INGRESS_RULE, securityGroupId="sg-1", **rule)


@pytest.mark.parametrize(
    "rule",
    [
        {"ipProtocol": "icmp", "fromPort": 3, "toPort": 4, "cidrIpv4": "10.0.0.0/8"},
        {"ipProtocol": "icmp", "fromPort": 8, "toPort": -1, "cidrIpv4": "10.0.0.0/8"},
        {"ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"},
        {"ipProtocol": "50", "cidrIpv6": "fd00::/8"},
        {"ipProtocol": "udp", "fromPort": 0, "toPort": 65_535, "cidrIpv4": "10.0.0.0/8", "description": "a (b) [c]"},
    ],
)
def test_good_form_of_a_rule(aws: Aws, rule: dict[str, Any]) -> None:
    aws.create(tokens.INGRESS_RULE, securityGroupId=aws.group(aws.vpc()), **rule)


def test_a_group_that_a_rule_names_stays(aws: Aws) -> None:
    vpc = aws.vpc()
    nodes, balancers = aws.group(vpc), aws.group(vpc, "balancers")
    rule = aws.id(tokens.INGRESS_RULE, securityGroupId=nodes, ipProtocol="-1", referencedSecurityGroupId=balancers)
    with refused("DependencyViolation", "dependent object"):
        aws.delete(tokens.SECURITY_GROUP, balancers)
    aws.delete(tokens.INGRESS_RULE, rule)
    aws.delete(tokens.SECURITY_GROUP, balancers)


def test_a_rule_names_a_group_of_its_own_network_only(aws: Aws) -> None:
    here, there = aws.vpc(), aws.vpc("10.30.0.0/16")
    nodes, others = aws.group(here), aws.group(there)
    rule = {"securityGroupId": nodes, "ipProtocol": "-1", "referencedSecurityGroupId": others}
    with refused("InvalidGroup.NotFound", "different networks"):
        aws.create(tokens.INGRESS_RULE, **rule)
    aws.create(tokens.PEERING, vpcId=here, peerVpcId=there, autoAccept=True)
    aws.create(tokens.INGRESS_RULE, **rule)


def test_quota_of_rules(aws: Aws) -> None:
    group = aws.group(aws.vpc())
    for port in range(60):
        aws.create(tokens.INGRESS_RULE, securityGroupId=group, **{**HTTPS, "fromPort": port, "toPort": port})
    with refused("RulesPerSecurityGroupLimitExceeded"):
        aws.create(tokens.INGRESS_RULE, securityGroupId=group, **HTTPS)
    aws.create(tokens.EGRESS_RULE, securityGroupId=group, **HTTPS)


CLASSIC = {"type": "ingress", "protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}


def test_classic_rules(aws: Aws) -> None:
    group = aws.group(aws.vpc())
    made = aws.id(tokens.SECURITY_GROUP_RULE, securityGroupId=group, **CLASSIC)
    assert made.startswith("sgrule-")
    with refused("InvalidPermission.Duplicate"):
        aws.create(tokens.INGRESS_RULE, securityGroupId=group, **HTTPS)
    with refused("InvalidPermission.Duplicate"):
        aws.create(tokens.SECURITY_GROUP_RULE, securityGroupId=group, **CLASSIC)
    everything = {"type": "ingress", "protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}
    aws.create(tokens.SECURITY_GROUP_RULE, securityGroupId=group, **everything)
    aws.update(tokens.SECURITY_GROUP_RULE, made, description="again")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"type": "inbound"}, "expected type to be one of"),
        ({"protocol": "-1"}, "must both be 0"),
        ({"cidrBlocks": ["10.0.0.1/8"]}, "network address"),
        ({"ipv6CidrBlocks": ["x"]}, "IPv6"),
        ({"cidrBlocks": []}, "one of cidr_blocks"),
        ({"sourceSecurityGroupId": "sg-1"}, "conflicts with"),
    ],
)
def test_bad_form_of_a_classic_rule(aws: Aws, change: dict[str, Any], says: str) -> None:
    with wrong(says):
        aws.create(tokens.SECURITY_GROUP_RULE, securityGroupId="sg-1", **{**CLASSIC, **change})


def test_rules_inside_a_group(aws: Aws) -> None:
    vpc = aws.vpc()
    inline = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}
    group = aws.group(vpc, ingress=[inline])
    with refused("InvalidPermission.Duplicate"):
        aws.create(tokens.INGRESS_RULE, securityGroupId=group, **HTTPS)
    with wrong("Invalid TCP/UDP port range"):
        aws.group(vpc, "other", egress=[{**inline, "toPort": 1}])


def test_the_default_group(aws: Aws) -> None:
    vpc = aws.vpc()
    made = aws.id(tokens.DEFAULT_SECURITY_GROUP, vpcId=vpc)
    assert made == aws.record(tokens.VPC, vpc).outputs["defaultSecurityGroupId"]
    with refused("InvalidVpcID.NotFound"):
        aws.create(tokens.DEFAULT_SECURITY_GROUP, vpcId="vpc-0")
    aws.delete(tokens.DEFAULT_SECURITY_GROUP, made)
    aws.delete(tokens.VPC, vpc)
