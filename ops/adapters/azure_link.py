"""What Azure says of its tunnel ends: connections and BGP peers, by way of the ``az`` command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.adapters.cloud_cli import understood

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class AzurePeer:
    """A BGP peer of a gateway, as one of its instances sees it.

    Parameters
    ----------
    neighbour
        Its address.
    state
        ``Connected`` where the session stands.
    """

    neighbour: str
    state: str
    routes: int


def connection_status(ask: Callable[..., Any], connection: str) -> str:
    """Ask for the state of a connection: ``Connected``, ``Connecting``, ``NotConnected`` or ``Unknown``.

    Parameters
    ----------
    ask
        Takes the arguments of ``az`` and gives its JSON.
    connection
        Its id.

    Raises
    ------
    ops.errors.HmsError
        If Azure refuses, or answers what it does not.
    """
    answer = ask("network", "vpn-connection", "show", "--ids", connection, "--output", "json")
    return understood(
        "az network vpn-connection show", answer, lambda found: str(found.get("connectionStatus") or "Unknown")
    )


def bgp_peers(ask: Callable[..., Any], gateway: str) -> tuple[AzurePeer, ...]:
    """Ask for the BGP peers of a gateway; each instance tells of each peer it has.

    Raises
    ------
    ops.errors.HmsError
        If Azure refuses, or answers what it does not.
    """
    answer = ask("network", "vnet-gateway", "list-bgp-peer-status", "--ids", gateway, "--output", "json")
    return understood("az network vnet-gateway list-bgp-peer-status", answer, _peers)


def _peers(answer: Any) -> tuple[AzurePeer, ...]:  # noqa: ANN401 - JSON
    return tuple(
        AzurePeer(neighbour=each["neighbor"], state=each["state"], routes=int(each.get("routesReceived") or 0))
        for each in answer["value"]
    )
