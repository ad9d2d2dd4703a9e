"""The plan's openings as rules of network security groups, and the priorities of all rules of a site."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_azure_native import network

from components.exposure import refuse_unnamed
from infra.ports import GENEVE, HEALTH, HUBBLE, MESH_API, WIREGUARD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network

    from infra.plan import FleetPlan, Opening

_AZURE_PROTOCOL = {"tcp": "Tcp", "udp": "Udp", "icmp": "Icmp"}

# Azure's ICMP rules have no types, so all ICMP openings are one rule.
_ICMP = "icmp"

# Place of a port among the rules of one origin: fixed, so that a setting that drops a port moves no other rule.
# Azure applies a changed priority before it deletes, and refuses two rules with one priority meanwhile.
_AZURE_ORDER = {
    name: index
    for index, name in enumerate((GENEVE.name, WIREGUARD.name, HEALTH.name, HUBBLE.name, _ICMP, MESH_API.name))
}

INTERNAL_PRIORITY = 200
"""Azure priority of a site's first rule for its own nodes; 100-199 is the site's own, see ``azure/network.py``."""

DENY_PRIORITY = 4096
"""Azure priority of a site's last rule, which denies: the lowest that a rule of a user can have."""

_LINK_PRIORITY = 1000
_LINK_STEP = 8
_LINK_PLACES = (DENY_PRIORITY - _LINK_PRIORITY) // _LINK_STEP


def link_priority(plan: FleetPlan, link: str) -> int:
    """Give the Azure priority of a link's first rule: 1000 + 8 x place, place 0 to 386.

    The place follows from the link's name, not from its position in the file: when a link goes, those after it would
    otherwise all move down, each into the priority that the one before still holds. Only two links that fall on
    one place depend on each other: the later in the file takes the next free one.

    Raises
    ------
    ValueError
        If the fleet has more links than there are places.
    """
    if len(plan.links) > _LINK_PLACES:
        raise ValueError(
            f"the fleet {plan.name!r} has {len(plan.links)} links; Azure has priorities for {_LINK_PLACES}"
        )
    places: dict[str, int] = {}
    for name in plan.links:
        place = zlib.crc32(name.encode()) % _LINK_PLACES
        while place in places.values():
            place = (place + 1) % _LINK_PLACES
        places[name] = place
    return _LINK_PRIORITY + _LINK_STEP * places[link]


@dataclass(frozen=True, kw_only=True)
class AzureFirewall:
    """What an Azure site's openings are written into.

    Parameters
    ----------
    node_nsg_name, mesh_nsg_name
        Network security groups of the node subnet and of the mesh subnet.
    node_ranges, mesh_ranges
        Ranges of these subnets.
    """

    resource_group_name: pulumi.Input[str]
    node_nsg_name: pulumi.Input[str]
    mesh_nsg_name: pulumi.Input[str]
    node_ranges: Sequence[IPv4Network]
    mesh_ranges: Sequence[IPv4Network]


def azure_openings(
    name: str,
    openings: Sequence[Opening],
    firewall: AzureFirewall,
    first: int,
    opts: pulumi.ResourceOptions,
) -> list[network.SecurityRule]:
    """Write openings as security rules, each after the one before it.

    Azure serialises writes to one security group and may answer parallel ones with 409. What is opened to the mesh
    load balancers is written twice: the load balancer hands packets on with their address unchanged (floating IP,
    Kubernetes' default on Azure), so the group that sees them is that of the nodes behind it.

    Parameters
    ----------
    name
        Beginning of the rules' names.
    first
        Priority of the first rule; the others follow at fixed places, up to ``first`` + 5.
    opts
        Options of every rule: parent, provider and what the first rule waits for.

    Raises
    ------
    ValueError
        If an opening is for everybody, for a port that the mesh does not need, or for one that has no place among
        the priorities.
    """
    refuse_unnamed(openings)
    rules: list[network.SecurityRule] = []
    for opening in _without_icmp_types(openings):
        port = opening.port
        label = _ICMP if port.protocol == "icmp" else port.name
        if label not in _AZURE_ORDER:
            raise ValueError(f"port {label!r} has no place among Azure's priorities; add it to _AZURE_ORDER")
        target_ranges = firewall.node_ranges if opening.target == "nodes" else firewall.mesh_ranges
        groups = {f"{name}-{label}": firewall.node_nsg_name if opening.target == "nodes" else firewall.mesh_nsg_name}
        if opening.target == "mesh":
            groups[f"{name}-{label}-nodes"] = firewall.node_nsg_name
        for rule_name, group in groups.items():
            rule = network.SecurityRule(
                rule_name,
                security_rule_name=rule_name,
                resource_group_name=firewall.resource_group_name,
                network_security_group_name=group,
                priority=first + _AZURE_ORDER[label],
                access=network.SecurityRuleAccess.ALLOW,
                direction=network.SecurityRuleDirection.INBOUND,
                description=port.why,
                protocol=_AZURE_PROTOCOL[port.protocol],
                source_address_prefixes=[str(source) for source in opening.sources],
                source_port_range="*",
                destination_address_prefixes=[str(cidr) for cidr in target_ranges],
                destination_port_range="*" if label == _ICMP else str(port.port),
                opts=pulumi.ResourceOptions(
                    parent=opts.parent, provider=opts.provider, depends_on=rules[-1:] or opts.depends_on
                ),
            )
            rules.append(rule)
    return rules


def _without_icmp_types(openings: Sequence[Opening]) -> list[Opening]:
    """Leave one ICMP opening for each target and set of sources."""
    kept: dict[tuple[object, ...], Opening] = {}
    for opening in openings:
        port = _ICMP if opening.port.protocol == "icmp" else opening.port.name
        kept.setdefault((opening.target, port, opening.sources), opening)
    return list(kept.values())
