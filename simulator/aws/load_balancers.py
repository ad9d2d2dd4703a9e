"""Load balancers and where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.aws import quotas, regions, tokens
from simulator.aws.common import given, group_reference, make, matching, names, network, subnet_reference, zones_of
from simulator.aws.vpc import addresses_in_use, usable
from simulator.kind import UNKNOWN, Autoname, Duration, Failure, Refused, known, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs

NAME = r"(?!internal-)(?!-)[A-Za-z0-9-]{1,32}(?<!-)"
NAME_REASON = "1 to 32 alphanumeric characters and hyphens, not beginning or ending with a hyphen or with 'internal-'"


def _balancer_form(inputs: Inputs) -> Iterable[Failure]:
    mappings, subnets = inputs.get("subnetMappings"), inputs.get("subnets")
    if not given(mappings) and not given(subnets):
        yield Failure("subnets", "one of `subnet_mapping,subnets` must be specified")
    if given(mappings) and given(subnets):
        yield Failure("subnets", '"subnets": conflicts with subnet_mapping')
    fits = inputs.get("loadBalancerType") in ("network", UNKNOWN) and inputs.get("internal") in (True, UNKNOWN)
    for path, address in walk(inputs, "subnetMappings[].privateIpv4Address"):
        if not fits:
            yield Failure(path, f"private address {address}: only an internal network load balancer takes one")


def _subnets(inputs: Inputs) -> list[str]:
    mapped = [str(mapping["subnetId"]) for mapping in inputs.get("subnetMappings") or ()]
    return mapped or [str(subnet) for subnet in inputs.get("subnets") or ()]


def _placed(context: Context, inputs: Inputs) -> None:
    """Subnets of one VPC, one a zone; an application load balancer needs two."""
    wanted = _subnets(inputs)
    zones = zones_of(context, wanted)
    if len(zones) != len(set(zones)):
        raise Refused(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    found = [record for subnet in wanted if (record := context.one(tokens.SUBNET, subnet))]
    vpcs = sorted({str(record.outputs["vpcId"]) for record in found})
    if len(vpcs) > 1:
        raise Refused("InvalidConfigurationRequest", f"The subnets belong to different VPCs: {', '.join(vpcs)}")
    if inputs.get("loadBalancerType", "application") == "application" and len(zones) < 2:
        raise Refused("ValidationError", "At least two subnets in two different Availability Zones must be specified")
    for vpc in vpcs:
        if inputs.get("internal") is not True and not any(context.find(tokens.INTERNET_GATEWAY, vpcId=vpc)):
            raise Refused("InvalidSubnet", f"VPC {vpc} has no internet gateway")
        for group in inputs.get("securityGroups") or ():
            record = context.one(tokens.SECURITY_GROUP, group)
            if record is not None and record.outputs["vpcId"] != vpc:
                raise Refused("InvalidConfigurationRequest", f"One or more security groups are invalid: {group}")


def _addresses_free(context: Context, inputs: Inputs) -> None:
    for mapping in inputs.get("subnetMappings") or ():
        address, subnet = mapping.get("privateIpv4Address"), context.one(tokens.SUBNET, str(mapping["subnetId"]))
        block = network(subnet.outputs["cidrBlock"]) if subnet else None
        if address is None or subnet is None or block is None:
            continue
        if not usable(block, address):
            raise Refused(
                "InvalidConfigurationRequest",
                f"The private IPv4 address {address} is not a usable address of subnet {subnet.id} ({block})",
            )
        if address in addresses_in_use(context, subnet.id):
            raise Refused("ResourceInUse", f"The private IPv4 address {address} is already in use in {subnet.id}")


def _balancer_admitted(context: Context, inputs: Inputs) -> None:
    if context.old is None:
        quotas.require("load_balancers", context.find(tokens.LOAD_BALANCER))
    if any(context.find(tokens.LOAD_BALANCER, name=inputs["name"])):
        raise Refused(
            "DuplicateLoadBalancerName",
            f"A load balancer with the same name '{inputs['name']}' exists, but with different settings",
        )
    if len(inputs.get("securityGroups") or ()) > quotas.limit("groups_per_interface"):
        quotas.require("groups_per_interface", inputs["securityGroups"])
    _placed(context, inputs)
    _addresses_free(context, inputs)


def balancing_arn(context: Context, resource: str) -> str:
    """Give an ARN of Elastic Load Balancing."""
    partition = regions.partition(context.region)
    return f"arn:{partition}:elasticloadbalancing:{context.scope}:{context.account}:{resource}"


def _kind(inputs: Inputs) -> str:
    return {"network": "net", "gateway": "gwy"}.get(str(inputs.get("loadBalancerType")), "app")


def _balancer_id(context: Context, inputs: Inputs) -> str:
    return balancing_arn(context, f"loadbalancer/{_kind(inputs)}/{inputs['name']}/{context.hex(16, 'balancer')}")


def _balancer_outputs(context: Context, inputs: Inputs) -> Outputs:
    suffix = context.id.partition(":loadbalancer/")[2]
    number = suffix.rpartition("/")[2]
    subnet = context.one(tokens.SUBNET, _subnets(inputs)[0])
    host = f"elb.{context.scope}" if _kind(inputs) == "net" else f"{context.scope}.elb"
    name = f"{'internal-' if inputs.get('internal') and _kind(inputs) == 'app' else ''}{inputs['name']}-{number}"
    made_up = "Z" + context.world.seed.upper()[:3] + context.scope.replace("-", "").upper()
    return {
        "arn": context.id,
        "arnSuffix": suffix,
        "dnsName": f"{name}.{host}.amazonaws.com",
        "zoneId": regions.NLB_ZONE_IDS.get(context.scope, made_up),
        "vpcId": subnet.outputs["vpcId"] if subnet else "",
        "subnets": _subnets(inputs),
        "subnetMappings": list(inputs.get("subnetMappings") or [{"subnetId": subnet} for subnet in _subnets(inputs)]),
        "securityGroups": list(inputs.get("securityGroups") or ()),
        "ipAddressType": inputs.get("ipAddressType") or "ipv4",
    }


def _balancer_replaces(old: Inputs, new: Inputs, changed: tuple[str, ...]) -> Iterable[str]:
    """Tell what replaces.

    A network load balancer gains subnets in place. It neither loses one nor changes an address without replacement.
    """
    if new.get("loadBalancerType") != "network":
        return []
    before = {mapping["subnetId"]: mapping for mapping in old.get("subnetMappings") or ()}
    after = {
        mapping["subnetId"]: mapping
        for mapping in new.get("subnetMappings") or ()
        if isinstance(mapping, dict) and known(mapping.get("subnetId"))
    }
    moved = any(after.get(subnet) != mapping for subnet, mapping in before.items())
    fewer = not set(old.get("subnets") or ()) <= {item for item in new.get("subnets") or () if known(item)}
    groups = bool(old.get("securityGroups")) != (new.get("securityGroups") not in (None, []))
    wanted = {"subnetMappings": moved, "subnets": fewer, "securityGroups": groups}
    return [path for path in changed if any(path.startswith(name) and on for name, on in wanted.items())]


def _deletion_allowed(context: Context) -> None:
    if context.old is not None and context.old.outputs.get("enableDeletionProtection") is True:
        raise Refused(
            "OperationNotPermitted",
            f"Load balancer '{context.id}' cannot be deleted because deletion protection is enabled",
        )


LOAD_BALANCER = make(
    tokens.LOAD_BALANCER,
    make_id=_balancer_id,
    autoname=Autoname("name", max_length=32),
    immutable=("internal", "loadBalancerType", "name", "namePrefix", "customerOwnedIpv4Pool"),
    references=(
        subnet_reference("subnetMappings[].subnetId"),
        subnet_reference("subnets[]"),
        group_reference("securityGroups[]"),
    ),
    checks=(
        matching("name", NAME, NAME_REASON),
        names("loadBalancerType", ("application", "network", "gateway")),
        names("ipAddressType", ("ipv4", "dualstack", "dualstack-without-public-ipv4")),
        _balancer_form,
    ),
    admits=(_balancer_admitted,),
    defaults={
        "loadBalancerType": "application",
        "internal": False,
        "enableDeletionProtection": False,
        "enableCrossZoneLoadBalancing": False,
    },
    compute=_balancer_outputs,
    computed=("subnets", "subnetMappings", "securityGroups", "ipAddressType"),
    replaces=_balancer_replaces,
    on_delete=_deletion_allowed,
    duration=Duration(create=150, update=20, delete=20),
)

KINDS = (LOAD_BALANCER,)
