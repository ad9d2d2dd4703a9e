"""Virtual private gateways and the customer gateways that describe the other end."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING

from simulator.aws import quotas, tokens
from simulator.aws.common import between, conflicting, ec2_reference, make, names, vpc_reference
from simulator.aws.routing import attached_vpcs
from simulator.kind import Duration, Failure, Reference, Refused, known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.aws.common import Check
    from simulator.context import Context
    from simulator.kind import Inputs, Outputs

PRIVATE_ASNS = (range(64_512, 65_535), range(4_200_000_000, 4_294_967_295))
"""What an Amazon-side ASN may be."""

AMAZON_ASN = "64512"
_RESERVED_BY_AWS = (7224, 9059, 10124, 17943)
"""ASNs of Amazon's own: everywhere, eu-west-1, ap-northeast-1, ap-southeast-1."""


def asn_private(path: str) -> Check:
    """Check of an Amazon-side ASN, a number or a number written as text."""

    def check(inputs: Inputs) -> Iterable[Failure]:
        value = inputs.get(path)
        if known(value) and not (str(value).isdigit() and any(int(str(value)) in block for block in PRIVATE_ASNS)):
            yield Failure(path, f"ASN ({value}) must be in the range 64512 to 65534 or 4200000000 to 4294967294")

    return check


def _attachable(context: Context, gateway: str, vpc: str) -> None:
    """One VPC a gateway, one gateway a VPC."""
    if elsewhere := attached_vpcs(context, gateway) - {vpc} if gateway else set():
        raise Refused(
            "VpnGatewayAttachmentLimitExceeded",
            f"The VPN gateway {gateway} is already attached to {', '.join(sorted(elsewhere))}",
        )
    others = {record.outputs["vpnGatewayId"] for record in context.find(tokens.VPN_GATEWAY_ATTACHMENT, vpcId=vpc)}
    others |= {record.id for record in context.find(tokens.VPN_GATEWAY, vpcId=vpc)}
    if others:
        raise Refused(
            "VpnGatewayAttachmentLimitExceeded",
            f"The network {vpc} already has a virtual private gateway attached: {', '.join(sorted(others))}",
        )


def _gateway_admitted(context: Context, inputs: Inputs) -> None:
    if context.old is None:
        quotas.require("vpn_gateways", context.find(tokens.VPN_GATEWAY))
    if inputs.get("vpcId") is not None:
        _attachable(context, context.id if context.old else "", inputs["vpcId"])


def _not_attached(context: Context) -> None:
    attachments = context.find(tokens.VPN_GATEWAY_ATTACHMENT, vpnGatewayId=context.id)
    if any(attachments):
        raise Refused("IncorrectState", f"The vpnGateway '{context.id}' is still attached to a VPC.")


VPN_GATEWAY = make(
    tokens.VPN_GATEWAY,
    id_prefix="vgw",
    arn_as=("ec2", "vpn-gateway/{id}"),
    # AWS cannot change the ASN of a gateway: another one means a new gateway and new connections.
    immutable=("amazonSideAsn", "availabilityZone"),
    references=(vpc_reference(),),
    checks=(asn_private("amazonSideAsn"),),
    admits=(_gateway_admitted,),
    compute=lambda _, inputs: {"amazonSideAsn": str(inputs.get("amazonSideAsn") or AMAZON_ASN)},
    computed=("amazonSideAsn",),
    on_delete=_not_attached,
    duration=Duration(create=45, update=15, delete=20),
)


def gateway_reference(path: str, *, blocks_delete: bool = True) -> Reference:
    """Refer to a virtual private gateway by id."""
    return ec2_reference(
        path,
        tokens.VPN_GATEWAY,
        "vpnGateway",
        blocks_delete=blocks_delete,
        blocks_code="IncorrectState",
        blocks_message="The VPN gateway is in use.",
    )


def _attachment_id(_: Context, inputs: Inputs) -> str:
    return (
        f"vpn-attachment-{inputs['vpcId'].removeprefix('vpc-')[-8:]}{inputs['vpnGatewayId'].removeprefix('vgw-')[-8:]}"
    )


