"""Connections of a VPN gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.azure.arm import arm_kind, same_region
from simulator.azure.bgp import GATEWAY_DEFAULT_ASN, custom_addresses
from simulator.azure.ipsec import policy_is_fit, shared_key_is_fit
from simulator.azure.local_gateway import LOCAL
from simulator.azure.naming import last_name, same_id, write_key_of
from simulator.azure.nat_gateway import GATEWAY
from simulator.azure.references import refers
from simulator.azure.vpn_gateway import CONNECTION
from simulator.kind import Duration, Inputs, Outputs, Refused, get, walk

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.world import Record

_MOST: Final = {"Basic": 10, "VpnGw4AZ": 100, "VpnGw5AZ": 100}
"""Site-to-site tunnels by size (learn.microsoft.com/azure/vpn-gateway/about-gateway-skus); 30 of the others."""


def _name(inputs: Inputs) -> str:
    return str(inputs["virtualNetworkGatewayConnectionName"])


def _gateway(context: Context, inputs: Inputs) -> Record:
    found = context.one(GATEWAY, str(get(inputs, "virtualNetworkGateway1.id", "")))
    if found is None:
        message = f"Connection {_name(inputs)} must reference a virtual network gateway that exists."
        raise Refused("InvalidResourceReference", message)
    return found


def _ends_are_fit(context: Context, inputs: Inputs) -> None:
    gateway, name = _gateway(context, inputs), _name(inputs)
    kind = inputs["connectionType"]
    local, other = get(inputs, "localNetworkGateway2.id"), get(inputs, "virtualNetworkGateway2.id")
    if (kind == "IPsec") != bool(local) or (kind == "Vnet2Vnet") != bool(other) or kind not in {"IPsec", "Vnet2Vnet"}:
        message = f"A connection of type {kind} must have exactly the second end of its kind: {name}."
        raise Refused("InvalidConnectionEnds", message)  # own code
    same_region(context, inputs, (("virtualNetworkGateway1.id", GATEWAY), ("localNetworkGateway2.id", LOCAL)))
    beside = [
        record
        for record in context.find(CONNECTION)
        if same_id(get(record.outputs, "virtualNetworkGateway1.id"), gateway.id)
    ]
    for record in beside:
        if local and same_id(get(record.outputs, "localNetworkGateway2.id"), local):
            message = f"Connection {last_name(record.id)} already joins {gateway.id} and {local}."
            raise Refused("VirtualNetworkGatewayConnectionToSameLocalNetworkGatewayExists", message)  # own code
    most = _MOST.get(str(get(gateway.outputs, "sku.name")), 30)
    if context.old is None and len(beside) >= most:
        message = f"Virtual network gateway {gateway.id} cannot have more than {most} connections."
        raise Refused("VirtualNetworkGatewayConnectionLimitExceeded", message)  # own code


def _ends_stay(context: Context, inputs: Inputs) -> None:
    if context.old is None:
        return
    for path in ("virtualNetworkGateway1.id", "localNetworkGateway2.id", "virtualNetworkGateway2.id"):
        before, after = get(context.old.outputs, path), get(inputs, path)
        if (before or after) and not same_id(before, after):
            message = f"{path} of connection {context.old.id} cannot be changed from {before} to {after}."
            raise Refused("VirtualNetworkGatewayConnectionEndsCannotBeModified", message)  # own code
    if context.old.outputs["connectionType"] != inputs["connectionType"]:
        message = f"The type of connection {context.old.id} cannot be changed."
        raise Refused("VirtualNetworkGatewayConnectionTypeCannotBeModified", message)  # own code


def _crypto_is_fit(context: Context, inputs: Inputs) -> None:
    name = _name(inputs)
    if inputs.get("sharedKey") is not None:
        shared_key_is_fit(inputs["sharedKey"], name)
    policies = inputs.get("ipsecPolicies") or []
    sku = get(_gateway(context, inputs).outputs, "sku.name")
    if len(policies) > 1 or (policies and sku == "Basic"):
        message = f"Connection {name} can have one IPsec policy at most, and none on a Basic gateway."
        raise Refused("IpsecPolicyCountNotSupported", message)  # own code
    for policy in policies:
        policy_is_fit(policy, name)
    if inputs.get("usePolicyBasedTrafficSelectors") and not policies:
        message = f"Policy-based traffic selectors of connection {name} need a custom IPsec policy."
        raise Refused("PolicyBasedTrafficSelectorsNeedIpsecPolicy", message)  # own code
    timeout = inputs.get("dpdTimeoutSeconds")
    if timeout is not None and not 9 <= timeout <= 3600:
        message = f"DPD timeout {timeout} of connection {name} is not valid: 9 to 3600 seconds."
        raise Refused("InvalidDpdTimeout", message)  # own code


def _bgp_is_fit(context: Context, inputs: Inputs) -> None:
    gateway, name = _gateway(context, inputs), _name(inputs)
    custom = inputs.get("gatewayCustomBgpIpAddresses") or []
    if not inputs.get("enableBgp"):
        if custom:
            message = f"Connection {name} has custom BGP addresses, but BGP is not enabled."
            raise Refused("CustomBgpIpAddressesNeedBgp", message)  # own code
        return
    if not gateway.outputs.get("enableBgp"):
        message = f"Connection {name} has BGP enabled, but its gateway {gateway.id} does not."
        raise Refused("BgpNotEnabledOnVirtualNetworkGateway", message)  # own code
    local = context.one(LOCAL, str(get(inputs, "localNetworkGateway2.id", "")))
    if local is not None:
        _peer_is_fit(context, inputs, gateway, local)
    if not custom:
        return
    own = {str(one["id"]).casefold(): one for one in gateway.outputs["ipConfigurations"]}
    named = [str(one.get("ipConfigurationId", "")).casefold() for one in custom]
    if sorted(named) != sorted(own):
        raise Refused(
            "GatewayCustomBgpIpAddressesIpConfigurationNotFound",  # own code
            f"Custom BGP addresses of connection {name} must name each IP configuration of {gateway.id} once.",
        )
    custom_addresses([one["customBgpIpAddress"] for one in custom], name)
    for one in custom:
        taken = {
            str(text)
            for peering in get(gateway.outputs, "bgpSettings.bgpPeeringAddresses", [])
            if same_id(peering["ipconfigurationId"], one["ipConfigurationId"])
            for text in peering.get("customBgpIpAddresses") or []
        }
        if one["customBgpIpAddress"] not in taken:
            raise Refused(
                "GatewayCustomBgpIpAddressNotFound",  # own code
                f"{one['customBgpIpAddress']} of connection {name} is not a custom BGP address of"
                f" {one['ipConfigurationId']}.",
            )


def _peer_is_fit(context: Context, inputs: Inputs, gateway: Record, local: Record) -> None:
    name = _name(inputs)
    peer = local.outputs.get("bgpSettings")
    if not peer:
        message = f"Connection {name} has BGP enabled, but its local network gateway {local.id} has no BGP settings."
        raise Refused("BgpNotEnabledOnLocalNetworkGateway", message)  # own code
    if int(peer["asn"]) == int(get(gateway.outputs, "bgpSettings.asn", GATEWAY_DEFAULT_ASN)):
        message = f"Both ends of connection {name} have the BGP ASN {int(peer['asn'])}; they must differ."
        raise Refused("BgpAsnsMustDiffer", message)  # own code
    for other in context.find(CONNECTION):
        if not same_id(get(other.outputs, "virtualNetworkGateway1.id"), gateway.id):
            continue
        there = context.one(LOCAL, str(get(other.outputs, "localNetworkGateway2.id", "")))
        if there is not None and get(there.outputs, "bgpSettings.bgpPeeringAddress") == peer["bgpPeeringAddress"]:
            message = (
                f"Connections {name} and {last_name(other.id)} have the same BGP peer {peer['bgpPeeringAddress']}."
            )
            raise Refused("DuplicateBgpPeerAddress", message)  # own code


def _outputs(context: Context, inputs: Inputs) -> Outputs:
    before = context.old.outputs if context.old else {}
    return {
        "connectionStatus": before.get("connectionStatus", "Unknown"),
        "egressBytesTransferred": 0,
        "ingressBytesTransferred": 0,
        "tunnelConnectionStatus": [],
        # Azure makes up a key where none is given; it is as secret as a given one.
        **({} if inputs.get("sharedKey") else {"sharedKey": before.get("sharedKey") or context.hex(32, "shared key")}),
    }


def _keys(inputs: Inputs) -> list[str]:
    paths = ("virtualNetworkGateway1.id", "virtualNetworkGateway2.id", "localNetworkGateway2.id")
    return [write_key_of(str(id_)) for path in paths for _, id_ in walk(inputs, path) if str(id_).count("/") > 3]


KINDS = (
    arm_kind(
        CONNECTION,
        "Microsoft.Network/connections/{virtualNetworkGatewayConnectionName}",
        name_pattern=r"[a-zA-Z0-9]|[a-zA-Z0-9][\w.-]{0,78}\w",
        admits=(_ends_are_fit, _ends_stay, _crypto_is_fit, _bgp_is_fit),
        references=(
            refers("virtualNetworkGateway1.id", GATEWAY),
            refers("virtualNetworkGateway2.id", GATEWAY),
            refers("localNetworkGateway2.id", LOCAL),
        ),
        compute=_outputs,
        computed=("sharedKey",),
        volatile=("connectionStatus", "egressBytesTransferred", "ingressBytesTransferred"),
        defaults={"connectionProtocol": "IKEv2", "routingWeight": 0, "enableBgp": False},
        exclusive=_keys,
        duration=Duration(create=90, update=60, delete=60),
    ),
)
