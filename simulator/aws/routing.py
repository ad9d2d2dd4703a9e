"""Route tables, routes and the subnets that use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from simulator.aws import quotas, tokens
from simulator.aws.common import cidr, ec2_reference, exactly_one, make, network, vpc_of, vpc_reference
from simulator.kind import Duration, Failure, Refused, known, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs

_DESTINATIONS = ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
_TARGETS = (
    "carrierGatewayId",
    "coreNetworkArn",
    "egressOnlyGatewayId",
    "gatewayId",
    "localGatewayId",
    "natGatewayId",
    "networkInterfaceId",
    "odbNetworkArn",
    "transitGatewayId",
    "vpcEndpointId",
    "vpcPeeringConnectionId",
)
_MORE_SPECIFIC = ("natGatewayId", "networkInterfaceId", "vpcEndpointId")
"""Targets that may take a part of the VPC's own range away from its local route."""

_GATEWAYS = (tokens.INTERNET_GATEWAY, tokens.VPN_GATEWAY)


def _given(route: Inputs, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if route.get(name) is not None]


def _inline_routes(inputs: Inputs) -> Iterable[Failure]:
    seen: set[Any] = set()
    for path, route in walk(inputs, "routes[]"):
        if not known(route):
            continue
        if len(_given(route, _TARGETS)) != 1:
            yield Failure(path, f"exactly one target of {list(_TARGETS)} must be specified")
        destination = route.get("cidrBlock")
        if destination in seen:
            yield Failure(path, f"RouteAlreadyExists: the route identified by {destination} already exists")
        seen.add(destination)


def _table_admitted(context: Context, inputs: Inputs) -> None:
    if context.old is None:
        quotas.require("route_tables", context.find(tokens.ROUTE_TABLE, vpcId=inputs["vpcId"]))


def _table_outputs(context: Context, inputs: Inputs) -> Outputs:
    return {
        "ownerId": context.account,
        "routes": list(inputs.get("routes") or ()),
        "propagatingVgws": list(inputs.get("propagatingVgws") or ()),
    }


ROUTE_TABLE = make(
    tokens.ROUTE_TABLE,
    id_prefix="rtb",
    arn_as=("ec2", "route-table/{id}"),
    immutable=("vpcId",),
    references=(
        vpc_reference(),
        ec2_reference("routes[].gatewayId", _GATEWAYS, "gateway", when=lambda value: value != "local"),
        ec2_reference("routes[].natGatewayId", tokens.NAT_GATEWAY, "natGateway"),
        ec2_reference("routes[].transitGatewayId", tokens.TRANSIT_GATEWAY, "transitGateway"),
        ec2_reference("propagatingVgws[]", tokens.VPN_GATEWAY, "vpnGateway"),
    ),
    checks=(cidr("routes[].cidrBlock"), _inline_routes),
    admits=(_table_admitted,),
    compute=_table_outputs,
    computed=("routes", "propagatingVgws"),
    duration=Duration(create=2, update=2, delete=2),
)


def _network_of(context: Context, name: str, value: str) -> set[str] | None:  # noqa: PLR0911 - one return for a target
    """VPCs that a route target can be used from; ``None`` where it does not matter or is not simulated."""
    if name == "natGatewayId":
        record = context.one(tokens.NAT_GATEWAY, value)
        return {vpc_of(context, str(record.outputs.get("subnetId")))} if record else None
    if name == "gatewayId":
        if value == "local":
            return None
        if value.startswith("vgw-"):
            return attached_vpcs(context, value)
        record = context.one(tokens.INTERNET_GATEWAY, value)
        return {str(record.outputs.get("vpcId"))} if record else None
    if name == "transitGatewayId":
        return {
            str(record.outputs["vpcId"])
            for record in context.find(tokens.TRANSIT_VPC_ATTACHMENT, transitGatewayId=value)
        }
    if name == "vpcPeeringConnectionId":
        record = context.one(tokens.PEERING, value, anywhere=True)
        return {str(record.outputs["vpcId"]), str(record.outputs["peerVpcId"])} if record else None
    return None


def attached_vpcs(context: Context, gateway: str) -> set[str]:
    """VPCs that a virtual private gateway is attached to: one or none."""
    record = context.one(tokens.VPN_GATEWAY, gateway)
    found = {str(record.outputs["vpcId"])} if record and record.outputs.get("vpcId") else set()
    attachments = context.find(tokens.VPN_GATEWAY_ATTACHMENT, vpnGatewayId=gateway)
    return found | {str(attachment.outputs["vpcId"]) for attachment in attachments}


