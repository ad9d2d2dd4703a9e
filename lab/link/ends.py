"""Both ends of every planned tunnel: what each cloud is told, not what was meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Network

    from lab.link.planned import Planned
    from lab.link.words import Offer


@dataclass(frozen=True, kw_only=True)
class AwsGateway:
    """A virtual private gateway or a transit gateway.

    Parameters
    ----------
    name
        Of its resource; empty for one that is not among the planned resources.
    ecmp
        Whether traffic takes all tunnels at once.
    prefixes
        Ranges of its VPC, which it announces.
    routed
        Ranges that the VPC's own tables lead to it; None for whatever it learns.
    """

    urn: str
    name: str
    asn: int
    transit: bool
    ecmp: bool
    prefixes: tuple[str, ...]
    routed: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class AwsEnd:
    """One tunnel of a VPN connection.

    Parameters
    ----------
    vpn, customer
        The VPN connection and its customer gateway.
    number
        1 or 2.
    outside, peer
        Its public address, and the one that it calls.
    inside
        The /30; AWS has the first host and expects the second at the other end.
    key
        Fingerprint of the pre-shared key.
    """

    vpn: Planned
    customer: Planned | None
    number: int
    gateway: AwsGateway
    outside: str
    peer: str
    peer_asn: int
    inside: IPv4Network
    ike: Offer
    esp: Offer
    versions: tuple[int, ...]
    starts: bool
    dpd_timeout: int
    dpd_action: str
    bgp: bool
    key: str

    @property
    def name(self) -> str:
        """Such as ``aws-azure-vpn-1 tunnel 2``."""
        return f"{self.vpn.name} tunnel {self.number}"

    def option(self, name: str) -> str:
        """Give the property of an option, such as ``tunnel2InsideCidr``."""
        return f"tunnel{self.number}{name}"


@dataclass(frozen=True, kw_only=True)
class AzureGateway:
    """A virtual network gateway.

    Parameters
    ----------
    addresses
        Public address of each instance that works; an active-passive gateway has one.
    custom
        BGP addresses of each instance, beside the usual one.
    prefixes
        Ranges of its VNet, which it announces.
    """

    planned: Planned
    asn: int
    bgp: bool
    addresses: tuple[str, ...]
    custom: tuple[tuple[str, ...], ...]
    prefixes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AzureEnd:
    """A connection, with the local network gateway that describes the other end.

    Parameters
    ----------
    peer, peer_bgp, peer_asn
        Public address, BGP address and ASN that the local network gateway gives.
    custom
        BGP address of its own at each instance; empty where it has none.
    narrow
        Ranges that its traffic selectors name; None where it takes everything.
    """

    connection: Planned
    local: Planned | None
    gateway: AzureGateway
    peer: str
    peer_bgp: str
    peer_asn: int
    custom: tuple[str, ...]
    ike: Offer
    esp: Offer
    version: int
    dpd_timeout: int
    bgp: bool
    narrow: tuple[str, ...] | None
    key: str

    @property
    def name(self) -> str:
        """Name of the connection."""
        return self.connection.name

    def speaks(self, instance: int) -> str:
        """Give the address that BGP has at an instance; without one of its own a connection takes the first there."""
        own = self.custom[instance] if instance < len(self.custom) else ""
        listed = self.gateway.custom[instance] if instance < len(self.gateway.custom) else ()
        return own or next(iter(listed), "")


@dataclass(frozen=True, kw_only=True)
class Ends:
    """All ends of a plan.

    Parameters
    ----------
    assumed
        What only the update will tell, and is taken for right here.
    """

    aws: tuple[AwsEnd, ...]
    azure: tuple[AzureEnd, ...]
    assumed: tuple[str, ...]
