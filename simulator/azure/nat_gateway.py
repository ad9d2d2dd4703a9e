"""NAT gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.azure.arm import arm_kind, location_of
from simulator.azure.naming import last_name, place, same_id
from simulator.azure.public_ip import ADDRESS, PREFIX, zones_are_fit
from simulator.azure.references import refers
from simulator.azure.subnet import not_while_associated
from simulator.kind import Duration, Inputs, Refused, get, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.context import Context
    from simulator.world import Record

NAT: Final = "azure-native:network:NatGateway"
GATEWAY: Final = "azure-native:network:VirtualNetworkGateway"


def users_of_address(context: Context, address: str) -> Iterator[Record]:
    """Who stands behind a public address, the resource of this operation left out."""
    for record in context.find(NAT):
        if any(same_id(id_, address) for _, id_ in walk(record.outputs, "publicIpAddresses[].id")):
            yield record
    for record in context.find(GATEWAY):
        if any(same_id(id_, address) for _, id_ in walk(record.outputs, "ipConfigurations[].publicIPAddress.id")):
            yield record


def address_is_free(context: Context, address: str, user: str) -> None:
    """Refuse a public address that another resource holds."""
    for other in users_of_address(context, address):
        raise Refused(
            "PublicIPAddressInUse",
            f"Resource {user} is referencing public IP address {address} that is already allocated to resource"
            f" {other.id}.",
        )


def _fits(context: Context, inputs: Inputs) -> None:
    name = str(inputs["natGatewayName"])
    if get(inputs, "sku.name") != "Standard":
        raise Refused("NatGatewaySkuNotSupported", f"NAT gateway {name} must have sku Standard.")  # own code
    timeout = inputs.get("idleTimeoutInMinutes")
    if timeout is not None and not 4 <= timeout <= 120:
        message = f"Idle timeout {timeout} of NAT gateway {name} is not valid. It must be between 4 and 120 minutes."
        raise Refused("NatGatewayInvalidIdleTimeout", message)  # own code
    zones = list(inputs.get("zones") or [])
    if len(zones) > 1:
        # A Standard NAT gateway stands in one zone or in none; it is never zone-redundant.
        message = f"NAT gateway {name} cannot have more than one zone: {','.join(zones)}."
        raise Refused("ResourceCannotHaveMultipleZonesSpecified", message)
    ids = [str(id_) for _, id_ in walk(inputs, "publicIpAddresses[].id")]
    if len(ids) > 16 or len({id_.casefold() for id_ in ids}) != len(ids):
        message = f"NAT gateway {name} must have 1 to 16 different public IP addresses."
        raise Refused("NatGatewayPublicIpAddressCountNotSupported", message)  # own code
    for id_ in ids:
        _address_is_fit(context, inputs, id_, name, zones)


def _address_is_fit(context: Context, inputs: Inputs, id_: str, name: str, zones: list[str]) -> None:
    address = context.one(ADDRESS, id_)
    if address is None or place(str(address.outputs["location"])) != location_of(context, inputs):
        raise Refused(
            "InvalidResourceReference",
            f"Resource {id_} referenced by NAT gateway {name} was not found. Please make sure that the referenced"
            " resource exists, and that both resources are in the same region.",
        )
    if get(address.outputs, "sku.name") != "Standard":
        message = f"NAT gateway {name} needs Standard public IP addresses; {last_name(id_)} is not."
        raise Refused("NatGatewayPublicIpAddressSkuNotSupported", message)  # own code
    standing = list(address.outputs.get("zones") or [])
    if zones and len(standing) == 1 and standing != zones:
        message = (
            f"Public IP {last_name(id_)} in zone {standing[0]} cannot be used by NAT gateway {name} in zone {zones[0]}."
        )
        raise Refused("ZonesMismatchBetweenNatGatewayAndPublicIp", message)  # own code
    address_is_free(context, id_, name)


def _zones_stay(context: Context, inputs: Inputs) -> None:
    if context.old is not None and list(context.old.inputs.get("zones") or []) != list(inputs.get("zones") or []):
        message = f"Resource {context.old.id} has an existing availability zone constraint that cannot be changed."
        raise Refused("ResourceAvailabilityZonesCannotBeModified", message)


KINDS = (
    arm_kind(
        NAT,
        "Microsoft.Network/natGateways/{natGatewayName}",
        name_pattern=r"[a-zA-Z0-9]|[a-zA-Z0-9][\w.-]{0,78}\w",
        admits=(_fits, zones_are_fit, _zones_stay),
        references=(refers("publicIpAddresses[].id", ADDRESS), refers("publicIpPrefixes[].id", PREFIX)),
        defaults={"idleTimeoutInMinutes": 4},
        on_delete=not_while_associated("natGateway.id", "InUseNatGatewayCannotBeDeleted", "NAT gateway"),
        duration=Duration(create=11, update=11, delete=11),
    ),
)
