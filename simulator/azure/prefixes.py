"""Address prefixes as ARM reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Final

from simulator.kind import Refused

NOT_ROUTABLE: Final = tuple(
    IPv4Network(text)
    for text in ("224.0.0.0/4", "255.255.255.255/32", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32")
)
"""Not to be used for a virtual network (learn.microsoft.com/azure/virtual-network/virtual-networks-faq)."""


def prefix(text: object, owner: str) -> IPv4Network:
    """Read one prefix.

    Raises
    ------
    Refused
        ``InvalidAddressPrefixFormat`` if it is none, ``InvalidCIDRNotation`` if bits are set beyond its length.
    """
    if not isinstance(text, str) or "/" not in text:
        raise Refused(
            "InvalidAddressPrefixFormat",
            f"Address prefix {text} of resource {owner} is not formatted correctly. It should follow CIDR notation, for"
            " example 10.0.0.0/24.",
        )
    try:
        network = IPv4Network(text, strict=False)
    except (AddressValueError, NetmaskValueError, ValueError):
        raise Refused(
            "InvalidAddressPrefixFormat",
            f"Address prefix {text} of resource {owner} is not formatted correctly. It should follow CIDR notation, for"
            " example 10.0.0.0/24.",
        ) from None
    if str(network.network_address) != text.partition("/")[0]:
        raise Refused(
            "InvalidCIDRNotation",
            f"The address prefix {text} in resource {owner} has an invalid CIDR notation. For the given prefix length,"
            f" the address prefix should be {network}.",
        )
    return network


def prefixes(texts: object, owner: str) -> tuple[IPv4Network, ...]:
    """Read a list that must hold at least one prefix."""
    if not isinstance(texts, Sequence) or isinstance(texts, str) or not texts:
        message = f"Address prefix string for resource {owner} cannot be null or empty."
        raise Refused("AddressPrefixStringCannotBeNullOrEmpty", message)
    return tuple(prefix(text, owner) for text in texts)


def overlapping(ours: Iterable[IPv4Network], theirs: Iterable[IPv4Network]) -> tuple[IPv4Network, IPv4Network] | None:
    """Find the first pair that shares addresses."""
    theirs = tuple(theirs)
    return next(((one, other) for one in ours for other in theirs if one.overlaps(other)), None)


def inside(network: IPv4Network, ranges: Iterable[IPv4Network]) -> bool:
    """Whether one of the ranges holds the whole network."""
    return any(network.subnet_of(outer) for outer in ranges)
