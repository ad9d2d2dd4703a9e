"""The network of an AKS cluster: ranges, plugin, way out, and whether its identity may use the subnet."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any, Final

from simulator.azure.naming import parent_id, same_id
from simulator.azure.prefixes import overlapping, prefixes
from simulator.azure.roles import holds_role
from simulator.azure.subnet import NETWORK, SUBNET, known_prefixes
from simulator.kind import Refused, get, walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.context import Context
    from simulator.world import Record

FORBIDDEN: Final = tuple(
    IPv4Network(text) for text in ("169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24")
)
"""Neither services, pods nor the virtual network may use these (learn.microsoft.com/azure/aks/use-byo-cni)."""

_MAY_JOIN: Final = ("Owner", "Contributor", "Network Contributor")


def _range(text: object, what: str) -> IPv4Network:
    try:
        return IPv4Network(text)
    except (AddressValueError, ValueError):
        raise Refused("CidrStringParseError", f"The {what} '{text}' is not a valid CIDR.") from None


def ranges_are_fit(context: Context, cluster: Mapping[str, Any], subnets: list[Record]) -> None:
    """Refuse service and pod ranges that are reserved, overlap each other or the virtual network."""
    profile = cluster.get("networkProfile") or {}
    services = _range(profile.get("serviceCidr") or "10.0.0.0/16", "service CIDR")
    dns = profile.get("dnsServiceIP") or "10.0.0.10"
    pods = _range(profile["podCidr"], "pod CIDR") if profile.get("podCidr") else None
    taken = [part for subnet in subnets for part in known_prefixes(subnet)]
    for subnet in subnets[:1]:
        network = context.one(NETWORK, parent_id(subnet.id))
        if network is not None:
            taken += prefixes(get(network.outputs, "addressSpace.addressPrefixes"), network.id)
    for what, own in (("service", [services]), ("pod", [pods] if pods else []), ("virtual network", taken)):
        if clash := overlapping(own, FORBIDDEN):
            message = f"The {what} CIDR {clash[0]} must not use the reserved range {clash[1]}."
            raise Refused("ReservedCidrNotAllowed", message)  # own code
    if services.prefixlen <= 12:
        message = f"The specified service CIDR {services} must be smaller than a /12."
        raise Refused("InvalidServiceCidrSize", message)  # own code
    if clash := overlapping([services], taken):
        message = f"The specified service CIDR {services} is conflicted with an existing subnet CIDR {clash[1]}."
        raise Refused("ServiceCidrOverlapExistingSubnetsCidr", message)
    if pods and pods.overlaps(services):
        raise Refused("PodCidrOverlapServiceCidr", f"The pod CIDR {pods} overlaps with the service CIDR {services}.")
    if pods and (clash := overlapping([pods], taken)):
        message = f"The specified pod CIDR {pods} is conflicted with an existing subnet CIDR {clash[1]}."
        raise Refused("PodCidrOverlapExistingSubnetsCidr", message)
    _dns_is_fit(dns, services)


def _dns_is_fit(text: object, services: IPv4Network) -> None:
    try:
        dns = IPv4Address(text)
    except (AddressValueError, ValueError):
        raise Refused("DnsServiceIpParseError", f"The DNS service IP '{text}' is not valid.") from None
    if dns not in services:
        message = f"The DNS service IP {dns} is out of range of service CIDR {services}."
        raise Refused("DnsServiceIpOutOfServiceCidr", message)
    if dns in {services.network_address, services[1]}:
        message = f"The DNS service IP {dns} conflicts with the API server's address {services[1]}."
        raise Refused("DnsServiceIpConflicting", message)
    if dns == services.broadcast_address:
        raise Refused(
            "DnsBroadcastAddressConflicting", f"The DNS service IP {dns} is the broadcast address of {services}."
        )


def plugin_is_fit(cluster: Mapping[str, Any]) -> None:
    """Refuse what network plugin ``none`` leaves to whoever brings the plugin."""
    profile = cluster.get("networkProfile") or {}
    if profile.get("networkPlugin") != "none":
        return
    if profile.get("networkPolicy") not in {None, "none"}:
        message = f"Network policy {profile['networkPolicy']} is not supported with network plugin none."
        raise Refused("NetworkPolicyNotSupportedForNone", message)
    for name in ("networkPluginMode", "networkDataplane"):
        if profile.get(name) is not None:
            message = f"{name} {profile[name]} is not supported with network plugin none."
            raise Refused("InvalidNetworkingConfig", message)


def way_out_is_fit(context: Context, cluster: Mapping[str, Any], subnets: list[Record]) -> None:
    """Refuse an outbound type that the subnets do not have."""
    kind = get(cluster, "networkProfile.outboundType") or "loadBalancer"
    if kind == "managedNATGateway" and subnets:
        message = "Outbound type managedNATGateway cannot be used with a custom virtual network."
        raise Refused("ManagedNATGatewayWithCustomVNetNotAllowed", message)
    if kind == "userAssignedNATGateway" and not subnets:
        message = "Outbound type userAssignedNATGateway needs a custom virtual network."
        raise Refused("UserAssignedNATGatewayWithManagedVNetNotAllowed", message)
    for subnet in subnets:
        if kind == "userAssignedNATGateway":
            _nat_is_fit(context, subnet)
        if kind == "userDefinedRouting":
            _routes_are_fit(context, subnet)


def _nat_is_fit(context: Context, subnet: Record) -> None:
    id_ = get(subnet.outputs, "natGateway.id")
    gateway = context.one("azure-native:network:NatGateway", str(id_)) if id_ else None
    if gateway is None:
        message = f"The subnet {subnet.id} is not associated with a NAT gateway."
        raise Refused("SubnetNotAssociatedWithNATGateway", message)
    if not gateway.outputs.get("publicIpAddresses") and not gateway.outputs.get("publicIpPrefixes"):
        message = f"The NAT gateway {gateway.id} is not associated with any public IP or IP prefix."
        raise Refused("NATGatewayNotAssociatedWithPublicIPOrIPPrefix", message)


def _routes_are_fit(context: Context, subnet: Record) -> None:
    id_ = get(subnet.outputs, "routeTable.id")
    if not id_:
        message = f"An existing route table has not been associated with subnet {subnet.id}."
        raise Refused("ExistingRouteTableNotAssociatedWithSubnet", message)
    routes = [
        route
        for route in context.world.find("azure-native:network:Route", scope=context.scope)
        if same_id(parent_id(route.id), id_) and route.outputs.get("addressPrefix") == "0.0.0.0/0"
    ]
    if not routes:
        raise Refused("RouteTableMissingDefaultRouteError", f"Route table {id_} has no route for 0.0.0.0/0.")
    if routes[0].outputs.get("nextHopType") not in {"VirtualAppliance", "VirtualNetworkGateway"}:
        message = f"The default route of {id_} must lead to a virtual appliance or a virtual network gateway."
        raise Refused("RouteTableInvalidNextHop", message)


def identity_may_join(context: Context, identity: Record | None, subnets: list[Record]) -> None:
    """Refuse an identity that may not put nodes and load balancers into the subnets."""
    if identity is None:
        return
    principal = identity.outputs["principalId"]
    for subnet in subnets:
        if not holds_role(context, principal, _MAY_JOIN, subnet.id):
            raise Refused(
                "LinkedAuthorizationFailed",
                f"The client '{identity.outputs['clientId']}' with object id '{principal}' does not have"
                " permission to perform"
                " action(s) 'Microsoft.Network/virtualNetworks/subnets/join/action' on the linked scope(s)"
                f" '{subnet.id}'.",
                status=403,
            )


def api_server_access_is_fit(cluster: Mapping[str, Any]) -> None:
    """Refuse ranges that are none, ranges of a private cluster, and DNS that a private cluster cannot have."""
    profile = cluster.get("apiServerAccessProfile") or {}
    ranges = list(profile.get("authorizedIPRanges") or [])
    private = bool(profile.get("enablePrivateCluster"))
    if ranges and private:
        message = "Authorized IP ranges cannot be used with a private cluster."
        raise Refused("PrivateClusterWithAuthorizedIPRangesNotSupported", message)  # own code
    if ranges and get(cluster, "networkProfile.loadBalancerSku") == "basic":
        raise Refused("InvalidLoadBalancerSku", "Authorized IP ranges need a standard load balancer.")
    if len(ranges) > 200:
        raise Refused("InvalidParameter", f"There can be 200 authorized IP ranges, not {len(ranges)}.")
    for text in ranges:
        _range(text, "authorized IP range")
    zone = profile.get("privateDNSZone")
    if zone is None:
        return
    if not private:
        raise Refused("InvalidPrivateDNSZoneMode", "A private DNS zone needs a private cluster.")
    if zone not in {"system", "none"} and "/privatednszones/" not in zone.casefold():
        message = f"The private DNS zone '{zone}' must be system, none or the id of a private DNS zone."
        raise Refused("InvalidPrivateDNSZoneResourceID", message)
    if zone == "none" and profile.get("enablePrivateClusterPublicFQDN") is False:
        message = "A private cluster without a private DNS zone needs its public FQDN."
        raise Refused("NonePrivateDNSZonePublicFQDNDisabledError", message)


def subnets_of(context: Context, cluster: Mapping[str, Any]) -> list[Record]:
    """Subnets of the pools that the cluster lists, each once."""
    ids = dict.fromkeys(str(id_) for _, id_ in walk(cluster, "agentPoolProfiles[].vnetSubnetID"))
    return [record for id_ in ids if (record := context.one(SUBNET, id_)) is not None]
