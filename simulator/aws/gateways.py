"""Internet gateways, Elastic IPs and NAT gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.aws import quotas, tokens
from simulator.aws.common import ec2_reference, make, names, network, subnet_reference, vpc_of, vpc_reference
from simulator.aws.vpc import addresses_in_use, free_address, usable
from simulator.kind import Duration, Failure, Refused, known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs


def _one_internet_gateway(context: Context, inputs: Inputs) -> None:
    if context.old is None:
        quotas.require("internet_gateways", context.find(tokens.INTERNET_GATEWAY))
    vpc = inputs.get("vpcId")
    if vpc is not None and any(context.find(tokens.INTERNET_GATEWAY, vpcId=vpc)):
        raise Refused("InvalidParameterValue", f"Network {vpc} already has an internet gateway attached")


def _no_public_addresses(context: Context) -> None:
    """AWS does not detach a gateway while the VPC has public addresses mapped: NAT gateways, public balancers."""
    vpc = context.old.outputs.get("vpcId") if context.old else None
    if vpc is None:
        return
    mapped = [
        gateway
        for gateway in context.find(tokens.NAT_GATEWAY)
        if gateway.outputs.get("publicIp") and vpc_of(context, str(gateway.outputs.get("subnetId"))) == vpc
    ]
    mapped += context.find(tokens.LOAD_BALANCER, vpcId=vpc, internal=False)
    if mapped:
        raise Refused(
            "DependencyViolation",
            f"Network {vpc} has some mapped public address(es). Please unmap those public address(es) before "
            "detaching the gateway.",
        )


INTERNET_GATEWAY = make(
    tokens.INTERNET_GATEWAY,
    id_prefix="igw",
    arn_as=("ec2", "internet-gateway/{id}"),
    references=(vpc_reference(),),
    admits=(_one_internet_gateway,),
    compute=lambda context, _: {"ownerId": context.account},
    on_delete=_no_public_addresses,
    duration=Duration(create=2, update=2, delete=10),
)


def _elastic_ip_left(context: Context, _: Inputs) -> None:
    if context.old is None:
        quotas.require("elastic_ips", context.find(tokens.EIP))


def public_address(context: Context, salt: str) -> str:
    """Make up an address out of Amazon's pools that no other resource of the world has."""
    first = (3, 13, 18, 34, 35, 44, 52, 54)[context.number(0, 7, f"{salt}-first")]
    return ".".join(str(part) for part in (first, *(context.number(1, 254, f"{salt}-{place}") for place in range(3))))


def _elastic_ip_outputs(context: Context, inputs: Inputs) -> Outputs:
    address = public_address(context, "public")
    host = "compute-1" if context.scope == "us-east-1" else f"{context.scope}.compute"
    return {
        "allocationId": context.id,
        "publicIp": address,
        "publicDns": f"ec2-{address.replace('.', '-')}.{host}.amazonaws.com",
        "domain": inputs.get("domain") or "vpc",
        "publicIpv4Pool": inputs.get("publicIpv4Pool") or "amazon",
        "networkBorderGroup": inputs.get("networkBorderGroup") or context.scope,
    }


EIP = make(
    tokens.EIP,
    id_prefix="eipalloc",
    arn_as=("ec2", "elastic-ip/{id}"),
    immutable=("address", "customerOwnedIpv4Pool", "domain", "ipamPoolId", "networkBorderGroup", "publicIpv4Pool"),
    checks=(names("domain", ("vpc",)),),
    admits=(_elastic_ip_left,),
    compute=_elastic_ip_outputs,
    computed=("domain", "publicIpv4Pool", "networkBorderGroup"),
    duration=Duration(create=2, update=1, delete=2),
)


def _nat_form(inputs: Inputs) -> Iterable[Failure]:
    mode, kind = inputs.get("availabilityMode", "zonal"), inputs.get("connectivityType", "public")
    if mode != "zonal" or not known(kind):
        return
    private = kind == "private"
    if inputs.get("subnetId") is None:
        yield Failure("subnetId", "`subnet_id` is required for a NAT gateway of availability mode `zonal`")
    if private and inputs.get("allocationId") is not None:
        yield Failure("allocationId", "`allocation_id` is not supported with connectivity_type = `private`")
    if not private and inputs.get("allocationId") is None:
        yield Failure("allocationId", "`allocation_id` is required for connectivity_type = `public`")


def _nat_admitted(context: Context, inputs: Inputs) -> None:
    if context.old is not None or inputs.get("subnetId") is None:
        return
    subnet = context.one(tokens.SUBNET, inputs["subnetId"])
    if subnet is None:
        return
    zone, vpc = subnet.outputs["availabilityZone"], subnet.outputs["vpcId"]

    def in_zone(subnet_id: object) -> bool:
        record = context.one(tokens.SUBNET, str(subnet_id))
        return record is not None and record.outputs["availabilityZone"] == zone

    quotas.require(
        "nat_gateways", context.find(tokens.NAT_GATEWAY, where=lambda record: in_zone(record.outputs.get("subnetId")))
    )
    allocation = inputs.get("allocationId")
    if allocation is not None:
        if any(context.find(tokens.NAT_GATEWAY, allocationId=allocation)):
            raise Refused(
                "Resource.AlreadyAssociated", f"resource {allocation} is already associated with another NAT gateway"
            )
        if not any(context.find(tokens.INTERNET_GATEWAY, vpcId=vpc)):
            # AWS makes the gateway and then fails it; the provider reports just that.
            raise Refused("Gateway.NotAttached", f"Network {vpc} has no Internet gateway attached")
    wanted, block = inputs.get("privateIp"), network(subnet.outputs["cidrBlock"])
    if wanted is not None and block is not None:
        if not usable(block, wanted):
            raise Refused("InvalidParameterValue", f"Address {wanted} does not fall within the subnet's address range")
        if wanted in addresses_in_use(context, subnet.id):
            raise Refused("InvalidIPAddress.InUse", f"Address {wanted} is in use.")


def _nat_outputs(context: Context, inputs: Inputs) -> Outputs:
    address = context.one(tokens.EIP, str(inputs.get("allocationId")))
    outputs: Outputs = {"networkInterfaceId": context.token("eni")}
    if inputs.get("subnetId") is not None:
        old = context.old.outputs.get("privateIp") if context.old else None
        outputs["privateIp"] = inputs.get("privateIp") or old or free_address(context, inputs["subnetId"], "private")
    if address is not None:
        outputs |= {"publicIp": address.outputs["publicIp"], "associationId": context.token("eipassoc")}
    return outputs


NAT_GATEWAY = make(
    tokens.NAT_GATEWAY,
    id_prefix="nat",
    immutable=("allocationId", "availabilityMode", "connectivityType", "privateIp", "subnetId", "vpcId"),
    references=(
        subnet_reference("subnetId", code="InvalidSubnetID.NotFound"),
        ec2_reference(
            "allocationId",
            tokens.EIP,
            "allocation",
            blocks_delete=True,
            blocks_code="InvalidIPAddress.InUse",
            blocks_message="Address {target} is in use.",
        ),
        vpc_reference(),
    ),
    checks=(
        names("connectivityType", ("public", "private")),
        names("availabilityMode", ("zonal", "regional")),
        _nat_form,
    ),
    admits=(_nat_admitted,),
    defaults={"connectivityType": "public"},
    compute=_nat_outputs,
    computed=("privateIp",),
    duration=Duration(create=105, update=2, delete=50),
)

KINDS = (INTERNET_GATEWAY, EIP, NAT_GATEWAY)
