"""VPCs, subnets, gateways and routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulator.aws import quotas, tokens
from tests.simulator.aws_world import REGION, ZONES, aws, refused, wrong

if TYPE_CHECKING:
    from tests.simulator.aws_world import Aws

__all__ = ["aws"]


def test_a_vpc_has_what_comes_with_it(aws: Aws) -> None:
    made = aws.create(tokens.VPC, cidrBlock="10.20.0.0/16", tags={"fleet": "dev"})
    assert made.id.startswith("vpc-0")
    assert len(made.id) == len("vpc-") + 17
    assert made.outputs["arn"] == f"arn:aws:ec2:{REGION}:123456789012:vpc/{made.id}"
    assert made.outputs["tagsAll"] == {"fleet": "dev"}
    assert aws.record(tokens.SECURITY_GROUP, made.outputs["defaultSecurityGroupId"]).outputs["name"] == "default"
    aws.delete(tokens.VPC, made.id)
    assert aws.world.count() == 0


def test_ids_depend_on_the_name_only(aws: Aws) -> None:
    first = aws.id(tokens.VPC, "net", cidrBlock="10.20.0.0/16")
    aws.delete(tokens.VPC, first)
    second = aws.id(tokens.VPC, "net", cidrBlock="10.20.0.0/16")
    assert first != second, "a new resource has a new id"


@pytest.mark.parametrize(
    ("cidr", "says"),
    [
        ("10.20.0.0", "not a valid IPv4 CIDR block"),
        ("10.20.0.1/16", 'did you mean "10.20.0.0/16"'),
        ("10.0.0.0/15", "between 16 and 28"),
        ("10.20.0.0/29", "between 16 and 28"),
        ("hello", "not a valid IPv4 CIDR block"),
    ],
)
def test_bad_range_of_a_vpc(aws: Aws, cidr: str, says: str) -> None:
    with wrong(says):
        aws.vpc(cidr)


@pytest.mark.parametrize("cidr", ["127.0.0.0/16", "169.254.0.0/16", "224.0.0.0/16"])
def test_range_that_no_vpc_may_have(aws: Aws, cidr: str) -> None:
    with refused("InvalidVpc.Range"):
        aws.vpc(cidr)


def test_quota_of_vpcs_and_its_increase(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        aws.vpc(f"10.{number}.0.0/16")
    with refused("VpcLimitExceeded"):
        aws.vpc("10.99.0.0/16")
    aws.id(tokens.VPC, at="us-east-1", cidrBlock="10.99.0.0/16")
    monkeypatch.setenv(quotas.AWS_QUOTAS, "vpcs=6")
    assert quotas.limit("vpcs") == 6
    aws.vpc("10.99.0.0/16")


@pytest.mark.parametrize("text", ["vpc=6", "vpcs", "vpcs=many"])
def test_an_increase_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match=quotas.AWS_QUOTAS):
        quotas.limit("vpcs", {quotas.AWS_QUOTAS: text})


def test_tags(aws: Aws) -> None:
    with wrong("reserved"):
        aws.vpc(tags={"aws:thing": "x"})
    with wrong("at most 256"):
        aws.vpc(tags={"thing": "x" * 257})
    with wrong("at most 50"):
        aws.vpc(tags={f"t{number}": "x" for number in range(51)})


def test_another_range_is_another_vpc(aws: Aws) -> None:
    assert aws.replaces(tokens.VPC, {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.1.0.0/16"}) == {"cidrBlock"}
    assert not aws.replaces(tokens.VPC, {"enableDnsSupport": True}, {"enableDnsSupport": False})


def test_subnets(aws: Aws) -> None:
    vpc = aws.vpc()
    made = aws.create(tokens.SUBNET, vpcId=vpc, cidrBlock="10.20.1.0/24", availabilityZone=ZONES[1])
    assert made.outputs["availabilityZoneId"] == "euw1-az2"
    with refused("InvalidSubnet.Conflict", "conflicts with another subnet"):
        aws.subnet(vpc, "10.20.1.128/25")
    with refused("InvalidSubnet.Range"):
        aws.subnet(vpc, "10.21.1.0/24")
    with refused("InvalidSubnet.Range"):
        aws.subnet(vpc, "10.20.2.0/29")
    with refused("InvalidParameterValue", "eu-west-1a, eu-west-1b, eu-west-1c"):
        aws.subnet(vpc, "10.20.3.0/24", "us-east-1a")
    with refused("InvalidVpcID.NotFound"):
        aws.subnet("vpc-0123", "10.20.3.0/24")
    with wrong("not a valid IPv4 CIDR"):
        aws.subnet(vpc, "10.20.3.7/24")
    with refused("DependencyViolation", "has dependencies"):
        aws.delete(tokens.VPC, vpc)
    aws.delete(tokens.SUBNET, made.id)
    aws.delete(tokens.VPC, vpc)


def test_a_subnet_is_not_seen_from_another_region(aws: Aws) -> None:
    vpc = aws.vpc()
    with refused("InvalidVpcID.NotFound"):
        aws.create(tokens.SUBNET, at="us-east-1", vpcId=vpc, cidrBlock="10.20.1.0/24")
    made = aws.create(tokens.SUBNET, vpcId=vpc, cidrBlock="10.20.1.0/24")
    assert made.outputs["availabilityZone"] in ZONES


def test_the_region_of_the_resource_comes_before_that_of_the_provider(aws: Aws) -> None:
    vpc = aws.create(tokens.VPC, cidrBlock="10.20.0.0/16", region="us-east-2")
    assert ":us-east-2:" in vpc.outputs["arn"]
    with refused("InvalidVpcID.NotFound"):
        aws.subnet(vpc.id, "10.20.1.0/24")
    aws.subnet(vpc.id, "10.20.1.0/24", "us-east-2a", region="us-east-2")
    assert aws.replaces(tokens.VPC, {"region": "us-east-1"}, {"region": "us-east-2"}) == {"region"}


def test_internet_gateways(aws: Aws) -> None:
    vpc = aws.vpc()
    gateway = aws.id(tokens.INTERNET_GATEWAY, vpcId=vpc)
    with refused("InvalidParameterValue", "already has an internet gateway"):
        aws.create(tokens.INTERNET_GATEWAY, vpcId=vpc)
    with refused("DependencyViolation"):
        aws.delete(tokens.VPC, vpc)
    aws.delete(tokens.INTERNET_GATEWAY, gateway)
    aws.delete(tokens.VPC, vpc)


def test_quota_of_addresses(aws: Aws) -> None:
    addresses = {str(aws.create(tokens.EIP, domain="vpc").outputs["publicIp"]) for _ in range(5)}
    assert len(addresses) == 5
    with refused("AddressLimitExceeded"):
        aws.create(tokens.EIP, domain="vpc")


def test_nat_gateways(aws: Aws) -> None:
    vpc = aws.vpc()
    subnet, address = aws.subnet(vpc, "10.20.1.0/24"), aws.id(tokens.EIP, domain="vpc")
    with refused("Gateway.NotAttached"):
        aws.create(tokens.NAT_GATEWAY, subnetId=subnet, allocationId=address)
    internet = aws.id(tokens.INTERNET_GATEWAY, vpcId=vpc)
    made = aws.create(tokens.NAT_GATEWAY, subnetId=subnet, allocationId=address)
    assert made.outputs["publicIp"] == aws.record(tokens.EIP, address).outputs["publicIp"]
    assert made.outputs["privateIp"].startswith("10.20.1.")
    assert aws.update(tokens.NAT_GATEWAY, made.id, tags={"a": "b"}).outputs["privateIp"] == made.outputs["privateIp"]
    with refused("Resource.AlreadyAssociated"):
        aws.create(tokens.NAT_GATEWAY, subnetId=subnet, allocationId=address)
    with refused("InvalidAllocationID.NotFound"):
        aws.create(tokens.NAT_GATEWAY, subnetId=subnet, allocationId="eipalloc-0")
    with refused("InvalidIPAddress.InUse"):
        aws.delete(tokens.EIP, address)
    with refused("DependencyViolation"):
        aws.delete(tokens.SUBNET, subnet)
    with refused("DependencyViolation", "mapped public address"):
        aws.delete(tokens.INTERNET_GATEWAY, internet)
    aws.delete(tokens.NAT_GATEWAY, made.id)
    aws.delete(tokens.INTERNET_GATEWAY, internet)
    aws.delete(tokens.EIP, address)
    aws.delete(tokens.SUBNET, subnet)


def test_form_and_place_of_a_nat_gateway(aws: Aws) -> None:
    vpc = aws.vpc()
    subnet = aws.subnet(vpc, "10.20.1.0/24")
    private = {"subnetId": subnet, "connectivityType": "private"}
    with wrong("required for connectivity_type = `public`"):
        aws.create(tokens.NAT_GATEWAY, subnetId=subnet)
    with wrong("required for a NAT gateway"):
        aws.create(tokens.NAT_GATEWAY, allocationId="eipalloc-0")
    with wrong("not supported with connectivity_type"):
        aws.create(tokens.NAT_GATEWAY, **private, allocationId="eipalloc-0")
    for reserved in ("10.20.1.3", "10.20.1.255", "10.20.2.9"):
        with refused("InvalidParameterValue", "address range"):
            aws.create(tokens.NAT_GATEWAY, **private, privateIp=reserved)
    aws.create(tokens.NAT_GATEWAY, **private, privateIp="10.20.1.4")
    with refused("InvalidIPAddress.InUse"):
        aws.create(tokens.NAT_GATEWAY, **private, privateIp="10.20.1.4")


def test_quota_of_nat_gateways_is_by_zone(aws: Aws) -> None:
    vpc = aws.vpc()
    here, there = aws.subnet(vpc, "10.20.1.0/24"), aws.subnet(vpc, "10.20.2.0/24", ZONES[1])
    for _ in range(5):
        aws.create(tokens.NAT_GATEWAY, subnetId=here, connectivityType="private")
    with refused("NatGatewayLimitExceeded"):
        aws.create(tokens.NAT_GATEWAY, subnetId=here, connectivityType="private")
    aws.create(tokens.NAT_GATEWAY, subnetId=there, connectivityType="private")


def test_routes(aws: Aws) -> None:
    vpc = aws.vpc()
    table, internet = aws.id(tokens.ROUTE_TABLE, vpcId=vpc), aws.id(tokens.INTERNET_GATEWAY, vpcId=vpc)
    to_all = {"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0"}
    made = aws.create(tokens.ROUTE, **to_all, gatewayId=internet)
    assert made.outputs["state"] == "active"
    with refused("RouteAlreadyExists"):
        aws.create(tokens.ROUTE, **to_all, gatewayId=internet)
    with refused("RouteAlreadyExists"):
        aws.create(tokens.ROUTE, routeTableId=table, destinationCidrBlock="10.20.0.0/16", gatewayId=internet)
    with refused("InvalidParameterValue", "more specific"):
        aws.create(tokens.ROUTE, routeTableId=table, destinationCidrBlock="10.20.3.0/24", gatewayId=internet)
    with refused("InvalidGatewayID.NotFound"):
        aws.create(tokens.ROUTE, routeTableId=table, destinationCidrBlock="10.9.0.0/16", gatewayId="igw-0")
    with refused("InvalidNatGatewayID.NotFound"):
        aws.create(tokens.ROUTE, routeTableId=table, destinationCidrBlock="10.9.0.0/16", natGatewayId="nat-0")
    with wrong("transitGatewayId"):
        aws.create(tokens.ROUTE, **to_all)
    with wrong("gatewayId`, `natGatewayId` were specified"):
        aws.create(tokens.ROUTE, **to_all, gatewayId=internet, natGatewayId="nat-0")
    with wrong("not a valid IPv4 CIDR"):
        aws.create(tokens.ROUTE, routeTableId=table, destinationCidrBlock="10.9.0.1/16", gatewayId=internet)
    aws.update(tokens.ROUTE, made.id, tags=None)


def test_a_route_leads_only_where_its_vpc_is(aws: Aws) -> None:
    here, there = aws.vpc(), aws.vpc("10.30.0.0/16")
    table, internet = aws.id(tokens.ROUTE_TABLE, vpcId=here), aws.id(tokens.INTERNET_GATEWAY, vpcId=there)
    transit = aws.transit_gateway()
    with refused("InvalidParameterValue", "different networks"):
        aws.create(tokens.ROUTE, routeTableId=table, destinationCidrBlock="0.0.0.0/0", gatewayId=internet)
    to_transit = {"routeTableId": table, "destinationCidrBlock": "10.40.0.0/16", "transitGatewayId": transit}
    with refused("InvalidTransitGatewayID.NotFound"):
        aws.create(tokens.ROUTE, **to_transit)
    subnet = aws.subnet(here, "10.20.1.0/24")
    aws.create(tokens.TRANSIT_VPC_ATTACHMENT, transitGatewayId=transit, vpcId=here, subnetIds=[subnet])
    aws.create(tokens.ROUTE, **to_transit)


def test_quota_of_routes(aws: Aws) -> None:
    vpc = aws.vpc()
    table, internet = aws.id(tokens.ROUTE_TABLE, vpcId=vpc), aws.id(tokens.INTERNET_GATEWAY, vpcId=vpc)
    for number in range(50):
        aws.create(tokens.ROUTE, routeTableId=table, destinationCidrBlock=f"10.{100 + number}.0.0/16",
                   gatewayId=internet)  # fmt: skip
    with refused("RouteLimitExceeded"):
        aws.create(tokens.ROUTE, routeTableId=table, destinationCidrBlock="10.99.0.0/16", gatewayId=internet)


def test_routes_inside_their_table(aws: Aws) -> None:
    vpc = aws.vpc()
    internet = aws.id(tokens.INTERNET_GATEWAY, vpcId=vpc)
    route = {"cidrBlock": "0.0.0.0/0", "gatewayId": internet}
    table = aws.id(tokens.ROUTE_TABLE, vpcId=vpc, routes=[route])
    with refused("RouteAlreadyExists"):
        aws.create(tokens.ROUTE, routeTableId=table, destinationCidrBlock="0.0.0.0/0", gatewayId=internet)
    with wrong("RouteAlreadyExists"):
        aws.create(tokens.ROUTE_TABLE, vpcId=vpc, routes=[route, route])
    with wrong("exactly one target"):
        aws.create(tokens.ROUTE_TABLE, vpcId=vpc, routes=[{"cidrBlock": "0.0.0.0/0"}])


def test_associations(aws: Aws) -> None:
    here, there = aws.vpc(), aws.vpc("10.30.0.0/16")
    subnet, table = aws.subnet(here, "10.20.1.0/24"), aws.id(tokens.ROUTE_TABLE, vpcId=here)
    made = aws.id(tokens.ROUTE_TABLE_ASSOCIATION, subnetId=subnet, routeTableId=table)
    other = aws.id(tokens.ROUTE_TABLE, vpcId=there)
    with refused("Resource.AlreadyAssociated"):
        aws.create(tokens.ROUTE_TABLE_ASSOCIATION, subnetId=subnet, routeTableId=table)
    with refused("DependencyViolation"):
        aws.delete(tokens.ROUTE_TABLE, table)
    second = aws.subnet(here, "10.20.2.0/24")
    with refused("InvalidParameterValue", "different networks"):
        aws.create(tokens.ROUTE_TABLE_ASSOCIATION, subnetId=second, routeTableId=other)
    with wrong("subnetId"):
        aws.create(tokens.ROUTE_TABLE_ASSOCIATION, routeTableId=table)
    aws.delete(tokens.ROUTE_TABLE_ASSOCIATION, made)
    aws.delete(tokens.ROUTE_TABLE, table)