def _target_reachable(context: Context, inputs: Inputs) -> None:
    table = context.one(tokens.ROUTE_TABLE, inputs["routeTableId"])
    if table is None:
        return
    for name in _given(inputs, _TARGETS):
        value = str(inputs[name])
        networks = _network_of(context, name, value)
        if networks is None or table.outputs["vpcId"] in networks:
            continue
        if name == "transitGatewayId":
            # EC2 hides a transit gateway from the tables of a VPC that is not attached to it.
            raise Refused("InvalidTransitGatewayID.NotFound", f"The transitGateway ID '{value}' does not exist.")
        raise Refused(
            "InvalidParameterValue",
            f"route table {table.id} and network gateway {value} belong to different networks",
        )


def _destination_free(context: Context, inputs: Inputs) -> None:
    table = context.one(tokens.ROUTE_TABLE, inputs["routeTableId"])
    destination = next((inputs[name] for name in _given(inputs, _DESTINATIONS)), None)
    others = list(context.find(tokens.ROUTE, routeTableId=inputs["routeTableId"]))
    inline = [route.get("cidrBlock") for route in (table.outputs.get("routes") if table else None) or ()]
    if context.old is None:
        quotas.require("routes", [*others, *inline])
    taken = {other.outputs.get(name) for other in others for name in _DESTINATIONS} | set(inline)
    vpc = context.one(tokens.VPC, str(table.outputs["vpcId"])) if table else None
    local = network(vpc.outputs["cidrBlock"]) if vpc else None
    if destination in taken or (local is not None and destination == str(local)):
        raise Refused("RouteAlreadyExists", f"The route identified by {destination} already exists.")
    block = network(destination)
    if block is not None and local is not None and block.subnet_of(local) and not _given(inputs, _MORE_SPECIFIC):
        raise Refused(
            "InvalidParameterValue",
            f"Destination {destination} is more specific than the local route {local}; its target must be a NAT "
            "gateway, a network interface or a Gateway Load Balancer endpoint",
        )


def _route_id(_: Context, inputs: Inputs) -> str:
    destination = next((str(inputs[name]) for name in _given(inputs, _DESTINATIONS)), "")
    return f"r-{inputs['routeTableId']}{crc32(destination.encode())}"


ROUTE = make(
    tokens.ROUTE,
    tagged=False,
    make_id=_route_id,
    exists=("RouteAlreadyExists", "The route {id} already exists."),
    immutable=("routeTableId", *_DESTINATIONS),
    references=(
        ec2_reference("routeTableId", tokens.ROUTE_TABLE, "routeTable"),
        ec2_reference("gatewayId", _GATEWAYS, "gateway", when=lambda value: value != "local"),
        ec2_reference("natGatewayId", tokens.NAT_GATEWAY, "natGateway"),
        ec2_reference("transitGatewayId", tokens.TRANSIT_GATEWAY, "transitGateway"),
        ec2_reference("vpcEndpointId", tokens.VPC_ENDPOINT, "vpcEndpoint"),
        ec2_reference("vpcPeeringConnectionId", tokens.PEERING, "vpcPeeringConnection", anywhere=True),
    ),
    checks=(cidr("destinationCidrBlock"), exactly_one(*_DESTINATIONS), exactly_one(*_TARGETS)),
    admits=(_destination_free, _target_reachable),
    compute=lambda _context, _inputs: {"origin": "CreateRoute", "state": "active"},
    duration=Duration(create=2, update=2, delete=2),
)


def _association_admitted(context: Context, inputs: Inputs) -> None:
    table, subnet_id = inputs["routeTableId"], inputs.get("subnetId")
    if subnet_id is not None:
        for other in context.find(tokens.ROUTE_TABLE_ASSOCIATION, subnetId=subnet_id):
            raise Refused(
                "Resource.AlreadyAssociated",
                f"the specified association for route table {table} conflicts with an existing association "
                f"({other.id})",
            )
        record = context.one(tokens.ROUTE_TABLE, table)
        if record is not None and record.outputs["vpcId"] != vpc_of(context, subnet_id):
            raise Refused(
                "InvalidParameterValue",
                f"route table {table} and subnet {subnet_id} belong to different networks",
            )


ROUTE_TABLE_ASSOCIATION = make(
    tokens.ROUTE_TABLE_ASSOCIATION,
    tagged=False,
    id_prefix="rtbassoc",
    immutable=("subnetId", "gatewayId"),
    references=(
        ec2_reference("routeTableId", tokens.ROUTE_TABLE, "routeTable", blocks_delete=True),
        ec2_reference("subnetId", tokens.SUBNET, "subnet"),
        ec2_reference("gatewayId", _GATEWAYS, "gateway"),
    ),
    checks=(exactly_one("subnetId", "gatewayId"),),
    admits=(_association_admitted,),
    duration=Duration(create=1, update=1, delete=1),
)

KINDS = (ROUTE_TABLE, ROUTE, ROUTE_TABLE_ASSOCIATION)
