"""``hms link status``: every planned tunnel, as both clouds see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.link.pairs import pair
from lab.link.reading import read_ends
from ops.adapters.aws_link import AwsTunnel, aws_tunnels
from ops.adapters.azure_link import AzurePeer, bgp_peers, connection_status
from ops.services.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lab.link.pairs import Tunnel
    from lab.link.planned import Planned


@dataclass(frozen=True, kw_only=True)
class TunnelStatus:
    """A tunnel.

    Parameters
    ----------
    aws, azure
        What each cloud says of its end.
    bgp
        State of the session at Azure.
    aws_learned, azure_learned
        How many routes came to each end.
    up
        Whether both clouds see the tunnel, and its session, up.
    """

    name: str
    aws: str
    azure: str
    bgp: str
    aws_learned: int
    azure_learned: int
    up: bool


def link_status(
    resources: tuple[Planned, ...], aws: Callable[..., Any], azure: Callable[..., Any]
) -> tuple[TunnelStatus, ...]:
    """Ask both clouds.

    Parameters
    ----------
    resources
        What is deployed.
    aws, azure
        Take the arguments of ``aws`` and of ``az``, and give their JSON.

    Raises
    ------
    ops.errors.HmsError
        If a cloud refuses, or its command line is missing.
    """
    tunnels = pair(read_ends(resources))
    telemetry = _telemetry(tunnels, aws)
    gateways = {tunnel.azure.gateway.planned.id for tunnel in tunnels if tunnel.azure}
    peers = {gateway: bgp_peers(azure, gateway) for gateway in sorted(gateways)}
    return tuple(_status(tunnel, telemetry, peers, azure) for tunnel in tunnels)


def status_table(found: tuple[TunnelStatus, ...]) -> Table:
    """Say it in a table."""
    return Table(
        title="Tunnels, as the clouds see them",
        head=("tunnel", "AWS", "Azure", "BGP at Azure", "AWS learns", "Azure learns"),
        rows=tuple(
            (one.name, one.aws, one.azure, one.bgp, f"{one.aws_learned} routes", f"{one.azure_learned} routes")
            for one in found
        ),
    )


def _telemetry(tunnels: tuple[Tunnel, ...], aws: Callable[..., Any]) -> dict[str, AwsTunnel]:
    """Give what AWS says, by public address: one question for each region."""
    regions: dict[str, set[str]] = {}
    for tunnel in tunnels:
        if tunnel.aws:
            region = tunnel.aws.vpn.output("arn").split(":")[3:4] or [""]
            regions.setdefault(region[0], set()).add(tunnel.aws.vpn.id)
    return {
        one.outside: one
        for region, ids in sorted(regions.items())
        for one in aws_tunnels(aws, region, tuple(sorted(ids)))
    }


def _status(
    tunnel: Tunnel,
    telemetry: Mapping[str, AwsTunnel],
    peers: Mapping[str, tuple[AzurePeer, ...]],
    azure: Callable[..., Any],
) -> TunnelStatus:
    aws = telemetry.get(tunnel.aws.outside) if tunnel.aws else None
    said, session, routes = "no connection", "none", 0
    if tunnel.azure:
        said = connection_status(azure, tunnel.azure.connection.id)
        # Both instances tell of each peer; the one that has the tunnel is connected.
        own = [one for one in peers[tunnel.azure.gateway.planned.id] if one.neighbour == tunnel.azure.peer_bgp]
        best = sorted(own, key=lambda one: one.state != "Connected")
        session, routes = (best[0].state, best[0].routes) if best else ("none", 0)
    return TunnelStatus(
        name=tunnel.name,
        aws=f"{'up' if aws.up else 'down'}: {aws.said}" if aws else "not there",
        azure=said,
        bgp=session,
        aws_learned=aws.routes if aws else 0,
        azure_learned=routes,
        up=bool(aws and aws.up and aws.routes) and said == "Connected" and session == "Connected" and routes > 0,
    )
