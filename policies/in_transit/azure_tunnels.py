"""The Azure end of tunnels: one full policy on every connection, and a gateway that can do it."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from typing import TYPE_CHECKING

from infra.predicates import STRONG_DH_GROUPS, STRONG_ENCRYPTION, STRONG_INTEGRITY
from policies.checks import at_least, at_most, each, is_false, is_true, one_of
from policies.frameworks import MCSB
from policies.in_transit.aws_tunnels import AZURE_CONNECTION
from policies.rule import Metadata, Resource, Results, Violation

if TYPE_CHECKING:
    from policies.values import View

VPN_GATEWAY = "azure-native:network:VirtualNetworkGateway"

_IPSEC_ENCRYPTION = tuple(STRONG_ENCRYPTION.values())
_IKE_INTEGRITY = tuple(STRONG_INTEGRITY.values())
_GROUPS = tuple(STRONG_DH_GROUPS.values())
_REKEYS = {"saLifeTimeSeconds": (300, 28_800), "saDataSizeKilobytes": (1024, 102_400_000)}
"""Field to the least that Azure takes and the most that a key may serve: AWS's hours, and Azure's own default."""

_WEAK = "a stronger one is there on both clouds"


def is_ipsec(resource: Resource) -> bool:
    """Say whether a connection is a site-to-site tunnel; one whose type is not literal is taken for one."""
    kind = resource["connectionType"].text()
    return kind is None or kind.lower() == "ipsec"


@Metadata(
    over=Resource,
    id="azure-tunnel-full-policy",
    family="in-transit",
    title="Azure connections speak IKEv2 with one full, strong policy",
    severity="critical",
    frameworks=((MCSB, "DP-3"),),
    types=(AZURE_CONNECTION,),
    remediation=(
        "Set connection_protocol='IKEv2' and one ipsec_policies entry with all 8 fields: GCMAES256, SHA384, ECP384; "
        "Azure's own list would be used otherwise, SHA1 and DHGroup2 among it."
    ),
    link="https://learn.microsoft.com/azure/vpn-gateway/ipsec-ike-policy-howto",
)
def azure_tunnel_full_policy(resource: Resource) -> Results:
    if not is_ipsec(resource):
        return
    yield from one_of(resource["connectionProtocol"], ("IKEv2",), "IKEv1 is broken")
    policies = resource["ipsecPolicies"]
    yield from each(policies, _strong, why="Azure's own list of proposals would be used")
    if len(policies.elements()) > 1:
        yield Violation(path=policies.path, message=f"is {policies.shown()}: Azure takes one policy")


def _strong(policy: View) -> Results:
    yield from one_of(policy["ikeEncryption"], _IPSEC_ENCRYPTION, _WEAK)
    yield from one_of(policy["ikeIntegrity"], _IKE_INTEGRITY, _WEAK)
    yield from one_of(policy["dhGroup"], _GROUPS, _WEAK)
    yield from one_of(policy["ipsecEncryption"], _IPSEC_ENCRYPTION, _WEAK)
    yield from one_of(policy["ipsecIntegrity"], _IPSEC_ENCRYPTION, "GCM authenticates itself, by the same cipher")
    yield from one_of(policy["pfsGroup"], _GROUPS, "without it one stolen key opens all that was recorded")
    for field, (least, most) in _REKEYS.items():
        yield from at_least(policy[field], least, f"Azure takes {least} or more")
        yield from at_most(policy[field], most, f"keys are to be renewed after {most} at the latest")


@Metadata(
    over=Resource,
    id="azure-tunnel-routed",
    family="in-transit",
    title="Azure connections learn their routes by BGP, and detect a dead peer",
    severity="medium",
    types=(AZURE_CONNECTION,),
    remediation="Set enable_bgp=True, leave traffic selectors off, and dpd_timeout_seconds between 9 and 60.",
    link="https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-howto-aws-bgp",
)
def azure_tunnel_routed(resource: Resource) -> Results:
    if not is_ipsec(resource):
        return
    yield from is_true(resource["enableBgp"], "no route would come through the tunnel")
    yield from is_false(
        resource["usePolicyBasedTrafficSelectors"], "what the selectors leave out would not be encrypted but dropped"
    )
    dead = resource["dpdTimeoutSeconds"]
    yield from at_least(dead, 9, "Azure takes 9 seconds or more", optional=True)
    yield from at_most(dead, 60, "routes through a dead tunnel would be kept for longer than a minute", optional=True)


@Metadata(
    over=Resource,
    id="azure-gateway-capable",
    family="in-transit",
    title="Azure VPN gateways can do IKEv2 with a policy of their own, on two instances",
    severity="high",
    frameworks=((MCSB, "DP-3"),),
    types=(VPN_GATEWAY,),
    remediation="Use vpn_type='RouteBased', a SKU VpnGw1AZ to VpnGw5AZ, active_active=True and enable_bgp=True.",
    link="https://learn.microsoft.com/azure/vpn-gateway/about-gateway-skus",
)
def azure_gateway_capable(resource: Resource) -> Results:
    if resource["gatewayType"].text() == "ExpressRoute":
        return
    yield from one_of(resource["vpnType"], ("RouteBased",), "policy-based gateways speak IKEv1 only")
    yield from one_of(
        resource["sku.name"],
        tuple(f"VpnGw{size}AZ" for size in range(1, 6)),
        "Basic has neither BGP nor policies, and sizes without zones are being retired",
    )
    yield from is_true(resource["activeActive"], "the tunnels would go down with one instance")
    yield from is_true(resource["enableBgp"], "no route would come through the tunnels")
    yield from is_false(resource["disableIPSecReplayProtection"], "packets recorded and sent again would pass")
