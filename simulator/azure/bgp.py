"""What Azure's VPN gateways take as ASN and as BGP address.

Source: learn.microsoft.com/azure/vpn-gateway/vpn-gateway-bgp-overview and vpn-gateway-howto-aws-bgp.
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING, Final

from simulator.kind import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

GATEWAY_DEFAULT_ASN: Final = 65515
"""The gateway's own ASN where none is given; no peer may have it."""

_RESERVED: Final = (
    range(8074, 8076), range(12076, 12077), range(65517, 65521),  # by Azure
    range(23456, 23457), range(64496, 64512), range(65535, 65552),  # by IANA
)  # fmt: skip
_APIPA: Final = (IPv4Address("169.254.21.0"), IPv4Address("169.254.22.255"))


def asn_is_fit(asn: float, owner: str, *, peer: bool) -> int:
    """Refuse a reserved ASN; ``peer`` is true for the other side's."""
    number = int(asn)
    reserved = any(number in taken for taken in _RESERVED) or (peer and number == GATEWAY_DEFAULT_ASN)
    if reserved or not 1 <= number <= 4294967295:
        message = f"The BGP ASN {number} of {owner} is not valid: it is reserved by Azure or IANA."
        raise Refused("InvalidBgpAsn", message)  # own code
    return number


def address(text: object, owner: str) -> IPv4Address:
    """Read an address."""
    try:
        return IPv4Address(text)
    except (AddressValueError, ValueError):
        raise Refused("InvalidIPAddressFormat", f"'{text}' of {owner} is not an IPv4 address.") from None


def custom_addresses(texts: Iterable[object], owner: str) -> list[IPv4Address]:
    """Read custom BGP addresses (APIPA); refuse those outside the range that Azure keeps for them."""
    found = [address(text, owner) for text in texts]
    for one in found:
        if not _APIPA[0] <= one <= _APIPA[1]:
            raise Refused(
                "VpnGatewayInvalidCustomBgpIpAddress",  # own code
                f"The custom BGP IP address {one} of {owner} is not valid. It must lie in 169.254.21.0 -"
                " 169.254.22.255.",
            )
    return found
