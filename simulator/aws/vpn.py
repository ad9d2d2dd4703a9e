"""Site-to-site VPN connections: two tunnels between a VPN or transit gateway and a customer gateway."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from simulator.aws import quotas, tokens
from simulator.aws.common import cidr, conflicting, ec2_reference, make, names, network
from simulator.aws.gateways import public_address
from simulator.aws.logs import log_group_names
from simulator.aws.tunnel_options import APIPA, CHECKS, NUMBERS, RESERVED
from simulator.aws.vpn_gateways import customer_asn, gateway_reference
from simulator.kind import Duration, Failure, Reference, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs
    from simulator.world import Record

_GATEWAYS = ("vpnGatewayId", "transitGatewayId")


def _connection_form(inputs: Inputs) -> Iterable[Failure]:
    if inputs.get("enableAcceleration") is True and inputs.get("vpnGatewayId") is not None:
        yield Failure("enableAcceleration", "acceleration is supported for transit gateways only")
    if inputs.get("tunnelBandwidth") == "large":
        if inputs.get("vpnGatewayId") is not None:
            yield Failure("tunnelBandwidth", "large tunnel bandwidth is not supported on a virtual private gateway")
        if inputs.get("enableAcceleration") is True:
            yield Failure("tunnelBandwidth", "large tunnel bandwidth is not supported together with acceleration")
    if inputs.get("tunnelInsideIpVersion") == "ipv6" and inputs.get("vpnGatewayId") is not None:
        yield Failure("tunnelInsideIpVersion", "IPv6 inside the tunnels is supported for transit gateways only")


def _neighbours(context: Context, inputs: Inputs) -> Iterator[Record]:
    """Other connections on the same gateway."""
    for name in _GATEWAYS:
        if inputs.get(name) is not None:
            yield from context.find(tokens.VPN_CONNECTION, **{name: inputs[name]})


def _within_quotas(context: Context, inputs: Inputs) -> None:
    if context.old is not None:
        return
    quotas.require("vpn_connections", context.find(tokens.VPN_CONNECTION))
    if inputs.get("vpnGatewayId") is not None:
        quotas.require("vpn_connections_per_gateway", _neighbours(context, inputs))


def _inside_apart(context: Context, inputs: Inputs) -> None:
    taken = {
        other.outputs.get(f"tunnel{number}InsideCidr"): other.id
        for other in _neighbours(context, inputs)
        for number in NUMBERS
    }
    for number in NUMBERS:
        wanted = inputs.get(f"tunnel{number}InsideCidr")
        if wanted is not None and wanted in taken:
            raise Refused(
                "InvalidParameterValue",
                f"The inside tunnel CIDR {wanted} is already in use by {taken[wanted]} on the same gateway",
            )


def _gateway(context: Context, inputs: Inputs) -> Record | None:
    if inputs.get("vpnGatewayId") is not None:
        return context.one(tokens.VPN_GATEWAY, inputs["vpnGatewayId"])
    return context.one(tokens.TRANSIT_GATEWAY, str(inputs.get("transitGatewayId")))


def _peers_differ(context: Context, inputs: Inputs) -> None:
    gateway = _gateway(context, inputs)
    customer = context.one(tokens.CUSTOMER_GATEWAY, inputs["customerGatewayId"])
    if gateway is None or customer is None:
        return
    if str(gateway.outputs["amazonSideAsn"]) == customer_asn(customer.outputs):
        raise Refused(
            "InvalidParameterValue",
            f"The BGP ASN {customer_asn(customer.outputs)} of customer gateway {customer.id} must differ from the "
            f"Amazon side ASN of {gateway.id}",
        )
    starts = any(inputs.get(f"tunnel{number}StartupAction") == "start" for number in NUMBERS)
    if starts and not customer.outputs.get("ipAddress"):
        raise Refused(
            "InvalidParameterCombination",
            f"Startup action 'start' needs a customer gateway with an IP address: {customer.id} has none",
        )


def _inside_of(context: Context, inputs: Inputs, number: int, taken: set[IPv4Network]) -> IPv4Network:
    """Give the /30 that was asked for, that the tunnel has, or that AWS picks."""
    name = f"tunnel{number}InsideCidr"
    for source in (inputs, context.old.outputs if context.old else {}):
        if (given := network(source.get(name))) is not None:
            return given
    start = context.number(0, 16_383, f"inside-{number}")
    for step in range(16_384):
        address = int(APIPA.network_address) + 4 * ((start + step) % 16_384)
        block = IPv4Network((address, 30))
        if block not in taken and block not in RESERVED:
            return block
    raise Refused("InsufficientAddressCapacity", "no inside tunnel CIDR is left")


def _tunnel(context: Context, inputs: Inputs, number: int, inside: IPv4Network) -> Outputs:
    gateway = _gateway(context, inputs)
    key = f"tunnel{number}PresharedKey"
    stored = inputs.get("presharedKeyStorage") == "SecretsManager"
    made_up = f"k{context.hex(31, key)}"
    found: dict[str, Any] = {
        "Address": public_address(context, f"tunnel{number}"),
        "BgpAsn": str(gateway.outputs["amazonSideAsn"]) if gateway else "",
        "BgpHoldtime": 30,
        "InsideCidr": str(inside),
        "VgwInsideAddress": str(inside[1]),
        "CgwInsideAddress": str(inside[2]),
        "PresharedKey": "REDACTED" if stored else inputs.get(key) or made_up,
    }
    return {f"tunnel{number}{name}": value for name, value in found.items()}


def _configuration(context: Context, outputs: Outputs) -> str:
    """Write the router configuration that AWS offers for download; it holds the keys, so it is secret."""
    tunnels = "".join(
        f"<ipsec_tunnel><customer_gateway><tunnel_inside_address><ip_address>"
        f"{outputs[f'tunnel{number}CgwInsideAddress']}</ip_address></tunnel_inside_address></customer_gateway>"
        f"<vpn_gateway><tunnel_outside_address><ip_address>{outputs[f'tunnel{number}Address']}</ip_address>"
        f"</tunnel_outside_address></vpn_gateway><ike><pre_shared_key>"
        f"{escape(str(outputs[f'tunnel{number}PresharedKey']))}</pre_shared_key></ike></ipsec_tunnel>"
        for number in NUMBERS
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><vpn_connection id="{context.id}">{tunnels}</vpn_connection>'


def _connection_outputs(context: Context, inputs: Inputs) -> Outputs:
    taken = {
        block
        for other in _neighbours(context, inputs)
        for number in NUMBERS
        if (block := network(other.outputs.get(f"tunnel{number}InsideCidr"))) is not None
    }
    outputs: Outputs = {"vgwTelemetries": [], "routes": []}
    for number in NUMBERS:
        inside = _inside_of(context, inputs, number, taken)
        taken.add(inside)
        outputs |= _tunnel(context, inputs, number, inside)
    outputs["customerGatewayConfiguration"] = _configuration(context, outputs)
    if inputs.get("presharedKeyStorage") == "SecretsManager":
        secret = f"s2svpn!{context.id}-{context.hex(6, 'secret')}"
        outputs["presharedKeyArn"] = f"arn:aws:secretsmanager:{context.scope}:{context.account}:secret:{secret}"
    if inputs.get("transitGatewayId") is not None:
        attachment = context.token("tgw-attach")
        outputs["transitGatewayAttachmentId"] = attachment
        if context.old is None:
            context.implicit(
                tokens.TRANSIT_VPN_ATTACHMENT,
                attachment,
                {"transitGatewayId": inputs["transitGatewayId"], "vpnConnectionId": context.id},
            )
    return outputs


VPN_CONNECTION = make(
    tokens.VPN_CONNECTION,
    id_prefix="vpn",
    arn_as=("ec2", "vpn-connection/{id}"),
    immutable=(
        "enableAcceleration",
        "staticRoutesOnly",
        "tunnelInsideIpVersion",
        "type",
        "outsideIpAddressType",
        *(f"tunnel{number}Inside{family}" for number in NUMBERS for family in ("Cidr", "Ipv6Cidr")),
    ),
    secrets=("tunnel1PresharedKey", "tunnel2PresharedKey", "customerGatewayConfiguration"),
    references=(
        ec2_reference(
            "customerGatewayId",
            tokens.CUSTOMER_GATEWAY,
            "customerGateway",
            blocks_delete=True,
            blocks_code="IncorrectState",
            blocks_message="The customer gateway is in use.",
        ),
        gateway_reference("vpnGatewayId"),
        ec2_reference(
            "transitGatewayId",
            tokens.TRANSIT_GATEWAY,
            "transitGateway",
            blocks_delete=True,
            blocks_code="IncorrectState",
            blocks_message="{target} has non-deleted VPN Attachments: {source}.",
        ),
        *(
            Reference(
                f"tunnel{number}LogOptions.cloudwatchLogOptions.{name}",
                tokens.LOG_GROUP,
                by=log_group_names,
                code="InvalidParameterValue",
                message="The log group {value} does not exist",
            )
            for number in NUMBERS
            for name in ("logGroupArn", "bgpLogGroupArn")
        ),
    ),
    checks=(
        names("type", ("ipsec.1",)),
        names("tunnelInsideIpVersion", ("ipv4", "ipv6")),
        names("tunnelBandwidth", ("standard", "large")),
        names("outsideIpAddressType", ("PublicIpv4", "PrivateIpv4")),
        names("presharedKeyStorage", ("Standard", "SecretsManager")),
        cidr("localIpv4NetworkCidr"),
        cidr("remoteIpv4NetworkCidr"),
        conflicting("vpnGatewayId", "transitGatewayId", "vpnConcentratorId"),
        _connection_form,
        *CHECKS,
    ),
    admits=(_within_quotas, _inside_apart, _peers_differ),
    defaults={
        "staticRoutesOnly": False,
        "enableAcceleration": False,
        "localIpv4NetworkCidr": "0.0.0.0/0",
        "remoteIpv4NetworkCidr": "0.0.0.0/0",
        "outsideIpAddressType": "PublicIpv4",
        "tunnelInsideIpVersion": "ipv4",
    },
    compute=_connection_outputs,
    computed=(*(f"tunnel{number}{name}" for number in NUMBERS for name in ("InsideCidr", "PresharedKey")),),
    duration=Duration(create=240, update=300, delete=60),
)

KINDS = (VPN_CONNECTION,)
