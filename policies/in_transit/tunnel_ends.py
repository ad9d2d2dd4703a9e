"""Both ends of every tunnel between the clouds say the same."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.predicates import ike_policy_pair_agrees
from policies.checks import decided, is_false
from policies.frameworks import MCSB
from policies.in_transit.aws_tunnels import AZURE_CONNECTION, VPN_CONNECTION
from policies.in_transit.azure_tunnels import VPN_GATEWAY
from policies.in_transit.tunnel_pairs import LOCAL_GATEWAY, AwsTunnel, Pair, aws_tunnels, azure_ends, pairs
from policies.rule import Results, Stack, Undecided, Violation, stack_rule
from policies.values import holds_unknown

if TYPE_CHECKING:
    from policies.rule import Resource
    from policies.values import View

CUSTOMER_GATEWAY = "aws:ec2/customerGateway:CustomerGateway"
AWS_GATEWAYS = ("aws:ec2/vpnGateway:VpnGateway", "aws:ec2transitgateway/transitGateway:TransitGateway")
_BOTH = (VPN_CONNECTION, AZURE_CONNECTION, LOCAL_GATEWAY)
_COMPARED = ("ikeEncryption", "ikeIntegrity", "dhGroup", "ipsecEncryption", "pfsGroup")
_PEER = "bgpSettings.bgpPeeringAddress"
_GUIDE = "https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-howto-aws-bgp"


@stack_rule(
    id="tunnel-ends-meet",
    family="in-transit",
    title="Every tunnel has one end on AWS and one on Azure, at the same inside addresses",
    severity="high",
    types=_BOTH,
    remediation="Take both ends from one plan: the /30, its first host for AWS, its second for Azure.",
    link=_GUIDE,
)
def tunnel_ends_meet(stack: Stack) -> Results:
    ends = azure_ends(stack)
    if not ends or not stack.of_type(VPN_CONNECTION):
        return
    met = pairs(stack)
    tunnels = aws_tunnels(stack)
    peer_unknown = any(end.gateway[_PEER].unknown for end in ends)
    for tunnel in tunnels:
        yield from _aws_end(tunnel, [pair for pair in met if pair.aws == tunnel], peer_unknown=peer_unknown)
    inside_unknown = any(one["InsideCidr"].unknown for one in tunnels)
    for end in ends:
        peer = end.gateway[_PEER]
        if peer.unknown or (inside_unknown and end not in [pair.azure for pair in met]):
            yield Undecided(path=peer.path, urn=end.gateway.urn)
        elif end not in [pair.azure for pair in met]:
            yield Violation(path=peer.path, message=f"is {peer.shown()}: no AWS tunnel ends there", urn=end.gateway.urn)
    for pair in met:
        yield from _outside(pair)


def _aws_end(tunnel: AwsTunnel, met: list[Pair], *, peer_unknown: bool) -> Results:
    inside = tunnel["InsideCidr"]
    urn = tunnel.connection.urn
    if inside.unknown or (not met and peer_unknown and tunnel.inside is not None):
        yield Undecided(path=inside.path, urn=urn)
    elif tunnel.inside is None:
        yield Violation(path=inside.path, message=f"is {inside.shown()}: it takes a /30", urn=urn)
    elif len(met) != 1:
        yield Violation(
            path=inside.path,
            message=f"is {inside.shown()}: {len(met)} Azure connections have {tunnel.inside[1]} as their peer",
            urn=urn,
        )


def _outside(pair: Pair) -> Results:
    """Demand that a gateway has the public address of the AWS connection whose inside address it has."""
    sources = pair.azure.gateway.dependencies.get("gatewayIpAddress", frozenset())
    if sources and pair.aws.connection.urn not in sources:
        yield Violation(
            path="gatewayIpAddress",
            message=f"comes from another AWS connection than the one with {pair.inside}",
            urn=pair.azure.gateway.urn,
        )


@stack_rule(
    id="tunnel-keys-equal",
    family="in-transit",
    title="Both ends of a tunnel have the same pre-shared key, and no two tunnels share one",
    severity="critical",
    frameworks=((MCSB, "DP-3"),),
    types=_BOTH,
    remediation="Make one RandomPassword for each tunnel and give it to both ends.",
    link=_GUIDE,
)
def tunnel_keys_equal(stack: Stack) -> Results:
    used: dict[str, Pair] = {}
    for pair in pairs(stack):
        ours, theirs = pair.aws["PresharedKey"], pair.azure.connection["sharedKey"]
        if ours.unknown or theirs.unknown:
            yield from _unknown_keys(pair, ours, theirs)
            continue
        key = theirs.text()
        if key is None or ours.value != theirs.value:
            yield _differs(pair, theirs, "is another than the key")
        elif key in used:
            yield _differs(pair, theirs, f"is also that of {used[key].inside}, and the one")
        else:
            used[key] = pair


def _unknown_keys(pair: Pair, ours: View, theirs: View) -> Results:
    """Before they are known, keys can be told apart by the resources that make them."""
    from_aws = pair.aws.connection.dependencies.get(ours.path)
    from_azure = pair.azure.connection.dependencies.get(theirs.path)
    if from_aws and from_azure and from_aws != from_azure:
        yield _differs(pair, theirs, "comes from another resource than the key")
    else:
        yield Undecided(path=theirs.path, urn=pair.azure.connection.urn)


def _differs(pair: Pair, view: View, what: str) -> Violation:
    return Violation(
        path=view.path,
        message=f"{what} of tunnel {pair.aws.number} of {pair.aws.connection.name}",
        urn=pair.azure.connection.urn,
    )


@stack_rule(
    id="tunnel-policies-agree",
    family="in-transit",
    title="Both ends of a tunnel offer the same ciphers and groups",
    severity="critical",
    frameworks=((MCSB, "DP-3"),),
    types=_BOTH,
    remediation="Take both ends' options from one IkePolicy.",
    link="https://learn.microsoft.com/azure/vpn-gateway/ipsec-ike-policy-howto",
)
def tunnel_policies_agree(stack: Stack) -> Results:
    names = {
        "phase1_encryption": "Phase1EncryptionAlgorithms",
        "phase1_integrity": "Phase1IntegrityAlgorithms",
        "phase1_dh_group": "Phase1DhGroupNumbers",
        "phase2_encryption": "Phase2EncryptionAlgorithms",
        "phase2_dh_group": "Phase2DhGroupNumbers",
    }
    for pair in pairs(stack):
        policy = pair.azure.connection["ipsecPolicies[0]"]
        options = {name: pair.aws[option] for name, option in names.items()}
        fields = {field: policy[field] for field in _COMPARED}
        for unknown in decided(*options.values(), *fields.values()):
            yield Undecided(path=unknown.path, urn=pair.azure.connection.urn)
        offered = {name: _only(view) for name, view in options.items() if not holds_unknown(view.value)}
        theirs = {field: view.text() for field, view in fields.items() if not view.unknown}
        for difference in ike_policy_pair_agrees(offered, theirs):
            yield Violation(
                path=policy.path,
                message=f"does not fit tunnel {pair.aws.number} of {pair.aws.connection.name}: {difference}",
                urn=pair.azure.connection.urn,
            )


def _only(view: View) -> object:
    """Give the one entry of a list, or nothing; how many there may be is another rule's business."""
    elements = view.elements()
    return (elements[0].text() or elements[0].number()) if len(elements) == 1 else None


