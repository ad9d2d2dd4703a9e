"""Public addresses and prefixes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from simulator.azure.arm import arm_kind, location_of
from simulator.azure.naming import ZONED_REGIONS, place
from simulator.azure.references import refers
from simulator.kind import Duration, Inputs, Outputs, Refused, get

if TYPE_CHECKING:
    from simulator.context import Context

ADDRESS: Final = "azure-native:network:PublicIPAddress"
PREFIX: Final = "azure-native:network:PublicIPPrefix"

_BLOCKS = ("4.223", "20.50", "20.61", "20.86", "40.114", "51.124", "52.157", "98.64")
"""First halves of addresses that Azure hands out."""


def zones_are_fit(context: Context, inputs: Inputs) -> None:
    """Refuse zones that the region does not have."""
    zones = [str(zone) for zone in inputs.get("zones") or []]
    here = location_of(context, inputs)
    if not zones:
        return
    if here not in ZONED_REGIONS:
        message = f"The region '{here}' does not support availability zones."
        raise Refused("LocationNotSupportAvailabilityZones", message)
    if len(set(zones)) != len(zones) or not set(zones) <= {"1", "2", "3"}:
        message = f"The zone(s) '{','.join(zones)}' for the resource is not supported. The supported zones are '1,2,3'."
        raise Refused("InvalidAvailabilityZone", message)


def _zones_stay(context: Context, inputs: Inputs) -> None:
    if context.old is not None and sorted(context.old.inputs.get("zones") or []) != sorted(inputs.get("zones") or []):
        message = f"Resource {context.old.id} has an existing availability zone constraint that cannot be changed."
        raise Refused("ResourceAvailabilityZonesCannotBeModified", message)


def _address_is_fit(context: Context, inputs: Inputs) -> None:
    name = inputs["publicIpAddressName"]
    here = location_of(context, inputs)
    sku = get(inputs, "sku.name") or "Basic"
    if context.old is None and sku == "Basic":
        # Basic addresses retired on 30 September 2025; the default of the API is still Basic.
        raise Refused(
            "IPv4BasicSkuPublicIpCountLimitReached",
            f"Cannot create more than 0 IPv4 Basic SKU public IP addresses for this subscription in region {here}.",
        )
    if sku.startswith("Standard") and inputs.get("publicIPAllocationMethod") != "Static":
        raise Refused(
            "StandardAndStandardV2SkuPublicIPAddressesMustBeStatic",
            f"Standard sku publicIp {name} must have AllocationMethod set to Static.",
        )
    timeout = inputs.get("idleTimeoutInMinutes")
    if timeout is not None and not 4 <= timeout <= 30:
        message = f"Idle timeout {timeout} of {name} is not valid. It must be between 4 and 30 minutes."
        raise Refused("PublicIPAddressInvalidIdleTimeout", message)  # own code
    label = get(inputs, "dnsSettings.domainNameLabel")
    if label is None:
        return
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,61}[a-z0-9]", label):
        message = f"The domain name label {label} is invalid. It must conform to: ^[a-z][a-z0-9-]{{1,61}}[a-z0-9]$."
        raise Refused("InvalidDomainNameLabel", message)
    for other in context.find(ADDRESS):
        if get(other.outputs, "dnsSettings.domainNameLabel") == label and place(str(other.outputs["location"])) == here:
            raise Refused(
                "DnsRecordInUse", f"DNS record {label}.{here}.cloudapp.azure.com is already used by another public IP."
            )


def _address_outputs(context: Context, inputs: Inputs) -> Outputs:
    if context.old is not None and context.old.outputs.get("ipAddress"):
        address = str(context.old.outputs["ipAddress"])
    else:
        taken = {str(record.outputs.get("ipAddress")) for record in context.world.find(ADDRESS)}
        attempts = (
            f"{_BLOCKS[context.number(0, len(_BLOCKS) - 1, f'block {attempt}')]}"
            f".{context.number(1, 254, f'third {attempt}')}.{context.number(1, 254, f'fourth {attempt}')}"
            for attempt in range(1000)
        )
        address = next(address for address in attempts if address not in taken)
    outputs: Outputs = {"ipAddress": address, "sku": {"tier": "Regional", **(inputs.get("sku") or {"name": "Basic"})}}
    if label := get(inputs, "dnsSettings.domainNameLabel"):
        fqdn = f"{label}.{location_of(context, inputs)}.cloudapp.azure.com"
        outputs["dnsSettings"] = {**inputs["dnsSettings"], "fqdn": fqdn}
    return outputs


def _prefix_is_fit(context: Context, inputs: Inputs) -> None:
    del context
    if get(inputs, "sku.name") != "Standard":
        message = f"Public IP prefix {inputs['publicIpPrefixName']} must have sku Standard."
        raise Refused("PublicIpPrefixSkuNotSupported", message)  # own code
    if not 28 <= (inputs.get("prefixLength") or 0) <= 31:
        message = f"Prefix length {inputs.get('prefixLength')} is not valid for a public IPv4 prefix: 28 to 31."
        raise Refused("PublicIpPrefixInvalidPrefixLength", message)  # own code


def _prefix_outputs(context: Context, inputs: Inputs) -> Outputs:
    if context.old is not None:
        return {"ipPrefix": context.old.outputs["ipPrefix"]}
    length = int(inputs["prefixLength"])
    last = context.number(0, 255, "fourth") // (1 << (32 - length)) * (1 << (32 - length))
    block = _BLOCKS[context.number(0, len(_BLOCKS) - 1, "block")]
    return {"ipPrefix": f"{block}.{context.number(1, 254, 'third')}.{last}/{length}"}


KINDS = (
    arm_kind(
        ADDRESS,
        "Microsoft.Network/publicIPAddresses/{publicIpAddressName}",
        moves=True,
        name_pattern=r"[a-zA-Z0-9]|[a-zA-Z0-9][\w.-]{0,78}\w",
        immutable=("publicIPAddressVersion", "publicIPPrefix", "sku"),
        admits=(_address_is_fit, zones_are_fit, _zones_stay),
        references=(refers("publicIPPrefix.id", PREFIX),),
        compute=_address_outputs,
        computed=("ipAddress", "sku", "dnsSettings"),
        defaults={"publicIPAddressVersion": "IPv4", "idleTimeoutInMinutes": 4},
        duration=Duration(create=4, update=4, delete=11),
    ),
    arm_kind(
        PREFIX,
        "Microsoft.Network/publicIPPrefixes/{publicIpPrefixName}",
        name_pattern=r"[a-zA-Z0-9]|[a-zA-Z0-9][\w.-]{0,78}\w",
        immutable=("prefixLength", "sku", "zones"),
        admits=(_prefix_is_fit, zones_are_fit),
        compute=_prefix_outputs,
        duration=Duration(create=4, update=4, delete=11),
    ),
)
