"""Subnets, whether standalone or written inside their virtual network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulator.azure.arm import arm_kind, children
from simulator.azure.naming import last_name, parent_id, place, same_id, write_key
from simulator.azure.prefixes import inside, overlapping, prefixes
from simulator.azure.references import refers
from simulator.kind import Duration, Inputs, Outputs, Refused, get

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from ipaddress import IPv4Network

    from simulator.context import Context
    from simulator.world import Record

SUBNET: Final = "azure-native:network:Subnet"
NETWORK: Final = "azure-native:network:VirtualNetwork"
GATEWAY_SUBNET: Final = "GatewaySubnet"

ASSOCIATED: Final = (
    ("networkSecurityGroup.id", "azure-native:network:NetworkSecurityGroup"),
    ("natGateway.id", "azure-native:network:NatGateway"),
    ("routeTable.id", "azure-native:network:RouteTable"),
)
"""What a subnet is associated with: path and kind."""


def subnet_prefixes(subnet: Mapping[str, Any], owner: str) -> tuple[IPv4Network, ...]:
    """Prefixes of a subnet, from either of its two properties."""
    several = subnet.get("addressPrefixes")
    one = subnet.get("addressPrefix")
    return prefixes(several or ([one] if one else None), owner)


def known_prefixes(subnet: Record) -> tuple[IPv4Network, ...]:
    """Prefixes of a subnet that exists."""
    return subnet_prefixes(subnet.outputs, subnet.id)


def subnet_is_fit(  # noqa: PLR0913 - a subnet is judged by its network and its neighbours
    context: Context,
    subnet: Mapping[str, Any],
    *,
    name: str,
    network: str,
    space: tuple[IPv4Network, ...],
    location: str,
    others: Iterable[tuple[str, tuple[IPv4Network, ...]]],
) -> None:
    """Refuse a subnet that its network has no room for, or that is associated with what it can't be.

    Parameters
    ----------
    name, network
        Its name and the id of its network.
    space, location
        Address space and region of the network.
    others
        Name and prefixes of its neighbours.
    """
    own = subnet_prefixes(subnet, f"{network}/subnets/{name}")
    where = last_name(network)
    for part in own:
        if not inside(part, space):
            raise Refused(
                "NetcfgSubnetRangeOutsideVnet",
                f"Subnet '{name}' is not valid because its IP address range is outside the IP address range of virtual"
                f" network '{where}'.",
            )
        if part.prefixlen > 29:
            # Azure keeps five addresses of every subnet, so /29 is the least that holds a host.
            raise Refused("NetcfgInvalidSubnet", f"Subnet '{name}' is not valid in virtual network '{where}'.")
    for other, taken in others:
        if overlapping(own, taken):
            raise Refused(
                "NetcfgSubnetRangesOverlap",
                f"Subnet '{name}' is not valid because its IP address range overlaps with that of an existing subnet"
                f" '{other}' in virtual network '{where}'.",
            )
    _associations_are_fit(context, subnet, name=name, location=location)


def _associations_are_fit(context: Context, subnet: Mapping[str, Any], *, name: str, location: str) -> None:
    for path, kind in ASSOCIATED:
        id_ = get(subnet, path)
        if id_ is None:
            continue
        record = context.one(kind, str(id_))
        if record is None or place(str(record.outputs["location"])) != location:
            raise Refused(
                "InvalidResourceReference",
                f"Resource {id_} referenced by subnet {name} was not found. Please make sure that the referenced"
                " resource exists, and that both resources are in the same region.",
            )
    if name == GATEWAY_SUBNET and get(subnet, "networkSecurityGroup.id"):
        raise Refused(
            "NetworkSecurityGroupCannotBeAttachedToGatewaySubnet",
            "The operation failed because the network security group"
            f" {last_name(get(subnet, 'networkSecurityGroup.id'))}"
            " can not be associated to the GatewaySubnet. Please remove the network security group associated to the"
            " GatewaySubnet. No changes have occurred on the gateway at this time.",
        )
    if name == GATEWAY_SUBNET and get(subnet, "natGateway.id"):
        message = "NAT gateway can not be associated to the GatewaySubnet."
        raise Refused("NatGatewayCannotBeAttachedToGatewaySubnet", message)  # own code


def _fits(context: Context, inputs: Inputs) -> None:
    id_ = _id(context, inputs)
    network = context.one(NETWORK, parent_id(id_))
    assert network is not None  # noqa: S101 - the parent is looked up first
    neighbours = [
        (last_name(record.id), known_prefixes(record))
        for record in children(context, SUBNET, network.id)
        if not same_id(record.id, id_)
    ]
    space = prefixes(get(network.outputs, "addressSpace.addressPrefixes"), network.id)
    location = place(str(network.outputs["location"]))
    name = str(inputs["subnetName"])
    subnet_is_fit(context, inputs, name=name, network=network.id, space=space, location=location, others=neighbours)


def _keeps_used_prefixes(context: Context, inputs: Inputs) -> None:
    """Refuse to take a prefix away while something stands in the subnet."""
    if context.old is None or not context.world.blockers(context.old):
        return
    kept = subnet_prefixes(inputs, context.old.id)
    for before in known_prefixes(context.old):
        if not inside(before, kept):
            message = (
                f"IpPrefix {before} on Subnet {last_name(context.old.id)} has active allocations and cannot be deleted."
            )
            raise Refused("InUsePrefixCannotBeDeleted", message)


def _id(context: Context, inputs: Inputs) -> str:
    assert _SUBNET.make_id is not None  # noqa: S101 - every ARM kind has one
    return _SUBNET.make_id(context, inputs)


def _outputs(context: Context, inputs: Inputs) -> Outputs:
    del context
    return subnet_outputs(inputs)


def subnet_outputs(subnet: Mapping[str, Any]) -> Outputs:
    """Give what Azure adds to a subnet."""
    return {
        "privateEndpointNetworkPolicies": subnet.get("privateEndpointNetworkPolicies") or "Disabled",
        "privateLinkServiceNetworkPolicies": subnet.get("privateLinkServiceNetworkPolicies") or "Enabled",
        "delegations": list(subnet.get("delegations") or []),
    }


def not_while_associated(path: str, code: str, what: str) -> Callable[[Context], None]:
    """Make the rule of deletion for what subnets are associated with."""

    def refuse(context: Context) -> None:
        assert context.old is not None  # noqa: S101 - the engine deletes what it has read
        for subnet in context.world.find(SUBNET, scope=context.scope):
            if same_id(get(subnet.outputs, path), context.old.id):
                message = f"{what} {context.old.id} cannot be deleted because it is in use by {subnet.id}."
                raise Refused(code, message)

    return refuse


_SUBNET = arm_kind(
    SUBNET,
    "Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets/{subnetName}",
    parent=NETWORK,
    location=False,
    tags=False,
    name_pattern=r"[a-zA-Z0-9]|[a-zA-Z0-9][\w.-]{0,78}\w",
    copies_name=True,
    admits=(_fits, _keeps_used_prefixes),
    references=tuple(refers(path, kind, blocks=False) for path, kind in ASSOCIATED),
    compute=_outputs,
    computed=("privateEndpointNetworkPolicies", "privateLinkServiceNetworkPolicies", "delegations"),
    exclusive=lambda inputs: [write_key(inputs["resourceGroupName"], "virtualNetworks", inputs["virtualNetworkName"])],
    duration=Duration(create=4, update=4, delete=11),
)
KINDS = (_SUBNET,)
