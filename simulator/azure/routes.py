"""Route tables and their routes, standalone or written inside the table."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING, Any, Final

from simulator.azure.arm import arm_kind, children, drop, group_id
from simulator.azure.naming import last_name, parent_id, same_id, write_key
from simulator.azure.prefixes import prefix
from simulator.azure.subnet import not_while_associated
from simulator.kind import Duration, Inputs, Outputs, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from simulator.context import Context

TABLE: Final = "azure-native:network:RouteTable"
ROUTE: Final = "azure-native:network:Route"
_NAME: Final = r"[a-zA-Z0-9]|[a-zA-Z0-9][\w.-]{0,78}\w"


def _route_is_fit(route: Mapping[str, Any], id_: str, others: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    own = prefix(route.get("addressPrefix"), id_)
    hop = route.get("nextHopIpAddress")
    if (route.get("nextHopType") == "VirtualAppliance") != bool(hop):
        message = f"Route {id_} must have a next hop IP address if and only if its type is VirtualAppliance."
        raise Refused("RouteNextHopIpAddressRequiredOrNotAllowed", message)  # own code
    if hop:
        try:
            IPv4Address(hop)
        except (AddressValueError, ValueError):
            raise Refused(
                "InvalidIPAddressFormat", f"The next hop {hop} of route {id_} is not an IP address."
            ) from None
    for name, other in others:
        if str(other.get("addressPrefix")) == str(own):
            message = f"Route {last_name(id_)} has the same address prefix {own} as route {name}."
            raise Refused("RouteConflict", message)  # own code


def _fits(context: Context, inputs: Inputs) -> None:
    assert _ROUTE.make_id is not None  # noqa: S101 - every ARM kind has one
    id_ = _ROUTE.make_id(context, inputs)
    neighbours = [record for record in children(context, ROUTE, parent_id(id_)) if not same_id(record.id, id_)]
    _route_is_fit(inputs, id_, [(last_name(record.id), record.outputs) for record in neighbours])


def _inline_routes_are_fit(context: Context, inputs: Inputs) -> None:
    group = group_id(context, str(inputs["resourceGroupName"]))
    own = f"{group}/providers/Microsoft.Network/routeTables/{inputs['routeTableName']}"
    routes = list(inputs.get("routes") or [])
    for index, route in enumerate(routes):
        others = [(str(other.get("name")), other) for other in routes[:index]]
        _route_is_fit(route, f"{own}/routes/{route.get('name', '')}", others)


def _outputs(context: Context, inputs: Inputs) -> Outputs:
    routes = []
    for route in inputs.get("routes") or []:
        id_ = f"{context.id}/routes/{route['name']}"
        context.implicit(ROUTE, id_, {**route, "type": "Microsoft.Network/routeTables/routes"})
        routes.append({**route, "id": id_, "provisioningState": "Succeeded"})
    if context.old is not None and inputs.get("routes") is not None:
        kept = [str(route["id"]) for route in routes]
        drop(
            context,
            [one for one in children(context, ROUTE, context.id) if not any(same_id(one.id, id_) for id_ in kept)],
        )
    return {"routes": routes} if routes else {}


def _on_delete(context: Context) -> None:
    not_while_associated("routeTable.id", "InUseRouteTableCannotBeDeleted", "Route table")(context)
    assert context.old is not None  # noqa: S101 - the engine deletes what it has read
    drop(context, children(context, ROUTE, context.old.id))


_ROUTE = arm_kind(
    ROUTE,
    "Microsoft.Network/routeTables/{routeTableName}/routes/{routeName}",
    parent=TABLE,
    location=False,
    tags=False,
    name_pattern=_NAME,
    copies_name=True,
    admits=(_fits,),
    exclusive=lambda inputs: [write_key(inputs["resourceGroupName"], "routeTables", inputs["routeTableName"])],
    duration=Duration(create=2, update=2, delete=11),
)
KINDS = (
    _ROUTE,
    arm_kind(
        TABLE,
        "Microsoft.Network/routeTables/{routeTableName}",
        name_pattern=_NAME,
        admits=(_inline_routes_are_fit,),
        compute=_outputs,
        computed=("routes",),
        defaults={"disableBgpRoutePropagation": False},
        on_delete=_on_delete,
        duration=Duration(create=3, update=3, delete=11),
    ),
)
