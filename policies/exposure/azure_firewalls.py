"""Azure network security groups let in named sources on named ports, and nothing else from the network around."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from typing import TYPE_CHECKING

from infra.predicates import cidr_is_world, is_named_port
from policies.checks import demand, each, is_set, mistyped
from policies.exposure.firewalls import NAMED, PROTOCOLS, closed
from policies.frameworks import MCSB
from policies.rule import Metadata, Resource, Results, Stack, Undecided, Violation
from policies.values import Kind, View, holds_unknown, read

if TYPE_CHECKING:
    from collections.abc import Iterator

NSG_RULE = "azure-native:network:SecurityRule"
NSG = "azure-native:network:NetworkSecurityGroup"
AZURE_SUBNET = "azure-native:network:Subnet"

_MANAGED_SUBNETS = ("GatewaySubnet", "AzureFirewallSubnet", "AzureFirewallManagementSubnet", "RouteServerSubnet")
"""Subnets that Azure runs itself and refuses a security group on."""


@Metadata(
    over=Resource,
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
        yield from closed(rule["sourceAddressPrefix"])
        yield from each(rule["sourceAddressPrefixes"], closed)


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


@Metadata(
    over=Resource,
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
    yield from (Undecided(path=view.path) for view in (protocol, port) if view.unknown)
    word, number = protocol.text(), read(port, Kind.NUMBER)
    if not protocol.unknown and (word or "").lower() not in PROTOCOLS:
        yield Violation(path=protocol.path, message=f"is {protocol.shown()}: {NAMED}")
    elif not port.unknown and (number is None or (word and not is_named_port(word, int(number), int(number)))):
        yield Violation(path=port.path, message=f"is {port.shown()}: {NAMED}")


def _within_one_range(rule: View) -> bool:
    """Whether it is between the addresses of one range: not an opening to another network."""
    source, destination = rule["sourceAddressPrefix"].text(), rule["destinationAddressPrefix"].text()
    several = rule["sourceAddressPrefixes"], rule["destinationAddressPrefixes"]
    if source is not None:
        return source == destination and not cidr_is_world(source)
    return bool(several[0].elements()) and not holds_unknown(several[0].value) and several[0].value == several[1].value


@Metadata(
    over=Resource,
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


@Metadata(
    over=Stack,
    id="nsg-refuses-network",
    family="exposure",
    title="Azure network security groups refuse what the network around sends unasked",
    severity="high",
    frameworks=((MCSB, "NS-1"),),
    types=(NSG, NSG_RULE),
    remediation="Add a rule that denies VirtualNetwork inbound on all ports, at priority 4096.",
    link="https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview",
)
def nsg_refuses_network(stack: Stack) -> Results:
    # Azure's own rule 65000 lets in the virtual network, and by that word all that is peered or joined by a gateway.
    for group in stack.of_type(NSG):
        rules = [*group["securityRules"].elements()]
        rules += [rule.root for rule in stack.of_type(NSG_RULE) if _belongs(rule, group)]
        if any((rule["access"].text() or "").lower() == "deny" and _means_network(rule) for rule in rules):
            continue
        if group["securityRules"].unknown or any(rule["access"].unknown and _means_network(rule) for rule in rules):
            yield Undecided(path="securityRules", urn=group.urn)
        else:
            yield Violation(
                path="securityRules",
                message="let in the network and all that is joined to it",
                urn=group.urn,
            )


def _belongs(rule: Resource, group: Resource) -> bool:
    name = rule["networkSecurityGroupName"]
    if group.urn in rule.dependencies.get("networkSecurityGroupName", ()):
        return True
    return name.text() is not None and name.text() == group["networkSecurityGroupName"].text()


def _means_network(rule: View) -> bool:
    """Whether a rule is about everything that the network around may send."""
    wide = (rule["sourceAddressPrefix"].text() or "").lower() in ("virtualnetwork", "*")
    everything = all(rule[name].text() == "*" for name in ("protocol", "sourcePortRange", "destinationPortRange")) and (
        rule["destinationAddressPrefix"].text() or ""
    ).lower() in ("virtualnetwork", "*")
    inbound = (rule["direction"].text() or "").lower() == "inbound"
    return inbound and wide and everything
