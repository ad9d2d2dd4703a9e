"""Transit gateways and VPC peering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulator.aws import tokens
from tests.simulator.aws_world import REGION, aws, refused, wrong

if TYPE_CHECKING:
    from tests.simulator.aws_world import Aws

__all__ = ["aws"]


def attachment(aws: Aws, transit: str, vpc: str, subnet: str) -> str:
    return aws.id(tokens.TRANSIT_VPC_ATTACHMENT, transitGatewayId=transit, vpcId=vpc, subnetIds=[subnet])


def test_gateways(aws: Aws) -> None:
    made = aws.create(tokens.TRANSIT_GATEWAY, amazonSideAsn=64600, vpnEcmpSupport="enable")
    assert made.outputs["associationDefaultRouteTableId"].startswith("tgw-rtb-0")
    aws.delete(tokens.TRANSIT_GATEWAY, made.id)
    assert aws.world.count() == 0
    for _ in range(5):
        aws.transit_gateway()
    with refused("TransitGatewayLimitExceeded"):
        aws.transit_gateway()


@pytest.mark.parametrize(
    ("name", "value"), [("amazonSideAsn", 65535), ("vpnEcmpSupport", "on"), ("defaultRouteTableAssociation", "yes")]
)
def test_bad_gateways(aws: Aws, name: str, value: object) -> None:
    with wrong(name if name != "amazonSideAsn" else "64512 to 65534"):
        aws.create(tokens.TRANSIT_GATEWAY, **{name: value})


def test_attachments(aws: Aws) -> None:
    vpc, transit = aws.vpc(), aws.transit_gateway()
    here, same_zone, foreign = (
        aws.subnet(vpc, "10.20.1.0/24"),
        aws.subnet(vpc, "10.20.2.0/24"),
        aws.subnet(aws.vpc("10.30.0.0/16"), "10.30.1.0/24"),
    )
    both = {"transitGatewayId": transit, "vpcId": vpc}
    with refused("DuplicateSubnetsInSameZone"):
        aws.create(tokens.TRANSIT_VPC_ATTACHMENT, **both, subnetIds=[here, same_zone])
    with refused("InvalidSubnetID.NotFound"):
        aws.create(tokens.TRANSIT_VPC_ATTACHMENT, **both, subnetIds=[foreign])
    with refused("InvalidTransitGatewayID.NotFound"):
        attachment(aws, "tgw-0", vpc, here)
    made = attachment(aws, transit, vpc, here)
    with refused("DuplicateTransitGatewayAttachment"):
        attachment(aws, transit, vpc, here)
    with refused("IncorrectState", "VPC Attachments: tgw-attach-0|VPC Attachments"):
        aws.delete(tokens.TRANSIT_GATEWAY, transit)
    with refused("DependencyViolation"):
        aws.delete(tokens.SUBNET, here)
    aws.delete(tokens.TRANSIT_VPC_ATTACHMENT, made)
    aws.delete(tokens.TRANSIT_GATEWAY, transit)


def test_associations_and_propagations(aws: Aws) -> None:
    vpc = aws.vpc()
    subnet = aws.subnet(vpc, "10.20.1.0/24")
    transit = aws.transit_gateway(defaultRouteTableAssociation="disable", defaultRouteTablePropagation="disable")
    assert "associationDefaultRouteTableId" not in aws.record(tokens.TRANSIT_GATEWAY, transit).outputs
    table = aws.id(tokens.TRANSIT_ROUTE_TABLE, transitGatewayId=transit)
    pair = {"transitGatewayRouteTableId": table, "transitGatewayAttachmentId": attachment(aws, transit, vpc, subnet)}
    made = aws.create(tokens.TRANSIT_ASSOCIATION, **pair)
    assert (made.outputs["resourceId"], made.outputs["resourceType"]) == (vpc, "vpc")
    with refused("Resource.AlreadyAssociated"):
        aws.create(tokens.TRANSIT_ASSOCIATION, **pair)
    aws.create(tokens.TRANSIT_PROPAGATION, **pair)
    with refused("TransitGatewayRouteTablePropagation.Duplicate"):
        aws.create(tokens.TRANSIT_PROPAGATION, **pair)
    with refused("InvalidTransitGatewayAttachmentID.NotFound"):
        aws.create(tokens.TRANSIT_PROPAGATION, **{**pair, "transitGatewayAttachmentId": "tgw-attach-0"})
    with refused("InvalidRouteTableID.NotFound"):
        aws.create(tokens.TRANSIT_PROPAGATION, **{**pair, "transitGatewayRouteTableId": "tgw-rtb-0"})
    other = aws.id(tokens.TRANSIT_ROUTE_TABLE, transitGatewayId=aws.transit_gateway())
    with refused("InvalidParameterValue", "different transit gateways"):
        aws.create(tokens.TRANSIT_PROPAGATION, **{**pair, "transitGatewayRouteTableId": other})
    with refused("IncorrectState"):
        aws.delete(tokens.TRANSIT_ROUTE_TABLE, table)


def test_the_default_table_has_every_attachment_already(aws: Aws) -> None:
    vpc, transit = aws.vpc(), aws.transit_gateway()
    table = aws.id(tokens.TRANSIT_ROUTE_TABLE, transitGatewayId=transit)
    attached = attachment(aws, transit, vpc, aws.subnet(vpc, "10.20.1.0/24"))
    pair = {"transitGatewayRouteTableId": table, "transitGatewayAttachmentId": attached}
    with refused("Resource.AlreadyAssociated"):
        aws.create(tokens.TRANSIT_ASSOCIATION, **pair)
    aws.create(tokens.TRANSIT_ASSOCIATION, **pair, replaceExistingAssociation=True)


def test_routes(aws: Aws) -> None:
    vpc, transit = aws.vpc(), aws.transit_gateway()
    table = aws.record(tokens.TRANSIT_GATEWAY, transit).outputs["associationDefaultRouteTableId"]
    attached = attachment(aws, transit, vpc, aws.subnet(vpc, "10.20.1.0/24"))
    route = {"transitGatewayRouteTableId": table, "destinationCidrBlock": "10.40.0.0/16"}
    aws.create(tokens.TRANSIT_ROUTE, **route, transitGatewayAttachmentId=attached)
    with refused("RouteAlreadyExists"):
        aws.create(tokens.TRANSIT_ROUTE, **route, blackhole=True)
    with refused("InvalidTransitGatewayAttachmentID.NotFound"):
        aws.create(tokens.TRANSIT_ROUTE, **{**route, "destinationCidrBlock": "10.41.0.0/16"},
                   transitGatewayAttachmentId="tgw-attach-0")  # fmt: skip
    with wrong("either a transit gateway attachment or blackhole"):
        aws.create(tokens.TRANSIT_ROUTE, **route)
    with wrong("IPv4 CIDR"):
        aws.create(tokens.TRANSIT_ROUTE, **{**route, "destinationCidrBlock": "10.40.0.1/16"}, blackhole=True)


def test_a_vpn_is_an_attachment(aws: Aws) -> None:
    transit = aws.transit_gateway()
    customer = aws.id(tokens.CUSTOMER_GATEWAY, type="ipsec.1", bgpAsn="65515", ipAddress="20.1.2.3")
    made = aws.create(tokens.VPN_CONNECTION, type="ipsec.1", customerGatewayId=customer, transitGatewayId=transit)
    attached = made.outputs["transitGatewayAttachmentId"]
    table = aws.record(tokens.TRANSIT_GATEWAY, transit).outputs["associationDefaultRouteTableId"]
    pair = {"transitGatewayRouteTableId": table, "transitGatewayAttachmentId": attached}
    assert aws.create(tokens.TRANSIT_PROPAGATION, **pair).outputs["resourceType"] == "vpn"
    with refused("IncorrectState", "VPN Attachments"):
        aws.delete(tokens.TRANSIT_GATEWAY, transit)


# --- peering


def test_peering_in_one_region(aws: Aws) -> None:
    here, there = aws.vpc(), aws.vpc("10.30.0.0/16")
    made = aws.create(tokens.PEERING, vpcId=here, peerVpcId=there, peerRegion=REGION, autoAccept=False)
    assert made.outputs["acceptStatus"] == "pending-acceptance"
    with refused("VpcPeeringConnectionAlreadyExists"):
        aws.create(tokens.PEERING, vpcId=there, peerVpcId=here)
    options = {"vpcPeeringConnectionId": made.id, "requester": {"allowRemoteVpcDnsResolution": False}}
    with refused("OperationNotPermitted", "not active"):
        aws.create(tokens.PEERING_OPTIONS, **options)
    accepted = aws.create(tokens.PEERING_ACCEPTER, vpcPeeringConnectionId=made.id, autoAccept=True)
    assert (accepted.outputs["vpcId"], accepted.outputs["peerVpcId"]) == (there, here)
    assert aws.record(tokens.PEERING, made.id).outputs["acceptStatus"] == "active"
    assert aws.update(tokens.PEERING, made.id, tags={"a": "b"}).outputs["acceptStatus"] == "active"
    aws.create(tokens.PEERING_OPTIONS, **options)
    aws.create(tokens.PEERING_OPTIONS, vpcPeeringConnectionId=made.id, accepter={"allowRemoteVpcDnsResolution": False})
    table = aws.id(tokens.ROUTE_TABLE, vpcId=here)
    route = {"routeTableId": table, "destinationCidrBlock": "10.30.0.0/16"}
    aws.create(tokens.ROUTE, **route, vpcPeeringConnectionId=made.id)
    with refused("DependencyViolation"):
        aws.delete(tokens.VPC, there)


def test_a_route_into_a_peering_of_others(aws: Aws) -> None:
    here, there, third = aws.vpc(), aws.vpc("10.30.0.0/16"), aws.vpc("10.40.0.0/16")
    peering = aws.id(tokens.PEERING, vpcId=here, peerVpcId=there, autoAccept=True)
    table = aws.id(tokens.ROUTE_TABLE, vpcId=third)
    with refused("InvalidParameterValue", "different networks"):
        aws.create(tokens.ROUTE, routeTableId=table, destinationCidrBlock="10.30.0.0/16",
                   vpcPeeringConnectionId=peering)  # fmt: skip


def test_peering_between_regions(aws: Aws) -> None:
    here = aws.vpc()
    there = aws.id(tokens.VPC, at="us-east-1", cidrBlock="10.30.0.0/16")
    with refused("failed"):
        aws.create(tokens.PEERING, vpcId=here, peerVpcId=there)  # it looks in its own region
    made = aws.id(tokens.PEERING, vpcId=here, peerVpcId=there, peerRegion="us-east-1")
    accept = {"vpcPeeringConnectionId": made, "autoAccept": True}
    with refused("OperationNotPermitted"):
        aws.create(tokens.PEERING_ACCEPTER, **accept)
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        aws.create(tokens.PEERING_ACCEPTER, at="us-west-2", **accept)
    aws.create(tokens.PEERING_ACCEPTER, at="us-east-1", **accept)
    requester = {"vpcPeeringConnectionId": made, "requester": {"allowRemoteVpcDnsResolution": True}}
    with refused("OperationNotPermitted", "in eu-west-1 only"):
        aws.create(tokens.PEERING_OPTIONS, at="us-east-1", **requester)
    aws.create(tokens.PEERING_OPTIONS, **requester)
    table = aws.id(tokens.ROUTE_TABLE, at="us-east-1", vpcId=there)
    aws.create(tokens.ROUTE, at="us-east-1", routeTableId=table, destinationCidrBlock="10.20.0.0/16",
               vpcPeeringConnectionId=made)  # fmt: skip


def test_peering_that_fails(aws: Aws) -> None:
    here, overlapping = aws.vpc(), aws.vpc("10.20.128.0/17")
    with refused("failed", "overlapping CIDR range"):
        aws.create(tokens.PEERING, vpcId=here, peerVpcId=overlapping)
    with refused("failed"):
        aws.create(tokens.PEERING, vpcId=here, peerVpcId="vpc-0")
    with refused("failed"):
        aws.create(tokens.PEERING, vpcId=here, peerVpcId=aws.vpc("10.30.0.0/16"), peerOwnerId="210987654321")
    with refused("InvalidParameterValue", "different VPCs"):
        aws.create(tokens.PEERING, vpcId=here, peerVpcId=here)
    with wrong("peer_region"):
        aws.create(tokens.PEERING, vpcId=here, peerVpcId="vpc-0", peerRegion="us-east-1", autoAccept=True)
    with wrong("invalid region"):
        aws.create(tokens.PEERING, vpcId=here, peerVpcId="vpc-0", peerRegion="us-east-9")
    with wrong("account id"):
        aws.create(tokens.PEERING, vpcId=here, peerVpcId="vpc-0", peerOwnerId="me")


def test_quota_of_peerings(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HMS_SIMULATOR_AWS_QUOTAS", "peerings=1")
    here, one, two = aws.vpc(), aws.vpc("10.30.0.0/16"), aws.vpc("10.40.0.0/16")
    aws.create(tokens.PEERING, vpcId=here, peerVpcId=one)
    with refused("ActiveVpcPeeringConnectionPerVpcLimitExceeded"):
        aws.create(tokens.PEERING, vpcId=here, peerVpcId=two)