VPN_GATEWAY_ATTACHMENT = make(
    tokens.VPN_GATEWAY_ATTACHMENT,
    tagged=False,
    make_id=_attachment_id,
    exists=("VpnGatewayAttachmentLimitExceeded", "The VPN gateway is already attached to the VPC"),
    immutable=("vpcId", "vpnGatewayId"),
    references=(vpc_reference(), gateway_reference("vpnGatewayId")),
    admits=(lambda context, inputs: _attachable(context, inputs["vpnGatewayId"], inputs["vpcId"]),),
    duration=Duration(create=15, delete=15),
)


def _propagation_admitted(context: Context, inputs: Inputs) -> None:
    table = context.one(tokens.ROUTE_TABLE, inputs["routeTableId"])
    gateway = inputs["vpnGatewayId"]
    if table is not None and table.outputs["vpcId"] not in attached_vpcs(context, gateway):
        raise Refused(
            "Gateway.NotAttached", f"gateway {gateway} is not attached to the network {table.outputs['vpcId']}"
        )


VPN_GATEWAY_ROUTE_PROPAGATION = make(
    tokens.VPN_GATEWAY_ROUTE_PROPAGATION,
    tagged=False,
    make_id=lambda _, inputs: f"{inputs['vpnGatewayId']}_{inputs['routeTableId']}",
    exists=("InvalidParameterValue", "Route propagation {id} is enabled already"),
    immutable=("routeTableId", "vpnGatewayId"),
    references=(
        ec2_reference("routeTableId", tokens.ROUTE_TABLE, "routeTable"),
        gateway_reference("vpnGatewayId", blocks_delete=False),
    ),
    admits=(_propagation_admitted,),
    duration=Duration(create=3, delete=3),
)


def _customer_form(inputs: Inputs) -> Iterable[Failure]:
    address, asn = inputs.get("ipAddress"), inputs.get("bgpAsn")
    if address is None and inputs.get("certificateArn") is None:
        yield Failure("ipAddress", "one of `certificate_arn,ip_address` must be specified")
    if known(address):
        try:
            found = IPv4Address(str(address))
        except AddressValueError:
            yield Failure("ipAddress", f"expected ipAddress to contain a valid IPv4 address, got: {address}")
        else:
            if found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified:
                yield Failure("ipAddress", f"{address} is not an address that a customer gateway can have")
    if asn is None and inputs.get("bgpAsnExtended") is None:
        yield Failure("bgpAsn", "one of `bgp_asn,bgp_asn_extended` must be specified")
    if known(asn) and str(asn).isdigit() and int(str(asn)) in _RESERVED_BY_AWS:
        yield Failure("bgpAsn", f"ASN {asn} is reserved by AWS")


def _customer_admitted(context: Context, inputs: Inputs) -> None:
    if context.old is not None:
        return
    quotas.require("customer_gateways", context.find(tokens.CUSTOMER_GATEWAY))
    same = {"ipAddress": inputs.get("ipAddress"), "bgpAsn": inputs.get("bgpAsn"), "type": inputs["type"]}
    if same["ipAddress"] is not None and any(context.find(tokens.CUSTOMER_GATEWAY, **same)):
        # The API answers with the gateway that is there, and two resources would then own one: the provider refuses.
        raise Refused(
            "InvalidParameterValue",
            f"An existing customer gateway for IpAddress: {same['ipAddress']}, VpnType: {same['type']}, "
            f"BGP ASN: {same['bgpAsn']} has been found",
        )


CUSTOMER_GATEWAY = make(
    tokens.CUSTOMER_GATEWAY,
    id_prefix="cgw",
    arn_as=("ec2", "customer-gateway/{id}"),
    immutable=("bgpAsn", "bgpAsnExtended", "certificateArn", "deviceName", "ipAddress", "type"),
    checks=(
        names("type", ("ipsec.1",)),
        between("bgpAsn", 1, 2_147_483_647),
        between("bgpAsnExtended", 2_147_483_648, 4_294_967_295),
        conflicting("bgpAsn", "bgpAsnExtended"),
        _customer_form,
    ),
    admits=(_customer_admitted,),
    duration=Duration(create=10, update=1, delete=10),
)


def customer_asn(outputs: Outputs | Inputs) -> str:
    """BGP ASN of a customer gateway."""
    return str(outputs.get("bgpAsn") or outputs.get("bgpAsnExtended"))


KINDS = (VPN_GATEWAY, VPN_GATEWAY_ATTACHMENT, VPN_GATEWAY_ROUTE_PROPAGATION, CUSTOMER_GATEWAY)
