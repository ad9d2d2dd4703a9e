"""Transit gateways, their attachments and route tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.aws import quotas, tokens
from simulator.aws.common import (
    cidr,
    ec2_reference,
    make,
    names,
    subnet_reference,
    vpc_of,
    vpc_reference,
    zones_of,
)
from simulator.aws.vpn_gateways import asn_private
from simulator.kind import Duration, Failure, Reference, Refused, known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs
    from simulator.world import Record

_SWITCH = ("enable", "disable")
ATTACHMENTS = (tokens.TRANSIT_VPC_ATTACHMENT, tokens.TRANSIT_VPN_ATTACHMENT)


def _gateway_admitted(context: Context, _: Inputs) -> None:
    if context.old is None:
        quotas.require("transit_gateways", context.find(tokens.TRANSIT_GATEWAY))


def _gateway_outputs(context: Context, inputs: Inputs) -> Outputs:
    table = context.token("tgw-rtb")
    outputs: Outputs = {"ownerId": context.account}
    wanted = {
        "associationDefaultRouteTableId": inputs.get("defaultRouteTableAssociation", "enable"),
        "propagationDefaultRouteTableId": inputs.get("defaultRouteTablePropagation", "enable"),
    }
    for name, switch in wanted.items():
        if switch == "enable":
            outputs[name] = table
    if "enable" in wanted.values() and context.old is None:
        context.implicit(tokens.TRANSIT_ROUTE_TABLE, table, {"transitGatewayId": context.id, "default": True})
    return outputs


TRANSIT_GATEWAY = make(
    tokens.TRANSIT_GATEWAY,
    id_prefix="tgw",
    arn_as=("ec2", "transit-gateway/{id}"),
    immutable=("multicastSupport",),
    checks=(
        asn_private("amazonSideAsn"),
        *(
            names(name, _SWITCH)
            for name in (
                "autoAcceptSharedAttachments",
                "defaultRouteTableAssociation",
                "defaultRouteTablePropagation",
                "dnsSupport",
                "encryptionSupport",
                "multicastSupport",
                "securityGroupReferencingSupport",
                "vpnEcmpSupport",
            )
        ),
        cidr("transitGatewayCidrBlocks[]", 0, 24),
    ),
    admits=(_gateway_admitted,),
    defaults={
        "amazonSideAsn": 64512,
        "autoAcceptSharedAttachments": "disable",
        "defaultRouteTableAssociation": "enable",
        "defaultRouteTablePropagation": "enable",
        "dnsSupport": "enable",
        "multicastSupport": "disable",
        "securityGroupReferencingSupport": "disable",
        "vpnEcmpSupport": "enable",
    },
    compute=_gateway_outputs,
    duration=Duration(create=150, update=60, delete=120),
)


def transit_reference(noun: str) -> Reference:
    """Refer to a transit gateway that can't go while this stands on it."""
    return ec2_reference(
        "transitGatewayId",
        tokens.TRANSIT_GATEWAY,
        "transitGateway",
        blocks_delete=True,
        blocks_code="IncorrectState",
        blocks_message=f"{{target}} has non-deleted {noun}: {{source}}.",
    )


def _vpc_attachment_admitted(context: Context, inputs: Inputs) -> None:
    subnets, vpc = list(inputs["subnetIds"]), inputs["vpcId"]
    foreign = [subnet for subnet in subnets if vpc_of(context, subnet) != vpc]
    if foreign:
        raise Refused("InvalidSubnetID.NotFound", f"The subnet ID '{foreign[0]}' does not exist in {vpc}")
    zones = zones_of(context, subnets)
    if len(zones) != len(set(zones)):
        raise Refused("DuplicateSubnetsInSameZone", "Duplicate Subnets for same AZ")
    same = {"vpcId": vpc, "transitGatewayId": inputs["transitGatewayId"]}
    if any(context.find(tokens.TRANSIT_VPC_ATTACHMENT, **same)):
        raise Refused(
            "DuplicateTransitGatewayAttachment",
            f"{inputs['transitGatewayId']} has non-deleted Transit Gateway Attachments with same VPC ID.",
        )


VPC_ATTACHMENT = make(
    tokens.TRANSIT_VPC_ATTACHMENT,
    id_prefix="tgw-attach",
    arn_as=("ec2", "transit-gateway-attachment/{id}"),
    immutable=("transitGatewayId", "vpcId"),
    references=(transit_reference("VPC Attachments"), vpc_reference(), subnet_reference("subnetIds[]")),
    checks=(
        names("applianceModeSupport", _SWITCH),
        names("dnsSupport", _SWITCH),
        names("ipv6Support", _SWITCH),
        names("securityGroupReferencingSupport", _SWITCH),
    ),
    admits=(_vpc_attachment_admitted,),
    defaults={
        "applianceModeSupport": "disable",
        "dnsSupport": "enable",
        "ipv6Support": "disable",
        "transitGatewayDefaultRouteTableAssociation": True,
        "transitGatewayDefaultRouteTablePropagation": True,
    },
    compute=lambda context, _: {"vpcOwnerId": context.account},
    duration=Duration(create=75, update=45, delete=60),
)

