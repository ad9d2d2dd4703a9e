"""Both ends of every tunnel between the clouds say the same."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from typing import TYPE_CHECKING

from infra.predicates import ike_policy_pair_agrees
from policies.checks import decided
from policies.frameworks import MCSB
from policies.in_transit.aws_tunnels import VPN_CONNECTION
from policies.in_transit.azure_tunnels import VPN_GATEWAY
from policies.in_transit.tunnel_pairs import (
    CUSTOMER_GATEWAY,
    ENDS,
    GUIDE,
    AwsTunnel,
    Pair,
    aws_tunnels,
    azure_ends,
    azure_gateways,
    customer_gateways,
    pairs,
)
from policies.rule import Metadata, Results, Stack, Undecided, Violation
from policies.values import holds_unknown

if TYPE_CHECKING:
    from policies.values import View

_COMPARED = ("ikeEncryption", "ikeIntegrity", "dhGroup", "ipsecEncryption", "pfsGroup")
_PEER = "bgpSettings.bgpPeeringAddress"


@Metadata(
    over=Stack,
    id="tunnel-ends-meet",
    family="in-transit",
    title="Every tunnel has one end on AWS and one on Azure, at the same inside addresses",
    severity="high",
    types=(*ENDS, CUSTOMER_GATEWAY, VPN_GATEWAY),
    remediation=(
        "Take both ends from one plan: the /30, its first host for AWS, its second for Azure; and the public addresses "
        "from the other end's resources."
    ),
    link=GUIDE,
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
        yield from _outside(stack, pair)


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


def _outside(stack: Stack, pair: Pair) -> Results:
    """Demand that each end has the public address of the other. It is known by the update only, but not whence."""
    if not pair.azure.comes_from(pair.aws.connection):
        yield Violation(
            path="gatewayIpAddress",
            message=f"is not that of the AWS connection with {pair.inside}",
            urn=pair.azure.gateway.urn,
        )
    for gateway in azure_gateways(stack, pair):
        own = {gateway.urn, *gateway.dependencies.get("ipConfigurations", ())}
        for customer in customer_gateways(stack, pair):
            if own.isdisjoint(customer.dependencies.get("ipAddress", ())):
                yield Violation(path="ipAddress", message=f"is not one of {gateway.name}", urn=customer.urn)


@Metadata(
    over=Stack,
    id="tunnel-keys-equal",
    family="in-transit",
    title="Both ends of a tunnel have the same pre-shared key, and no two tunnels share one",
    severity="critical",
    frameworks=((MCSB, "DP-3"),),
    types=ENDS,
    remediation="Make one RandomPassword for each tunnel and give it to both ends.",
    link=GUIDE,
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


@Metadata(
    over=Stack,
    id="tunnel-policies-agree",
    family="in-transit",
    title="Both ends of a tunnel offer the same ciphers and groups",
    severity="critical",
    frameworks=((MCSB, "DP-3"),),
    types=ENDS,
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
