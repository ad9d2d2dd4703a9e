"""What each end of a tunnel is in the twin: its daemon, its interface, its session. Pure: made from the plan alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lab.link.bird import Session
from lab.link.charon import Identity

if TYPE_CHECKING:
    from lab.link.ends import AwsEnd, AzureEnd
    from lab.link.pairs import Tunnel
    from lab.link.timers import Timers


@dataclass(frozen=True, kw_only=True)
class Side:
    """One end of a tunnel.

    Parameters
    ----------
    number
        Of the tunnel.
    gateway, instance
        URN of the gateway where it ends, and which of its instances.
    near, far
        Addresses inside; empty where the plan has none.
    address
        The near one as ``ip address add`` takes it.
    session
        None where there is no BGP.
    """

    cloud: Literal["aws", "azure"]
    number: int
    identity: Identity
    gateway: str
    instance: int
    near: str
    far: str
    address: tuple[str, ...]
    session: Session | None

    @property
    def device(self) -> str:
        """Interface in the gateway's namespace, and name of the session there."""
        return f"t{self.number}"


def sides_of(tunnel: Tunnel, timers: Timers) -> tuple[Side, ...]:
    """Give the ends of a tunnel that have public addresses."""
    aws, azure = tunnel.aws, tunnel.azure
    return (
        *([_aws(aws, tunnel.number, timers)] if aws and aws.outside and aws.peer else []),
        *(
            [_azure(azure, tunnel.instance, tunnel.number, timers)]
            if azure and azure.peer and tunnel.instance < len(azure.gateway.addresses)
            else []
        ),
    )


def _aws(end: AwsEnd, number: int, timers: Timers) -> Side:
    near, far = str(end.inside[1]), str(end.inside[2])
    asns = (end.gateway.asn, end.peer_asn)
    return Side(
        cloud="aws",
        number=number,
        identity=Identity(
            name=f"aws-end-{number}",
            here=end.outside,
            there=end.peer,
            version=0 if len(end.versions) > 1 else end.versions[0],
            ike=end.ike.ike(),
            esp=end.esp.esp(),
            key=end.key,
            starts=end.starts,
            restarts=end.dpd_action == "restart",
            dpd_timeout=end.dpd_timeout,
        ),
        gateway=end.gateway.urn,
        instance=0,
        near=near,
        far=far,
        address=(f"{near}/30",),
        session=_session(number, (near, far), asns, timers.aws_hold, passive=False) if end.bgp else None,
    )


def _azure(end: AzureEnd, instance: int, number: int, timers: Timers) -> Side:
    near, far = end.speaks(instance), end.peer_bgp
    asns = (end.gateway.asn, end.peer_asn)
    speaks = end.bgp and end.gateway.bgp
    return Side(
        cloud="azure",
        number=number,
        identity=Identity(
            name=f"azure-end-{number}",
            here=end.gateway.addresses[instance],
            there=end.peer,
            version=end.version,
            ike=end.ike.ike(),
            esp=end.esp.esp(),
            key=end.key,
            starts=False,
            restarts=False,
            dpd_timeout=end.dpd_timeout,
            narrow=end.narrow,
        ),
        gateway=end.gateway.planned.urn,
        instance=instance,
        near=near,
        far=far,
        address=(near, "peer", far) if near and far else (),
        session=_session(number, (near, far), asns, timers.azure_hold, passive=True) if speaks else None,
    )


def _session(
    number: int, addresses: tuple[str, str], asns: tuple[int, int], hold: int, *, passive: bool
) -> Session | None:
    if not all(addresses) or not all(asns):
        return None
    (near, far), (near_asn, far_asn) = addresses, asns
    return Session(
        name=f"t{number}", near=near, near_asn=near_asn, far=far, far_asn=far_asn, hold=hold, passive=passive
    )
