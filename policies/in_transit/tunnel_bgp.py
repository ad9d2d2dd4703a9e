"""Both ends of every tunnel know each other as BGP peers."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policies.checks import is_false
from policies.in_transit.azure_tunnels import VPN_GATEWAY
from policies.in_transit.tunnel_pairs import (
    CUSTOMER_GATEWAY,
    ENDS,
    GUIDE,
    Pair,
    azure_gateways,
    customer_gateways,
    pairs,
)
from policies.rule import Metadata, Results, Stack, Undecided, Violation
from policies.values import holds_unknown

if TYPE_CHECKING:
    from policies.values import View

AWS_GATEWAYS = ("aws:ec2/vpnGateway:VpnGateway", "aws:ec2transitgateway/transitGateway:TransitGateway")


@Metadata(
    over=Stack,
    id="tunnel-bgp-agrees",
    family="in-transit",
    title="Both ends of a tunnel know each other's BGP address and number",
    severity="high",
    types=(*ENDS, CUSTOMER_GATEWAY, *AWS_GATEWAYS, VPN_GATEWAY),
    remediation=(
        "Give every Azure connection the second host of its /30 among gateway_custom_bgp_ip_addresses, and take the "
        "AS numbers of both gateways from the plan."
    ),
    link=GUIDE,
)
def tunnel_bgp_agrees(stack: Stack) -> Results:
    for pair in pairs(stack):
        connection, wanted = pair.azure.connection, str(pair.inside[2])
        custom = connection["gatewayCustomBgpIpAddresses"]
        addresses = [one["customBgpIpAddress"] for one in custom.elements()]
        if custom.unknown or any(one.unknown for one in addresses):
            yield Undecided(path=custom.path, urn=connection.urn)
        elif wanted not in [one.text() for one in addresses]:
            yield Violation(path=custom.path, message=f"lacks {wanted}: the session would be dead", urn=connection.urn)
        for result in is_false(pair.aws.connection["staticRoutesOnly"], "AWS would not speak BGP"):
            yield replace(result, urn=pair.aws.connection.urn)
        yield from _gateway_addresses(stack, pair)
        yield from _numbers(stack, pair)


def _gateway_addresses(stack: Stack, pair: Pair) -> Results:
    """Demand that the Azure gateway, if it is in this stack, has the address that its connection uses."""
    for gateway in azure_gateways(stack, pair):
        peerings = gateway["bgpSettings.bgpPeeringAddresses"]
        own = [address for peering in peerings.elements() for address in peering["customBgpIpAddresses"].elements()]
        if holds_unknown(peerings.value):
            yield Undecided(path=peerings.path, urn=gateway.urn)
        elif str(pair.inside[2]) not in [address.text() for address in own]:
            yield Violation(path=peerings.path, message=f"lack {pair.inside[2]}", urn=gateway.urn)


def _numbers(stack: Stack, pair: Pair) -> Results:
    """Compare AS numbers as far as the gateways are in this stack; another stack's are not seen from here."""
    ours = [
        gateway["amazonSideAsn"]
        for gateway in stack.of_type(*AWS_GATEWAYS)
        if gateway.urn
        in (
            *pair.aws.connection.dependencies.get("vpnGatewayId", ()),
            *pair.aws.connection.dependencies.get("transitGatewayId", ()),
        )
    ]
    theirs = [gateway["bgpSettings.asn"] for gateway in azure_gateways(stack, pair)]
    described = [gateway["bgpAsn"] for gateway in customer_gateways(stack, pair)]
    local = pair.azure.gateway["bgpSettings.asn"]
    yield from (_number(pair, local, asn, "the AWS gateway") for asn in ours if _apart(local, asn))
    yield from (
        _number(pair, left, asn, "the Azure gateway") for left in described for asn in theirs if _apart(left, asn)
    )


def _apart(left: View, right: View) -> bool:
    """Two literal numbers that differ; AWS writes some of them as text."""
    texts = [str(view.value) for view in (left, right) if view.text() is not None or view.number() is not None]
    return len(texts) == 2 and texts[0] != texts[1]


def _number(pair: Pair, view: View, asn: View, whose: str) -> Violation:
    owner = pair.azure.gateway if view.path == "bgpSettings.asn" else pair.azure.connection
    return Violation(path=view.path, message=f"is {view.shown()}, but {whose} has {asn.shown()}", urn=owner.urn)
