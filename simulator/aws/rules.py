"""The form of a security group rule, and all rules of a group as one set, however they were written."""

from __future__ import annotations

import re
from ipaddress import IPv6Network
from typing import TYPE_CHECKING, Any, Literal

from simulator.aws import tokens
from simulator.aws.common import given, network
from simulator.kind import Failure, known, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.aws.common import Check
    from simulator.context import Context
    from simulator.kind import Inputs

Direction = Literal["ingress", "egress"]

_DESCRIPTION = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}
_PEERS = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")


def _protocol(value: object) -> str:
    text = str(value).lower()
    return _NUMBERS.get(text, text)


def _description_form(path: str, value: object) -> Iterable[Failure]:
    if known(value) and not _DESCRIPTION.fullmatch(str(value)):
        yield Failure(
            path,
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following "
            "set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
        )


def _ports_form(path: str, protocol: object, low: object, high: object) -> Iterable[Failure]:
    """TCP and UDP take a range of ports; ICMP a type and a code, -1 for any; all protocols take neither."""
    if not known(protocol):
        return
    name = _protocol(protocol)
    if name not in {"tcp", "udp", "icmp", "icmpv6", "-1"} and not (name.isdigit() and int(name) <= 255):
        yield Failure(f"{path}Protocol", f"Invalid value '{protocol}' for IP protocol. Unknown protocol.")
    if name in {"tcp", "udp"}:
        if low is None or high is None:
            yield Failure(f"{path}Port", f"from and to port must be given for protocol {name}")
        elif known(low, high) and not (0 <= int(str(low)) <= int(str(high)) <= 65535):
            yield Failure(f"{path}Port", f"Invalid TCP/UDP port range ({low}:{high})")
    if name in {"icmp", "icmpv6"} and known(low, high):
        kind, code = int(str(low)), int(str(high))
        if not (-1 <= kind <= 255 and -1 <= code <= 255):
            yield Failure(f"{path}Port", f"ICMP type {kind} and code {code} must be between -1 and 255")
        elif kind == -1 and code != -1:
            yield Failure(f"{path}Port", f"ICMP code {code} may not be given without an ICMP type")


def _address_form(path: str, value: object) -> Iterable[Failure]:
    if known(value) and network(value) is None:
        yield Failure(path, f'"{value}" is not a valid IPv4 CIDR that represents a network address')


def _ipv6_form(path: str, value: object) -> Iterable[Failure]:
    try:
        if known(value):
            IPv6Network(str(value))
    except ValueError:
        yield Failure(path, f'"{value}" is not a valid IPv6 CIDR that represents a network address')


def rule_form(inputs: Inputs) -> Iterable[Failure]:
    """Form of a rule that is a resource of its own, with one peer."""
    given = [name for name in _PEERS if inputs.get(name) is not None]
    if len(given) != 1:
        yield Failure("", f"exactly one of {list(_PEERS)} must be specified, got {given or 'none'}")
    yield from _ports_form("ip", inputs.get("ipProtocol"), inputs.get("fromPort"), inputs.get("toPort"))
    yield from _address_form("cidrIpv4", inputs.get("cidrIpv4"))
    yield from _ipv6_form("cidrIpv6", inputs.get("cidrIpv6"))
    yield from _description_form("description", inputs.get("description"))


def _multiple_form(path: str, rule: Inputs, peer: str) -> Iterable[Failure]:
    """Form of a rule with several peers, inline or as a SecurityGroupRule."""
    protocol, low, high = rule.get("protocol"), rule.get("fromPort"), rule.get("toPort")
    yield from _ports_form(path, protocol, low, high)
    if known(protocol, low, high) and _protocol(protocol) == "-1" and (low, high) != (0, 0):
        yield Failure(
            f"{path}fromPort",
            f"from_port ({low}) and to_port ({high}) must both be 0 to use the 'ALL' \"-1\" protocol!",
        )
    for at, value in walk(rule, "cidrBlocks[]"):
        yield from _address_form(f"{path}{at}", value)
    for at, value in walk(rule, "ipv6CidrBlocks[]"):
        yield from _ipv6_form(f"{path}{at}", value)
    peers = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", peer)
    if not any(given(rule.get(name)) for name in peers) and rule.get("self") in (None, False):
        yield Failure(
            path,
            "one of cidr_blocks, ipv6_cidr_blocks, self, a security group or prefix_list_ids must be "
            "set to create a security group rule",
        )
    yield from _description_form(f"{path}description", rule.get("description"))


def classic_form(inputs: Inputs) -> Iterable[Failure]:
    """Form of a SecurityGroupRule."""
    if known(inputs.get("type")) and inputs["type"] not in {"ingress", "egress"}:
        yield Failure("type", f'expected type to be one of ["egress" "ingress"], got {inputs["type"]}')
    yield from _multiple_form("", inputs, "sourceSecurityGroupId")
    if given(inputs.get("sourceSecurityGroupId")) and (given(inputs.get("cidrBlocks")) or inputs.get("self") is True):
        yield Failure("sourceSecurityGroupId", '"source_security_group_id": conflicts with cidr_blocks and self')


def inline_form(direction: Direction) -> Check:
    """Form of the rules written inside their group."""

    def check(inputs: Inputs) -> Iterable[Failure]:
        for path, rule in walk(inputs, f"{direction}[]"):
            if isinstance(rule, dict):
                yield from _multiple_form(f"{path}.", rule, "securityGroups")

    return check


def known_rules(inputs: Inputs) -> set[tuple[Any, ...]]:
    """Give a rule resource as (peer, protocol, from, to); ports are -1 where the protocol has none."""
    name = _protocol(inputs["ipProtocol"])
    low, high = (-1, -1) if name == "-1" else (inputs.get("fromPort", -1), inputs.get("toPort", -1))
    return {(inputs[peer], name, low, high) for peer in _PEERS if inputs.get(peer) is not None}


def inline_rules(rule: Inputs, group: str) -> set[tuple[Any, ...]]:
    """Give a rule with several peers as a set of (peer, protocol, from, to)."""
    name = _protocol(rule["protocol"])
    low, high = (-1, -1) if name == "-1" else (rule.get("fromPort", -1), rule.get("toPort", -1))
    peers = [*(rule.get("cidrBlocks") or ()), *(rule.get("ipv6CidrBlocks") or ()), *(rule.get("prefixListIds") or ())]
    peers += [*(rule.get("securityGroups") or ())]
    if rule.get("sourceSecurityGroupId"):
        peers.append(rule["sourceSecurityGroupId"])
    if rule.get("self"):
        peers.append(group)
    return {(peer, name, low, high) for peer in peers}


def rules_of(context: Context, group: str, direction: Direction) -> set[tuple[Any, ...]]:
    """All rules of a group, the resource at hand left out."""
    token = tokens.INGRESS_RULE if direction == "ingress" else tokens.EGRESS_RULE
    found: set[tuple[Any, ...]] = set()
    for record in context.find(token, securityGroupId=group):
        found |= known_rules(record.outputs)
    for record in context.find(tokens.SECURITY_GROUP_RULE, securityGroupId=group, type=direction):
        found |= inline_rules(record.outputs, group)
    owner = context.one(tokens.SECURITY_GROUP, group)
    for rule in (owner.outputs.get(direction) if owner else None) or ():
        found |= inline_rules(rule, group)
    return found
