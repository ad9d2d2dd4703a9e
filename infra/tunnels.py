"""The four tunnels of an AWS-Azure link: addresses, key exchange, timers.

Sources: Microsoft's guide to BGP-enabled connections between Azure and AWS (vpn-gateway-howto-aws-bgp), Azure's
IPsec policy page, AWS's tunnel options page. What both ends must agree on exists once, here.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

SLOTS = 32
"""Links that one gateway has tunnel addresses for: 169.254.21.0 - 169.254.22.255 holds 128 /30s, a link takes four."""

_RANGES = (IPv4Network("169.254.21.0/24"), IPv4Network("169.254.22.0/24"))


@dataclass(frozen=True, kw_only=True)
class IkePolicy:
    """One exact IKEv2 policy in both clouds' words; neither side offers anything else."""

    aws_encryption: str = "AES256-GCM-16"
    aws_phase1_integrity: str = "SHA2-384"
    aws_phase2_integrity: str = "SHA2-256"  # AES-GCM authenticates itself; AWS still wants a valid value
    aws_dh_group: int = 20
    azure_ike_encryption: str = "GCMAES256"
    azure_ike_integrity: str = "SHA384"
    azure_dh_group: str = "ECP384"
    azure_ipsec_encryption: str = "GCMAES256"
    azure_ipsec_integrity: str = "GCMAES256"  # must equal the encryption for GCM
    azure_pfs_group: str = "ECP384"
    phase1_lifetime: int = 28_800  # seconds; fixed on Azure
    aws_phase2_lifetime: int = 3_600  # seconds
    azure_sa_lifetime: int = 27_000  # seconds
    azure_sa_data_size: int = 102_400_000  # kilobytes
    aws_dpd_timeout: int = 30  # seconds; the least that AWS takes
    azure_dpd_timeout: int = 45  # seconds; Microsoft recommends 30 to 45


@dataclass(frozen=True, kw_only=True)
class TunnelPlan:
    """One tunnel.

    Parameters
    ----------
    number
        1 to 4, in the order in which the Azure connections are made.
    instance
        0 or 1: the Azure gateway instance, and with it the public IP, the AWS customer gateway and connection.
    aws_tunnel
        1 or 2: which tunnel of the AWS connection.
    inside
        The /30 inside the tunnel.
    aws_address, azure_address
        Its first and second host: the BGP peers.
    azure_other_address
        The address in the unused half of the pair that every Azure connection must carry: a valid custom address
        of the gateway's other instance.
    """

    number: int
    instance: int
    aws_tunnel: int
    inside: IPv4Network
    aws_address: IPv4Address
    azure_address: IPv4Address
    azure_other_address: IPv4Address


def plan_tunnels(slot: int) -> tuple[TunnelPlan, TunnelPlan, TunnelPlan, TunnelPlan]:
    """Lay out the tunnels of the link in a slot, 0 to 31; slot 0 is the address table of Microsoft's guide."""
    if not 0 <= slot < SLOTS:
        raise ValueError(f"slot {slot} is not between 0 and {SLOTS - 1}")

    def inside(instance: int, aws_tunnel: int) -> IPv4Network:
        base = _RANGES[aws_tunnel - 1].network_address + 8 * slot + 4 * instance
        return IPv4Network((int(base), 30))

    def tunnel(number: int, instance: int, aws_tunnel: int) -> TunnelPlan:
        own = inside(instance, aws_tunnel)
        return TunnelPlan(
            number=number,
            instance=instance,
            aws_tunnel=aws_tunnel,
            inside=own,
            aws_address=own[1],
            azure_address=own[2],
            azure_other_address=inside(1 - instance, aws_tunnel)[2],
        )

    return tunnel(1, 0, 1), tunnel(2, 0, 2), tunnel(3, 1, 1), tunnel(4, 1, 2)