ROUTE_TABLE = make(
    tokens.TRANSIT_ROUTE_TABLE,
    id_prefix="tgw-rtb",
    arn_as=("ec2", "transit-gateway-route-table/{id}"),
    immutable=("transitGatewayId",),
    references=(transit_reference("Route Tables"),),
    compute=lambda _context, _inputs: {"defaultAssociationRouteTable": False, "defaultPropagationRouteTable": False},
    duration=Duration(create=50, update=2, delete=50),
)

_TABLE = ec2_reference(
    "transitGatewayRouteTableId",
    tokens.TRANSIT_ROUTE_TABLE,
    "transitGatewayRouteTable",
    code="InvalidRouteTableID.NotFound",
    message="Transit Gateway Route Table {value} was deleted or does not exist.",
    blocks_delete=True,
    blocks_code="IncorrectState",
    blocks_message="{target} has non-deleted associations or propagations.",
)
_ATTACHMENT = ec2_reference(
    "transitGatewayAttachmentId",
    ATTACHMENTS,
    "transitGatewayAttachment",
    message="Transit Gateway Attachment {value} was deleted or does not exist.",
)


def attachment(context: Context, id_: str) -> Record | None:
    """Give a VPC or VPN attachment."""
    return next((record for token in ATTACHMENTS if (record := context.one(token, id_))), None)


def _same_gateway(context: Context, inputs: Inputs) -> None:
    if inputs.get("transitGatewayAttachmentId") is None:
        return
    found = attachment(context, inputs["transitGatewayAttachmentId"])
    table = context.one(tokens.TRANSIT_ROUTE_TABLE, inputs["transitGatewayRouteTableId"])
    if found and table and found.outputs["transitGatewayId"] != table.outputs["transitGatewayId"]:
        raise Refused("InvalidParameterValue", f"{found.id} and {table.id} belong to different transit gateways.")


def _default_association(context: Context, found: Record) -> bool:
    """Whether AWS has put an attachment into the gateway's default route table by itself."""
    gateway = context.one(tokens.TRANSIT_GATEWAY, str(found.outputs["transitGatewayId"]))
    if gateway is None or gateway.outputs.get("defaultRouteTableAssociation") != "enable":
        return False
    return found.outputs.get("transitGatewayDefaultRouteTableAssociation") is not False


def _association_admitted(context: Context, inputs: Inputs) -> None:
    found = attachment(context, inputs["transitGatewayAttachmentId"])
    if found is None or inputs.get("replaceExistingAssociation") is True:
        return
    if _default_association(context, found) or any(
        context.find(tokens.TRANSIT_ASSOCIATION, transitGatewayAttachmentId=found.id)
    ):
        raise Refused(
            "Resource.AlreadyAssociated",
            f"Transit Gateway Attachment {found.id} is already associated to a route table.",
        )


def _attached_resource(context: Context, inputs: Inputs) -> Outputs:
    found = attachment(context, inputs["transitGatewayAttachmentId"])
    if found is None:
        return {}
    if "vpcId" in found.outputs:
        return {"resourceId": found.outputs["vpcId"], "resourceType": "vpc"}
    return {"resourceId": found.outputs["vpnConnectionId"], "resourceType": "vpn"}


def _pair_id(_: Context, inputs: Inputs) -> str:
    return f"{inputs['transitGatewayRouteTableId']}_{inputs['transitGatewayAttachmentId']}"


ASSOCIATION = make(
    tokens.TRANSIT_ASSOCIATION,
    tagged=False,
    make_id=_pair_id,
    exists=("Resource.AlreadyAssociated", "Transit Gateway Attachment is already associated to a route table: {id}"),
    immutable=("transitGatewayAttachmentId", "transitGatewayRouteTableId", "replaceExistingAssociation"),
    references=(_TABLE, _ATTACHMENT),
    admits=(_same_gateway, _association_admitted),
    compute=_attached_resource,
    duration=Duration(create=40, delete=30),
)

PROPAGATION = make(
    tokens.TRANSIT_PROPAGATION,
    tagged=False,
    make_id=_pair_id,
    exists=("TransitGatewayRouteTablePropagation.Duplicate", "Propagation {id} already exists."),
    immutable=("transitGatewayAttachmentId", "transitGatewayRouteTableId"),
    references=(_TABLE, _ATTACHMENT),
    admits=(_same_gateway,),
    compute=_attached_resource,
    duration=Duration(create=20, delete=20),
)


def _route_form(inputs: Inputs) -> Iterable[Failure]:
    blackhole = inputs.get("blackhole", False)
    if known(blackhole) and blackhole == (inputs.get("transitGatewayAttachmentId") is not None):
        yield Failure("", "a route needs either a transit gateway attachment or blackhole = true, not both")


ROUTE = make(
    tokens.TRANSIT_ROUTE,
    tagged=False,
    make_id=lambda _, inputs: f"{inputs['transitGatewayRouteTableId']}_{inputs['destinationCidrBlock']}",
    exists=("RouteAlreadyExists", "Route {id} already exists in the route table."),
    immutable=("destinationCidrBlock", "blackhole", "transitGatewayAttachmentId", "transitGatewayRouteTableId"),
    references=(_TABLE, _ATTACHMENT),
    checks=(cidr("destinationCidrBlock"), _route_form),
    admits=(_same_gateway,),
    defaults={"blackhole": False},
    duration=Duration(create=3, delete=3),
)

KINDS = (TRANSIT_GATEWAY, VPC_ATTACHMENT, ROUTE_TABLE, ASSOCIATION, PROPAGATION, ROUTE)
