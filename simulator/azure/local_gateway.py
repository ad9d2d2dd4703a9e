"""Local network gateways: the far end of a tunnel as Azure knows it."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

from simulator.azure.arm import arm_kind
from simulator.azure.bgp import address, asn_is_fit
from simulator.azure.naming import write_key
from simulator.azure.prefixes import prefix
from simulator.kind import Duration, Inputs, Refused, get

if TYPE_CHECKING:
    from simulator.context import Context

LOCAL: Final = "azure-native:network:LocalNetworkGateway"


def _fits(context: Context, inputs: Inputs) -> None:
    del context
    name = str(inputs["localNetworkGatewayName"])
    ip, fqdn = inputs.get("gatewayIpAddress"), inputs.get("fqdn")
    if bool(ip) == bool(fqdn):
        message = f"Local network gateway {name} must have either a gateway IP address or an FQDN."
        raise Refused("LocalNetworkGatewayIpAddressOrFqdnRequired", message)  # own code
    if ip:
        _public(address(ip, name), name)
    if fqdn and not re.fullmatch(r"([a-zA-Z0-9-]{1,63}\.)+[a-zA-Z]{2,}", fqdn):
        raise Refused("InvalidFqdn", f"The FQDN {fqdn} of {name} is not valid.")  # own code
    settings = inputs.get("bgpSettings")
    space = get(inputs, "localNetworkAddressSpace.addressPrefixes") or []
    for text in space:
        prefix(text, name)
    if not settings and not space:
        message = f"Local network gateway {name} must have an address space, or BGP settings."
        raise Refused("LocalNetworkGatewayAddressSpaceRequired", message)  # own code
    if settings:
        if settings.get("asn") is None or not settings.get("bgpPeeringAddress"):
            message = f"BGP settings of {name} need both an ASN and a BGP peering address."
            raise Refused("LocalNetworkGatewayBgpSettingsIncomplete", message)  # own code
        asn_is_fit(settings["asn"], name, peer=True)
        if address(settings["bgpPeeringAddress"], name) == (ip and IPv4Address(ip)):
            message = f"The BGP peering address of {name} cannot be its gateway IP address."
            raise Refused("LocalNetworkGatewayBgpPeeringAddressNotValid", message)  # own code


def _public(ip: IPv4Address, name: str) -> None:
    if ip.is_multicast or ip.is_loopback or ip.is_link_local or ip.is_unspecified:
        message = f"The gateway IP address {ip} of local network gateway {name} is not valid."
        raise Refused("LocalNetworkGatewayIpAddressNotValid", message)  # own code


KINDS = (
    arm_kind(
        LOCAL,
        "Microsoft.Network/localNetworkGateways/{localNetworkGatewayName}",
        name_pattern=r"[a-zA-Z0-9]|[a-zA-Z0-9][\w.-]{0,78}\w",
        admits=(_fits,),
        exclusive=lambda inputs: [
            write_key(inputs["resourceGroupName"], "localNetworkGateways", inputs["localNetworkGatewayName"])
        ],
        duration=Duration(create=10, update=20, delete=11),
    ),
)
