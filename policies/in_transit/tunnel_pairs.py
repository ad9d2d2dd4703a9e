"""Which AWS tunnel and which Azure connection are the two ends of one.

They are joined by the inside address: the Azure side knows the AWS end as the BGP peer of a local network gateway, and
that is the first host of the tunnel's /30 on AWS. Both are literal in a preview. Links that have no gateway in common
may use one address twice; what tells those apart is the AWS connection that the local network gateway has its public
address from.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import TYPE_CHECKING

from policies.in_transit.aws_tunnels import AZURE_CONNECTION, TUNNELS, VPN_CONNECTION
from policies.in_transit.azure_tunnels import VPN_GATEWAY, is_ipsec

if TYPE_CHECKING:
    from policies.rule import Resource, Stack
    from policies.values import View

LOCAL_GATEWAY = "azure-native:network:LocalNetworkGateway"
CUSTOMER_GATEWAY = "aws:ec2/customerGateway:CustomerGateway"
ENDS = (VPN_CONNECTION, AZURE_CONNECTION, LOCAL_GATEWAY)
GUIDE = "https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-howto-aws-bgp"


@dataclass(frozen=True)
class AwsTunnel:
    """One of the two tunnels of an AWS connection."""

    connection: Resource
    number: int

    def __getitem__(self, option: str) -> View:
        """Look at a tunnel option, such as ``PresharedKey``."""
        return self.connection[f"tunnel{self.number}{option}"]

    @property
    def inside(self) -> IPv4Network | None:
        """The /30 inside it, if it is literal and one."""
        text = self["InsideCidr"].text()
        try:
            network = IPv4Network(text or "", strict=False)
        except (AddressValueError, NetmaskValueError, ValueError):
            return None
        return network if network.prefixlen == 30 else None


@dataclass(frozen=True)
class AzureEnd:
    """An Azure connection and the local network gateway that describes its AWS end."""

    connection: Resource
    gateway: Resource

    @property
    def peer(self) -> str | None:
        """The AWS end's BGP address, if it is literal."""
        return self.gateway["bgpSettings.bgpPeeringAddress"].text()

    def comes_from(self, connection: Resource) -> bool:
        """Say whether the AWS end's public address is that of an AWS connection; it is known by the update only."""
        return connection.urn in self.gateway.dependencies.get("gatewayIpAddress", ())


@dataclass(frozen=True)
class Pair:
    """Both ends of one tunnel."""

    aws: AwsTunnel
    azure: AzureEnd
    inside: IPv4Network


def aws_tunnels(stack: Stack) -> tuple[AwsTunnel, ...]:
    """List all tunnels of the stack's AWS connections."""
    return tuple(AwsTunnel(one, number) for one in stack.of_type(VPN_CONNECTION) for number in TUNNELS)


def azure_ends(stack: Stack) -> tuple[AzureEnd, ...]:
    """List the stack's Azure connections whose local network gateway is in the stack too."""
    gateways = stack.of_type(LOCAL_GATEWAY)
    return tuple(
        AzureEnd(connection, gateway)
        for connection in stack.of_type(AZURE_CONNECTION)
        if is_ipsec(connection)
        for gateway in gateways
        if _describes(connection, gateway)
    )


def pairs(stack: Stack) -> tuple[Pair, ...]:
    """Join the ends."""
    by_peer: dict[str | None, list[AzureEnd]] = {}
    for end in azure_ends(stack):
        by_peer.setdefault(end.peer, []).append(end)
    return tuple(
        Pair(tunnel, end, inside)
        for tunnel in aws_tunnels(stack)
        if (inside := tunnel.inside) is not None
        for end in _of_one_link(tunnel, by_peer.get(str(inside[1]), []))
    )


def _of_one_link(tunnel: AwsTunnel, ends: list[AzureEnd]) -> list[AzureEnd]:
    """Take of several ends at one address those that name the tunnel's own connection, if there are such."""
    return [end for end in ends if end.comes_from(tunnel.connection)] or ends


def azure_gateways(stack: Stack, pair: Pair) -> tuple[Resource, ...]:
    """List the Azure gateway of a pair, if it is in this stack."""
    named = pair.azure.connection.dependencies.get("virtualNetworkGateway1", ())
    return tuple(gateway for gateway in stack.of_type(VPN_GATEWAY) if gateway.urn in named)


def customer_gateways(stack: Stack, pair: Pair) -> tuple[Resource, ...]:
    """List what describes the Azure gateway of a pair to AWS, if it is in this stack."""
    named = pair.aws.connection.dependencies.get("customerGatewayId", ())
    return tuple(gateway for gateway in stack.of_type(CUSTOMER_GATEWAY) if gateway.urn in named)


def _describes(connection: Resource, gateway: Resource) -> bool:
    if gateway.urn in connection.dependencies.get("localNetworkGateway2", ()):
        return True
    name = gateway["localNetworkGatewayName"].text()
    reference = connection["localNetworkGateway2.id"].text()
    return name is not None and reference is not None and reference.rpartition("/")[2] == name
