"""What is seen of a twin: of each tunnel, between the networks of two sites, and in all."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TunnelSeen:
    """What is seen of a tunnel.

    Parameters
    ----------
    ike, esp
        Algorithms agreed on, ``AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_384``; empty where there is no SA.
    rekeyed
        The child SA's algorithms after its keys were exchanged, group included; empty where that failed.
    bgp
        State at the AWS end and at the Azure end, with what was last wrong.
    aws_learned, azure_learned
        Ranges that came over this tunnel.
    ping
        Whether the far inside address answers through it.
    said
        What the daemons say of why there is no tunnel.
    """

    number: int
    ike: str = ""
    esp: str = ""
    rekeyed: str = ""
    bgp: tuple[str, str] = ("", "")
    wrong: tuple[str, str] = ("", "")
    aws_learned: tuple[str, ...] = ()
    azure_learned: tuple[str, ...] = ()
    ping: bool = False
    said: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SitesSeen:
    """What is seen between the networks of an AWS gateway and of an Azure gateway.

    Parameters
    ----------
    paths
        Equal paths that the AWS gateway knows to the VNet, and the VNet's side to the VPC.
    used
        Tunnels that packets of many flows took, there and back.
    largest
        Octets of the largest packet that passes both ways.
    """

    aws: str
    azure: str
    paths: tuple[int, int]
    used: tuple[int, int]
    ping: tuple[bool, bool]
    largest: int


@dataclass(frozen=True, kw_only=True)
class Seen:
    """All that is seen of a twin.

    Parameters
    ----------
    up
        Seconds until all was up, or nothing more came up.
    sealed, clear
        Packets of IKE and ESP outside, and octets in the clear there.
    """

    tunnels: tuple[TunnelSeen, ...]
    sites: tuple[SitesSeen, ...]
    up: float = 0.0
    sealed: int = 0
    clear: int = 0
