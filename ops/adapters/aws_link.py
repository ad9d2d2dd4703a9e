"""What AWS says of its tunnel ends: ``DescribeVpnConnections``, by way of the ``aws`` command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.adapters.cloud_cli import understood

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class AwsTunnel:
    """A tunnel end.

    Parameters
    ----------
    outside
        Its public address.
    up
        Whether IPsec is up and routes came by BGP; AWS says so only of both.
    said
        AWS's message, such as ``IPSEC IS UP`` where BGP is not.
    routes
        How many routes came.
    since
        When that last changed.
    """

    outside: str
    up: bool
    said: str
    routes: int
    since: str


def aws_tunnels(ask: Callable[..., Any], region: str, connections: tuple[str, ...]) -> tuple[AwsTunnel, ...]:
    """Ask for the telemetry of VPN connections.

    Parameters
    ----------
    ask
        Takes the arguments of ``aws`` and gives its JSON.
    connections
        Their ids.

    Raises
    ------
    ops.errors.HmsError
        If AWS refuses, or answers what it does not.
    """
    command = ("ec2", "describe-vpn-connections", "--vpn-connection-ids", *connections)
    answer = ask(*command, "--region", region, "--output", "json")
    return understood("aws ec2 describe-vpn-connections", answer, _read)


def _read(answer: Any) -> tuple[AwsTunnel, ...]:  # noqa: ANN401 - JSON
    return tuple(
        AwsTunnel(
            outside=each["OutsideIpAddress"],
            up=each["Status"] == "UP",
            said=each.get("StatusMessage") or "",
            routes=int(each.get("AcceptedRouteCount") or 0),
            since=str(each.get("LastStatusChange") or ""),
        )
        for connection in answer["VpnConnections"]
        for each in connection.get("VgwTelemetry") or ()
    )
