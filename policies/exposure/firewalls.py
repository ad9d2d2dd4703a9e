"""Firewalls let in named sources on named ports."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from typing import TYPE_CHECKING

from infra.predicates import cidr_is_world, is_named_port
from policies.checks import demand, each, is_set, mistyped
from policies.frameworks import FSBP, MCSB
from policies.rule import Resource, Results, Undecided, Violation, resource_rule
from policies.values import Kind, View, holds_unknown, read

if TYPE_CHECKING:
    from collections.abc import Iterator

INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
NSG_RULE = "azure-native:network:SecurityRule"
NSG = "azure-native:network:NetworkSecurityGroup"
AZURE_SUBNET = "azure-native:network:Subnet"

_WORLD = "the whole internet could come in"
_NAMED = "only the mesh's own ports are open to other networks (infra/ports.py)"
_MANAGED_SUBNETS = ("GatewaySubnet", "AzureFirewallSubnet", "AzureFirewallManagementSubnet", "RouteServerSubnet")
"""Subnets that Azure runs itself and refuses a security group on."""


@resource_rule(
    id="security-group-no-world",
    family="exposure",
    title="AWS security groups let nobody in from the whole internet",
    severity="critical",
    frameworks=((FSBP, "EC2.18"), (FSBP, "EC2.53"), (FSBP, "EC2.54")),
    types=(INGRESS_RULE, SECURITY_GROUP, GROUP_RULE),
    remediation="Name the ranges, or the security groups, that may come in.",
    link="https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
)
def security_group_no_world(resource: Resource) -> Results:
    for rule in _ingress(resource):
        for one in (rule["cidrIpv4"], rule["cidrIpv6"]):
            yield from _closed(one)
        for several in (rule["cidrBlocks"], rule["ipv6CidrBlocks"]):
            yield from each(several, _closed)
    inline = resource["ingress"]
    if resource.type == SECURITY_GROUP and inline.unknown:
        yield Undecided(path=inline.path)
    elif resource.type == SECURITY_GROUP and not inline.missing and not inline.is_a(Kind.LIST):
        yield mistyped(inline, Kind.LIST)


def _ingress(resource: Resource) -> tuple[View, ...]:
    if resource.type == SECURITY_GROUP:
        return resource["ingress"].elements()
    if resource.type == GROUP_RULE and resource["type"].text() == "egress":
        return ()
    return (resource.root,)


def _closed(source: View) -> Results:
    return demand(source, Kind.TEXT, lambda text: not cidr_is_world(text), _WORLD, optional=True)


@resource_rule(
    id="default-security-group-closed",
    family="exposure",
    title="The default security group of a VPC lets nothing through",
    severity="high",
    frameworks=((FSBP, "EC2.2"),),
    types=(DEFAULT_GROUP,),
    remediation="Own it with a DefaultSecurityGroup without rules.",
    link="https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html",
)
def default_security_group_closed(resource: Resource) -> Results:
    for rules in (resource["ingress"], resource["egress"]):
        yield from demand(
            rules, Kind.LIST, lambda value: not value, "what names no group of its own would be open", optional=True
        )


@resource_rule(
    id="nsg-no-world",
    family="exposure",
    title="Azure network security groups let nobody in from the whole internet",
    severity="critical",
    frameworks=((MCSB, "NS-1"),),
    types=(NSG_RULE, NSG),
    remediation="Name the ranges that may come in.",
    link="https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview",
)
def nsg_no_world(resource: Resource) -> Results:
    yield from _readable_rules(resource)
    for rule in _inbound(resource):
        yield from _closed(rule["sourceAddressPrefix"])
        yield from each(rule["sourceAddressPrefixes"], _closed)


def _inbound(resource: Resource) -> Iterator[View]:
    """List the rules that let something in; one whose direction or access is not literal is taken for one."""
    rules = resource["securityRules"].elements() if resource.type == NSG else (resource.root,)
    for rule in rules:
        direction, access = (rule["direction"].text() or "Inbound").lower(), (rule["access"].text() or "Allow").lower()
        if direction == "inbound" and access == "allow":
            yield rule


def _readable_rules(resource: Resource) -> Results:
    inline = resource["securityRules"]
    if resource.type == NSG and inline.unknown:
        yield Undecided(path=inline.path)
    elif resource.type == NSG and not inline.missing and not inline.is_a(Kind.LIST):
        yield mistyped(inline, Kind.LIST)


@resource_rule(
    id="named-ports-only-aws",
    family="exposure",
    title="AWS security groups open only the mesh's own ports to ranges of addresses",
    severity="high",
    frameworks=((FSBP, "EC2.18"),),
    types=(INGRESS_RULE, SECURITY_GROUP, GROUP_RULE),
    remediation="Take openings from the plan (infra/ports.py); inside a VPC refer to a security group instead.",
    link="https://docs.cilium.io/en/stable/operations/system_requirements/",
)
def named_ports_only_aws(resource: Resource) -> Results:
    for rule in _ingress(resource):
        by_range = [rule[name] for name in ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks")]
        if all(view.missing for view in by_range):
            continue
        protocol = rule["ipProtocol"] if resource.type == INGRESS_RULE else rule["protocol"]
        yield from _one_port(protocol, rule["fromPort"], rule["toPort"])


def _one_port(protocol: View, first: View, last: View) -> Results:
    unknown = [view for view in (protocol, first, last) if view.unknown]
    yield from (Undecided(path=view.path) for view in unknown)
    if unknown:
        return
    word, low, high = protocol.text(), read(first, Kind.NUMBER), read(last, Kind.NUMBER)
    if word is None:
        yield mistyped(protocol, Kind.TEXT)
    elif low is None:
        yield Violation(path=first.path, message=f"is {first.shown()}: {_NAMED}")
    elif not is_named_port(word, int(low), int(low if high is None else high)):
        yield Violation(path=first.path, message=f"opens {word} {low} to {last.shown()}: {_NAMED}")


@resource_rule(
    id="named-ports-only-azure",
    family="exposure",
    title="Azure network security groups open only the mesh's own ports to other networks",
    severity="high",
    frameworks=((MCSB, "NS-1"),),
    types=(NSG_RULE, NSG),
    remediation="Take openings from the plan (infra/ports.py), one port a rule.",
    link="https://docs.cilium.io/en/stable/operations/system_requirements/",
)
def named_ports_only_azure(resource: Resource) -> Results:
    yield from _readable_rules(resource)
    for rule in _inbound(resource):
        if rule["sourceAddressPrefix"].text() == "AzureLoadBalancer" or _within_one_range(rule):
            continue
        protocol = rule["protocol"].text()
        if protocol is not None and protocol.lower() == "icmp":
            continue  # Azure has no ICMP types; that of the mesh are two
        ports = rule["destinationPortRanges"]
        if ports.missing:
            yield from _azure_port(rule, rule["destinationPortRange"])
        else:
            yield from each(ports, lambda port, rule=rule: _azure_port(rule, port))  # type: ignore[misc]


def _azure_port(rule: View, port: View) -> Results:
    protocol = rule["protocol"]
    unknown = [view for view in (protocol, port) if view.unknown]
    yield from (Undecided(path=view.path) for view in unknown)
    number = read(port, Kind.NUMBER)
    if unknown:
        return
    if protocol.text() is None:
        yield mistyped(protocol, Kind.TEXT)
    elif number is None or not is_named_port(protocol.text() or "", int(number), int(number)):
        yield Violation(path=port.path, message=f"is {port.shown()}: {_NAMED}")


def _within_one_range(rule: View) -> bool:
    """Whether it is between the addresses of one range: not an opening to another network."""
    source, destination = rule["sourceAddressPrefix"].text(), rule["destinationAddressPrefix"].text()
    several = rule["sourceAddressPrefixes"], rule["destinationAddressPrefixes"]
    if source is not None:
        return source == destination and not cidr_is_world(source)
    return bool(several[0].elements()) and not holds_unknown(several[0].value) and several[0].value == several[1].value


@resource_rule(
    id="azure-subnet-guarded",
    family="exposure",
    title="Azure subnets have a network security group and no way out by default",
    severity="high",
    frameworks=((MCSB, "NS-1"),),
    types=(AZURE_SUBNET,),
    remediation="Set network_security_group, and default_outbound_access=False with a NAT gateway.",
    link="https://learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access",
)
def azure_subnet_guarded(resource: Resource) -> Results:
    if resource["subnetName"].text() in _MANAGED_SUBNETS:
        return
    yield from is_set(resource["networkSecurityGroup.id"], "everything in the virtual network could reach it")
    yield from demand(
        resource["defaultOutboundAccess"],
        Kind.FLAG,
        lambda value: not value,
        "machines would go out by an address that is nobody's",
    )