@stack_rule(
    id="tunnel-bgp-agrees",
    family="in-transit",
    title="Both ends of a tunnel know each other's BGP address and number",
    severity="high",
    types=(*_BOTH, CUSTOMER_GATEWAY, *AWS_GATEWAYS, VPN_GATEWAY),
    remediation=(
        "Give every Azure connection the second host of its /30 among gateway_custom_bgp_ip_addresses, and take the "
        "AS numbers of both gateways from the plan."
    ),
    link=_GUIDE,
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
    for gateway in _azure_gateways(stack, pair):
        peerings = gateway["bgpSettings.bgpPeeringAddresses"]
        own = [address for peering in peerings.elements() for address in peering["customBgpIpAddresses"].elements()]
        if holds_unknown(peerings.value):
            yield Undecided(path=peerings.path, urn=gateway.urn)
        elif str(pair.inside[2]) not in [address.text() for address in own]:
            yield Violation(path=peerings.path, message=f"lack {pair.inside[2]}", urn=gateway.urn)


def _azure_gateways(stack: Stack, pair: Pair) -> tuple[Resource, ...]:
    named = pair.azure.connection.dependencies.get("virtualNetworkGateway1", ())
    return tuple(gateway for gateway in stack.of_type(VPN_GATEWAY) if gateway.urn in named)


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
    theirs = [gateway["bgpSettings.asn"] for gateway in _azure_gateways(stack, pair)]
    described = [
        gateway["bgpAsn"]
        for gateway in stack.of_type(CUSTOMER_GATEWAY)
        if gateway.urn in pair.aws.connection.dependencies.get("customerGatewayId", ())
    ]
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
