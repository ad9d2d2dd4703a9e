"""VPC endpoints: gateways to S3 and DynamoDB, interfaces to everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.aws import policies, tokens
from simulator.aws.common import (
    ec2_reference,
    given,
    group_reference,
    make,
    names,
    subnet_reference,
    vpc_of,
    vpc_reference,
    zones_of,
)
from simulator.kind import Duration, Failure, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs

_BY_GATEWAY = ("s3", "dynamodb")
_BY_INTERFACE = frozenset(
    {
        "autoscaling",
        "ec2",
        "ec2messages",
        "ecr.api",
        "ecr.dkr",
        "eks",
        "eks-auth",
        "elasticloadbalancing",
        "guardduty-data",
        "kms",
        "logs",
        "monitoring",
        "s3",
        "secretsmanager",
        "sqs",
        "ssm",
        "ssmmessages",
        "sts",
    }
)


def _endpoint_form(inputs: Inputs) -> Iterable[Failure]:
    kind = inputs.get("vpcEndpointType", "Gateway")
    foreign = {"Gateway": ("subnetIds", "securityGroupIds", "privateDnsEnabled"), "Interface": ("routeTableIds",)}
    for name in foreign.get(str(kind), ()):
        if given(inputs.get(name)) and inputs.get(name) is not False:
            yield Failure(name, f"{name} can't be given for an endpoint of type {kind}")
    service = inputs.get("serviceName")
    if service is None and inputs.get("serviceNetworkArn") is None and inputs.get("resourceConfigurationArn") is None:
        yield Failure(
            "serviceName", "one of `resource_configuration_arn,service_name,service_network_arn` must be specified"
        )


def _service(context: Context, inputs: Inputs) -> str:
    """Short name of the service, such as ``ecr.api``."""
    name = str(inputs["serviceName"])
    prefixes = (f"com.amazonaws.{context.scope}.", "com.amazonaws.")
    short = next((name.removeprefix(prefix) for prefix in prefixes if name.startswith(prefix)), "")
    gateway = inputs.get("vpcEndpointType", "Gateway") == "Gateway"
    if short not in (_BY_GATEWAY if gateway else _BY_INTERFACE):
        raise Refused("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    return short


def _endpoint_admitted(context: Context, inputs: Inputs) -> None:
    if inputs.get("serviceName") is None:
        return
    _service(context, inputs)
    vpc, same = inputs["vpcId"], {"vpcId": inputs["vpcId"], "serviceName": inputs["serviceName"]}
    others = list(context.find(tokens.VPC_ENDPOINT, **same))
    for table in inputs.get("routeTableIds") or ():
        if any(table in (other.outputs.get("routeTableIds") or ()) for other in others):
            raise Refused(
                "RouteAlreadyExists",
                f"route table {table} already has a route with destination-prefix-list-id {_prefix_list(context)}",
            )
    subnets = [str(subnet) for subnet in inputs.get("subnetIds") or ()]
    zones = zones_of(context, subnets)
    if len(zones) != len(set(zones)):
        raise Refused("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone")
    if foreign := [subnet for subnet in subnets if vpc_of(context, subnet) != vpc]:
        raise Refused("InvalidSubnet.NotFound", f"The subnet {foreign[0]} does not exist in {vpc}")
    if inputs.get("privateDnsEnabled") is True:
        _private_names(context, vpc, [other for other in others if other.outputs.get("privateDnsEnabled")])


def _private_names(context: Context, vpc: str, others: list[object]) -> None:
    record = context.one(tokens.VPC, vpc)
    if record is not None and not (record.outputs["enableDnsSupport"] and record.outputs["enableDnsHostnames"]):
        raise Refused(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
            f"for {vpc}",
        )
    if others:
        raise Refused(
            "InvalidParameter",
            f"private-dns-enabled cannot be set because there is already a conflicting DNS domain in the VPC {vpc}",
        )


def _prefix_list(context: Context) -> str:
    return context.token("pl").replace("pl-0", "pl-")[:11]


def _endpoint_outputs(context: Context, inputs: Inputs) -> Outputs:
    outputs: Outputs = {
        "ownerId": context.account,
        "state": "available",
        "requesterManaged": False,
        "vpcEndpointType": inputs.get("vpcEndpointType") or "Gateway",
        "networkInterfaceIds": [context.token("eni", f"eni-{subnet}") for subnet in inputs.get("subnetIds") or ()],
        "dnsEntries": [],
        "routeTableIds": list(inputs.get("routeTableIds") or ()),
        "subnetIds": list(inputs.get("subnetIds") or ()),
        "securityGroupIds": list(inputs.get("securityGroupIds") or ()),
    }
    if outputs["vpcEndpointType"] == "Gateway":
        outputs["prefixListId"] = _prefix_list(context)
    elif inputs.get("serviceName") is not None:
        name = f"{context.id}-{context.hex(8, 'dns')}.{_service(context, inputs)}.{context.scope}.vpce.amazonaws.com"
        outputs["dnsEntries"] = [{"dnsName": name, "hostedZoneId": f"Z{context.hex(13, 'zone').upper()}"}]
    return outputs


VPC_ENDPOINT = make(
    tokens.VPC_ENDPOINT,
    id_prefix="vpce",
    arn_as=("ec2", "vpc-endpoint/{id}"),
    immutable=(
        "resourceConfigurationArn",
        "serviceName",
        "serviceNetworkArn",
        "serviceRegion",
        "vpcEndpointType",
        "vpcId",
    ),
    references=(
        vpc_reference(),
        subnet_reference("subnetIds[]"),
        group_reference("securityGroupIds[]"),
        ec2_reference("routeTableIds[]", tokens.ROUTE_TABLE, "routeTable"),
    ),
    checks=(
        names(
            "vpcEndpointType",
            ("Gateway", "Interface", "GatewayLoadBalancer", "Resource", "ServiceNetwork"),
        ),
        policies.well_formed("policy", "resource"),
        _endpoint_form,
    ),
    admits=(_endpoint_admitted,),
    compute=_endpoint_outputs,
    computed=("vpcEndpointType", "routeTableIds", "subnetIds", "securityGroupIds"),
    duration=Duration(create=60, update=30, delete=60),
)

KINDS = (VPC_ENDPOINT,)
