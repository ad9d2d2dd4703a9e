"""VPCs and subnets."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from simulator.aws import quotas, regions, tokens
from simulator.aws.common import between, cidr, make, names, network, vpc_reference
from simulator.kind import Duration, Refused, get

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs

_FORBIDDEN = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))
RESERVED_AT_START = 4
"""AWS keeps the first four addresses of a subnet, and the last."""


def _vpc_admitted(context: Context, inputs: Inputs) -> None:
    if context.old is not None:
        return
    quotas.require("vpcs", context.find(tokens.VPC))
    block = network(inputs.get("cidrBlock"))
    if block is None:
        raise Refused("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    if any(block.overlaps(forbidden) for forbidden in _FORBIDDEN):
        raise Refused("InvalidVpc.Range", f"The CIDR '{block}' is invalid.")


def _vpc_outputs(context: Context, inputs: Inputs) -> Outputs:
    """Ids of what comes with a VPC; its default group and main route table can be referred to like any other."""
    group, table = context.token("sg"), context.token("rtb")
    if context.old is None:
        context.implicit(
            tokens.SECURITY_GROUP,
            group,
            {"vpcId": context.id, "name": "default", "description": "default VPC security group"},
        )
        context.implicit(tokens.ROUTE_TABLE, table, {"vpcId": context.id, "main": True, "region": context.scope})
    return {
        "ownerId": context.account,
        "defaultSecurityGroupId": group,
        "defaultRouteTableId": table,
        "mainRouteTableId": table,
        "defaultNetworkAclId": context.token("acl"),
        "dhcpOptionsId": context.token("dopt"),
        "enableNetworkAddressUsageMetrics": bool(inputs.get("enableNetworkAddressUsageMetrics")),
    }


VPC = make(
    tokens.VPC,
    id_prefix="vpc",
    arn_as=("ec2", "vpc/{id}"),
    immutable=("cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength", "instanceTenancy"),
    checks=(cidr("cidrBlock", 16, 28), names("instanceTenancy", ("default", "dedicated"))),
    admits=(_vpc_admitted,),
    defaults={"instanceTenancy": "default", "enableDnsSupport": True, "enableDnsHostnames": False},
    compute=_vpc_outputs,
    duration=Duration(create=3, update=2, delete=1),
)


def _subnet_in_vpc(context: Context, inputs: Inputs) -> None:
    block, vpc = network(inputs["cidrBlock"]), context.one(tokens.VPC, inputs["vpcId"])
    if block is None or vpc is None:
        return
    around = network(vpc.outputs["cidrBlock"])
    if around is None or not block.subnet_of(around) or block.prefixlen > 28:
        raise Refused("InvalidSubnet.Range", f"The CIDR '{block}' is invalid.")


def _subnet_apart(context: Context, inputs: Inputs) -> None:
    block = network(inputs["cidrBlock"])
    neighbours = list(context.find(tokens.SUBNET, vpcId=inputs["vpcId"]))
    if context.old is None:
        quotas.require("subnets", neighbours)
    for other in neighbours:
        taken = network(other.outputs["cidrBlock"])
        if block is not None and taken is not None and block.overlaps(taken):
            raise Refused("InvalidSubnet.Conflict", f"The CIDR '{block}' conflicts with another subnet")


def _subnet_zone(context: Context, inputs: Inputs) -> None:
    zones = regions.zones(context.scope)
    for name, offered in (("availabilityZone", zones), ("availabilityZoneId", tuple(map(regions.zone_id, zones)))):
        value = inputs.get(name)
        if value is not None and value not in offered:
            raise Refused(
                "InvalidParameterValue",
                f"Value ({value}) for parameter {name} is invalid. Subnets can currently only be created in the "
                f"following availability zones: {', '.join(offered)}.",
            )


def _subnet_outputs(context: Context, inputs: Inputs) -> Outputs:
    zones = regions.zones(context.scope)
    by_id = {regions.zone_id(zone): zone for zone in zones}
    zone = inputs.get("availabilityZone") or by_id.get(str(inputs.get("availabilityZoneId")))
    zone = zone or zones[context.number(0, len(zones) - 1, "zone")]
    return {"ownerId": context.account, "availabilityZone": zone, "availabilityZoneId": regions.zone_id(zone)}


SUBNET = make(
    tokens.SUBNET,
    id_prefix="subnet",
    arn_as=("ec2", "subnet/{id}"),
    immutable=("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6Native", "outpostArn"),
    references=(vpc_reference(),),
    checks=(
        cidr("cidrBlock"),
        between("ipv4NetmaskLength", 16, 28),
        names("privateDnsHostnameTypeOnLaunch", ("ip-name", "resource-name")),
    ),
    admits=(_subnet_in_vpc, _subnet_apart, _subnet_zone),
    defaults={
        "mapPublicIpOnLaunch": False,
        "assignIpv6AddressOnCreation": False,
        "enableDns64": False,
        "ipv6Native": False,
        "privateDnsHostnameTypeOnLaunch": "ip-name",
    },
    compute=_subnet_outputs,
    computed=("availabilityZone", "availabilityZoneId"),
    duration=Duration(create=2, update=1, delete=1),
)

KINDS = (VPC, SUBNET)


def addresses_in_use(context: Context, subnet_id: str) -> set[str]:
    """Private addresses in a subnet that somebody else asked for or was given."""
    taken: set[str] = set()
    for gateway in context.find(tokens.NAT_GATEWAY, subnetId=subnet_id):
        taken.add(str(gateway.outputs.get("privateIp")))
    for balancer in context.find(tokens.LOAD_BALANCER):
        for mapping in balancer.outputs.get("subnetMappings") or ():
            if mapping.get("subnetId") == subnet_id and mapping.get("privateIpv4Address"):
                taken.add(str(mapping["privateIpv4Address"]))
    return taken


def usable(block: IPv4Network, address: str) -> bool:
    """Whether a network interface may have this address in a subnet of this range."""
    try:
        number = int(IPv4Address(address)) - int(block.network_address)
    except ValueError:
        return False
    return RESERVED_AT_START <= number < block.num_addresses - 1


def free_address(context: Context, subnet_id: str, salt: str) -> str:
    """Pick an address of a subnet that nobody has, chosen as the digest of this resource says."""
    subnet = context.one(tokens.SUBNET, subnet_id)
    block = network(get(subnet.outputs if subnet else {}, "cidrBlock"))
    if block is None:
        return ""
    taken = addresses_in_use(context, subnet_id)
    last = block.num_addresses - 2
    first = context.number(RESERVED_AT_START, last, salt)

    def candidates() -> Iterator[int]:
        yield from range(first, last + 1)
        yield from range(RESERVED_AT_START, first)

    for number in candidates():
        address = str(block.network_address + number)
        if address not in taken:
            return address
    raise Refused(
        "InsufficientFreeAddressesInSubnet",
        f"The specified subnet does not have enough free addresses to satisfy the request: {subnet_id}",
    )
