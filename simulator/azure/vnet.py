"""Virtual networks, with the subnets that are written inside them."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from simulator.azure.arm import arm_kind, children, drop, group_id, location_of
from simulator.azure.naming import last_name, same_id, write_key
from simulator.azure.peering import PEERING, disconnect_remote, no_overlap_with_peers
from simulator.azure.prefixes import NOT_ROUTABLE, inside, prefixes
from simulator.azure.subnet import (
    NETWORK,
    SUBNET,
    known_prefixes,
    subnet_is_fit,
    subnet_outputs,
    subnet_prefixes,
)
from simulator.kind import Duration, Inputs, Outputs, Refused, get

if TYPE_CHECKING:
    from ipaddress import IPv4Network

    from simulator.context import Context


def _id(context: Context, inputs: Inputs) -> str:
    group = group_id(context, str(inputs["resourceGroupName"]))
    return f"{group}/providers/Microsoft.Network/virtualNetworks/{inputs['virtualNetworkName']}"


def _space(context: Context, inputs: Inputs) -> tuple[IPv4Network, ...]:
    return prefixes(get(inputs, "addressSpace.addressPrefixes"), _id(context, inputs))


def _inline(inputs: Inputs) -> list[dict[str, Any]]:
    return list(inputs.get("subnets") or [])


def _address_space_is_fit(context: Context, inputs: Inputs) -> None:
    space = _space(context, inputs)
    name = inputs["virtualNetworkName"]
    for network in space:
        if network.prefixlen > 29 or any(network.overlaps(taboo) for taboo in NOT_ROUTABLE):
            message = f"Address prefix {network} is not valid in virtual network '{name}'."
            raise Refused("NetcfgInvalidVirtualNetworkSite", message)
    for one, other in combinations(space, 2):
        if one.overlaps(other):
            message = f"Address prefixes {one} and {other} of virtual network '{name}' overlap."
            raise Refused("NetcfgAddressPrefixesOverlap", message)  # own code
    if context.old is not None:
        for subnet in children(context, SUBNET, context.old.id):
            for used in known_prefixes(subnet):
                if not inside(used, space):
                    message = f"IpPrefix {used} on Vnet {name} has active allocations and cannot be deleted."
                    raise Refused("InUsePrefixCannotBeDeleted", message)
        no_overlap_with_peers(context, context.old.id, space)


def _inline_subnets_are_fit(context: Context, inputs: Inputs) -> None:
    space = _space(context, inputs)
    network, location = _id(context, inputs), location_of(context, inputs)
    subnets = _inline(inputs)
    names = [str(subnet.get("name", "")) for subnet in subnets]
    for index, subnet in enumerate(subnets):
        if not names[index] or names.index(names[index]) != index:
            message = f"Subnet name '{names[index]}' in virtual network '{last_name(network)}' is empty or not unique."
            raise Refused("InvalidRequestFormat", message)
        others = [(names[at], subnet_prefixes(one, network)) for at, one in enumerate(subnets[:index])]
        subnet_is_fit(
            context, subnet, name=names[index], network=network, space=space, location=location, others=others
        )
    if context.old is not None and inputs.get("subnets") is not None:
        for record in children(context, SUBNET, context.old.id):
            used = context.world.blockers(record)
            if used and last_name(record.id).casefold() not in {name.casefold() for name in names}:
                message = (
                    f"Subnet {last_name(record.id)} is in use by {used[0][0].id} and cannot be deleted. In order"
                    " to delete"
                    " the subnet, delete all the resources within the subnet."
                )
                raise Refused("InUseSubnetCannotBeDeleted", message)


def _outputs(context: Context, inputs: Inputs) -> Outputs:
    subnets = []
    for subnet in _inline(inputs):
        id_ = f"{context.id}/subnets/{subnet['name']}"
        outputs = {**subnet, **subnet_outputs(subnet), "type": "Microsoft.Network/virtualNetworks/subnets"}
        context.implicit(SUBNET, id_, outputs)
        subnets.append({**outputs, "id": id_, "provisioningState": "Succeeded"})
    if context.old is not None and inputs.get("subnets") is not None:
        # ARM takes the list as the whole truth: a subnet that it does not name is deleted.
        kept = [str(subnet["id"]) for subnet in subnets]
        gone = [
            record
            for record in children(context, SUBNET, context.id)
            if not any(same_id(record.id, id_) for id_ in kept)
        ]
        drop(context, gone)
    return {"subnets": subnets} if subnets else {}


def _on_delete(context: Context) -> None:
    assert context.old is not None  # noqa: S101 - the engine deletes what it has read
    subnets = children(context, SUBNET, context.old.id)
    for subnet in subnets:
        for source, edge in context.world.blockers(subnet):
            raise Refused(edge.code, edge.message or f"Subnet {subnet.id} is in use by {source.id}.")
    peerings = children(context, PEERING, context.old.id)
    for peering in peerings:
        disconnect_remote(context, peering)
    drop(context, [*subnets, *peerings])


KINDS = (
    arm_kind(
        NETWORK,
        "Microsoft.Network/virtualNetworks/{virtualNetworkName}",
        moves=True,
        name_pattern=r"[a-zA-Z0-9]|[a-zA-Z0-9][\w.-]{0,62}\w",
        admits=(_address_space_is_fit, _inline_subnets_are_fit),
        compute=_outputs,
        computed=("subnets",),
        on_delete=_on_delete,
        defaults={"enableDdosProtection": False},
        exclusive=lambda inputs: [
            write_key(inputs["resourceGroupName"], "virtualNetworks", inputs["virtualNetworkName"])
        ],
        duration=Duration(create=5, update=5, delete=12),
    ),
)
