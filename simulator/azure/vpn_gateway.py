"""Virtual network gateways for site-to-site VPN."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from simulator.azure.arm import arm_kind, location_of
from simulator.azure.bgp import GATEWAY_DEFAULT_ASN, asn_is_fit, custom_addresses
from simulator.azure.naming import ZONED_REGIONS, last_name, parent_id, same_id, write_key
from simulator.azure.nat_gateway import GATEWAY, address_is_free
from simulator.azure.public_ip import ADDRESS
from simulator.azure.references import refers
from simulator.azure.subnet import GATEWAY_SUBNET, SUBNET, known_prefixes
from simulator.kind import Duration, Inputs, Outputs, Refused, get, walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.context import Context

CONNECTION: Final = "azure-native:network:VirtualNetworkGatewayConnection"


def _id(context: Context, inputs: Inputs) -> str:
    assert _GATEWAY.make_id is not None  # noqa: S101 - every ARM kind has one
    return _GATEWAY.make_id(context, inputs)


def generation(inputs: Mapping[str, Any]) -> str:
    """Give the generation that Azure builds: 2 by itself only for the sizes that have no other."""
    given = inputs.get("vpnGatewayGeneration")
    if given and given != "None":
        return str(given)
    return "Generation2" if re.search(r"VpnGw[45]", str(get(inputs, "sku.name"))) else "Generation1"


def _sku_is_fit(context: Context, inputs: Inputs) -> None:
    sku, tier = get(inputs, "sku.name"), get(inputs, "sku.tier")
    if inputs.get("gatewayType") != "Vpn":
        message = f"The simulated cloud has VPN gateways only, not {inputs.get('gatewayType')}."
        raise Refused("InvalidGatewaySkuSpecifiedForGatewayDeploymentType", message)
    if sku != tier:
        message = f"Sku name {sku} and tier {tier} of virtual network gateway do not match."
        raise Refused("InvalidGatewaySkuProvided", message)  # own code
    if sku != "Basic" and not re.fullmatch(r"VpnGw[1-5]AZ", str(sku)):
        # Since 1 January 2025 (Microsoft, gateway-sku-consolidation).
        raise Refused(
            "NonAzSkusNotAllowedForVPNGateway",
            f"VpnGw1-5 non-AZ SKUs are no longer supported for VPN gateways: {sku}. Only VpnGw1-5AZ SKUs can be"
            " created.",
        )
    if inputs.get("vpnType") != "RouteBased" and sku != "Basic":
        message = f"Gateway sku {sku} supports RouteBased only, not {inputs.get('vpnType')}."
        raise Refused("VpnTypeNotSupportedForGatewaySku", message)  # own code
    wanted = generation(inputs)
    if (sku in {"Basic", "VpnGw1AZ"} and wanted == "Generation2") or (
        sku in {"VpnGw4AZ", "VpnGw5AZ"} and wanted == "Generation1"
    ):
        raise Refused(
            "VirtualNetworkGatewaySkuCannotBeCreatedForSpecifiedVmGeneration",
            f"The Virtual Network Gateway Sku {sku} cannot be used when VirtualNetworkVpnGatewayGeneration is set to"
            f" {wanted}.",
        )
    if sku == "Basic" and (inputs.get("enableBgp") or inputs.get("activeActive")):
        message = "The Basic sku supports neither BGP nor active-active mode."
        raise Refused("BasicSkuDoesNotSupportBgpOrActiveActive", message)  # own code
    for path in ("gatewayType", "vpnType"):
        if context.old is not None and context.old.outputs[path] != inputs.get(path):
            message = (
                f"{path} of {context.old.id} cannot be changed from {context.old.outputs[path]} to {inputs.get(path)}."
            )
            raise Refused("VirtualNetworkGatewayTypeCannotBeModified", message)  # own code
    if context.old is not None and generation(context.old.outputs) != wanted:
        message = (
            f"The generation of {context.old.id} cannot be changed from {generation(context.old.outputs)} to {wanted}."
        )
        raise Refused("VirtualNetworkGatewayGenerationCannotBeModified", message)  # own code


def _ip_configurations_are_fit(context: Context, inputs: Inputs) -> None:
    configurations = list(inputs.get("ipConfigurations") or [])
    active_active = bool(inputs.get("activeActive"))
    name = inputs["virtualNetworkGatewayName"]
    names = [str(one.get("name", "")).casefold() for one in configurations]
    if active_active and len(configurations) != 2:
        raise Refused(
            "ActiveActiveGatewayMustHaveExactlyTwoIpConfigurations",
            f"Virtual network gateway {name} in active-active mode must have exactly two IP configurations, not"
            f" {len(configurations)}.",
        )
    if not active_active and len(configurations) != 1:
        raise Refused(
            "ActiveStandbyGatewayMustHaveExactlyOneIpConfiguration",  # own code
            f"Virtual network gateway {name} must have exactly one IP configuration unless it is active-active.",
        )
    if "" in names or len(set(names)) != len(names):
        raise Refused("InvalidRequestFormat", f"IP configurations of {name} must have different names.")
    subnets = [str(get(one, "subnet.id", "")) for one in configurations]
    addresses = [str(get(one, "publicIPAddress.id", "")) for one in configurations]
    if len({id_.casefold() for id_ in subnets}) != 1 or len({id_.casefold() for id_ in addresses}) != len(addresses):
        message = f"IP configurations of {name} must be in one subnet and have public IP addresses of their own."
        raise Refused("InvalidRequestFormat", message)
    _subnet_is_fit(context, subnets[0], str(name))
    for id_ in addresses:
        _address_is_fit(context, inputs, id_, str(name))


def _subnet_is_fit(context: Context, id_: str, name: str) -> None:
    subnet = context.one(SUBNET, id_)
    if subnet is None or last_name(id_) != GATEWAY_SUBNET:
        raise Refused(
            "InvalidGatewaySubnet",  # own code
            f"Virtual network gateway {name} must be in a subnet named exactly 'GatewaySubnet', not"
            f" '{last_name(id_)}'.",
        )
    if min(part.prefixlen for part in known_prefixes(subnet)) > 29:
        message = f"GatewaySubnet of {name} is too small: it must be /29 or larger."
        raise Refused("GatewaySubnetTooSmall", message)  # own code
    for other in context.find(GATEWAY):
        if any(same_id(found, id_) for _, found in walk(other.outputs, "ipConfigurations[].subnet.id")):
            message = f"Virtual network {last_name(parent_id(id_))} already has the VPN gateway {other.id}."
            raise Refused("VirtualNetworkCanHaveOnlyOneVpnGateway", message)  # own code
    if context.old is not None and not same_id(get(context.old.outputs, "ipConfigurations[0].subnet.id"), id_):
        message = f"The subnet of virtual network gateway {name} cannot be changed."
        raise Refused("VirtualNetworkGatewayIpConfigurationSubnetCannotBeModified", message)  # own code


def _address_is_fit(context: Context, inputs: Inputs, id_: str, name: str) -> None:
    address = context.one(ADDRESS, id_)
    if address is None or get(address.outputs, "sku.name") != "Standard":
        message = f"Virtual network gateway {name} needs Standard static public IP addresses: {id_}."
        raise Refused("VmssVpnGatewayPublicIpsMustBeStandard", message)  # own code
    zoned = bool(address.outputs.get("zones"))
    if str(get(inputs, "sku.name")).endswith("AZ") and not zoned and location_of(context, inputs) in ZONED_REGIONS:
        raise Refused(
            "VmssVpnGatewayPublicIpsMustHaveZonesConfigured",
            "Standard Public IPs associated with VPN Gateways with AZ VPN skus must have zones configured.",
        )
    address_is_free(context, id_, name)


def _bgp_is_fit(context: Context, inputs: Inputs) -> None:
    settings = inputs.get("bgpSettings")
    name = str(inputs["virtualNetworkGatewayName"])
    if not settings:
        return
    if settings.get("asn") is not None:
        asn_is_fit(settings["asn"], name, peer=False)
    if settings.get("bgpPeeringAddress"):
        raise Refused(
            "VirtualNetworkGatewayBgpPeeringAddressCannotBeModified",
            f"The BgpPeeringAddress of virtual network gateway {name} cannot be modified.",
        )
    peerings = settings.get("bgpPeeringAddresses")
    if peerings is None:
        return
    own = [f"{_id(context, inputs)}/ipConfigurations/{one['name']}" for one in inputs.get("ipConfigurations") or []]
    if len(peerings) != len(own):
        raise Refused(
            "BgpPeeringAddressesCountNotCorrect",
            f"Virtual network gateway {name} must have as many BgpPeeringAddresses as IP configurations:"
            f" {len(own)}, not {len(peerings)}.",
        )
    named = [str(one.get("ipconfigurationId", "")).casefold() for one in peerings]
    if sorted(named) != sorted(id_.casefold() for id_ in own):
        raise Refused(
            "BgpPeeringAddressIpConfigurationIdNotFound",  # own code
            f"BgpPeeringAddresses of {name} must name each of its own IP configurations once: {', '.join(own)}.",
        )
    addresses = [
        one for peering in peerings for one in custom_addresses(peering.get("customBgpIpAddresses") or [], name)
    ]
    for one in addresses:
        if addresses.count(one) > 1:
            message = f"The custom BGP IP address {one} is used more than once in virtual network gateway {name}."
            raise Refused("DuplicateCustomBgpIpAddress", message)  # own code


def _used_addresses_stay(context: Context, inputs: Inputs) -> None:
    """Refuse to take away a custom address that a connection uses."""
    if context.old is None:
        return
    kept = {str(text) for _, text in walk(inputs, "bgpSettings.bgpPeeringAddresses[].customBgpIpAddresses[]")}
    for connection in context.world.find(CONNECTION, scope=context.scope):
        if not same_id(get(connection.outputs, "virtualNetworkGateway1.id"), context.old.id):
            continue
        for _, text in walk(connection.outputs, "gatewayCustomBgpIpAddresses[].customBgpIpAddress"):
            if str(text) not in kept:
                message = f"The custom BGP IP address {text} is used by connection {connection.id}."
                raise Refused("CustomBgpIpAddressInUse", message)  # own code


def _outputs(context: Context, inputs: Inputs) -> Outputs:
    configurations = []
    own: dict[str, tuple[str, str]] = {}
    subnet = context.one(SUBNET, str(get(inputs, "ipConfigurations[0].subnet.id")))
    for index, one in enumerate(inputs["ipConfigurations"]):
        id_ = f"{context.id}/ipConfigurations/{one['name']}"
        public = context.one(ADDRESS, str(one["publicIPAddress"]["id"]))
        private = str(known_prefixes(subnet)[0][4 + index]) if subnet is not None else ""
        own[id_.casefold()] = (private, str(public.outputs["ipAddress"]) if public else "")
        configurations.append({**one, "id": id_, "privateIPAddress": private, "provisioningState": "Succeeded"})
    settings = dict(inputs.get("bgpSettings") or {})
    given = {str(one["ipconfigurationId"]).casefold(): one for one in settings.get("bgpPeeringAddresses") or []}
    peerings = [
        {
            "ipconfigurationId": one["id"],
            "customBgpIpAddresses": [],
            **given.get(one["id"].casefold(), {}),
            "defaultBgpIpAddresses": [own[one["id"].casefold()][0]],
            "tunnelIpAddresses": [own[one["id"].casefold()][1]],
        }
        for one in configurations
    ]
    return {
        "ipConfigurations": configurations,
        "vpnGatewayGeneration": generation(inputs),
        "sku": {**inputs["sku"], "capacity": 2},
        "bgpSettings": {
            "asn": GATEWAY_DEFAULT_ASN,
            "peerWeight": 0,
            **settings,
            "bgpPeeringAddress": ",".join(private for private, _ in own.values()),
            "bgpPeeringAddresses": peerings,
        },
    }


_GATEWAY = arm_kind(
    GATEWAY,
    "Microsoft.Network/virtualNetworkGateways/{virtualNetworkGatewayName}",
    name_pattern=r"[a-zA-Z0-9]|[a-zA-Z0-9][\w.-]{0,78}\w",
    admits=(_sku_is_fit, _ip_configurations_are_fit, _bgp_is_fit, _used_addresses_stay),
    references=(
        refers("ipConfigurations[].subnet.id", SUBNET),
        refers("ipConfigurations[].publicIPAddress.id", ADDRESS),
    ),
    compute=_outputs,
    computed=("ipConfigurations", "bgpSettings", "vpnGatewayGeneration", "sku"),
    defaults={"enablePrivateIpAddress": False, "enableBgp": False, "activeActive": False},
    exclusive=lambda inputs: [
        write_key(inputs["resourceGroupName"], "virtualNetworkGateways", inputs["virtualNetworkGatewayName"])
    ],
    # Half an hour in azurerm's acceptance tests; Microsoft says 45 minutes and more.
    duration=Duration(create=1800, update=900, delete=900),
)
KINDS = (_GATEWAY,)
