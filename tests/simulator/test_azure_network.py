from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.azure_refusals import refused
from tests.simulator.azure_world import AzureWorld, CheckFailed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def azure(tmp_path: Path) -> AzureWorld:
    world = AzureWorld(tmp_path)
    world.group()
    return world


# --- virtual networks


@pytest.mark.parametrize(
    ("prefixes", "code"),
    [
        ([], "AddressPrefixStringCannotBeNullOrEmpty"),
        (["10.1.0.0"], "InvalidAddressPrefixFormat"),
        (["10.1.0.0/99"], "InvalidAddressPrefixFormat"),
        (["10.1.2.3/16"], "InvalidCIDRNotation"),
        (["10.1.0.0/30"], "NetcfgInvalidVirtualNetworkSite"),
        (["169.254.0.0/24"], "NetcfgInvalidVirtualNetworkSite"),
        (["10.1.0.0/16", "10.1.128.0/17"], "NetcfgAddressPrefixesOverlap"),
    ],
)
def test_bad_address_spaces_are_refused(azure: AzureWorld, prefixes: list[str], code: str) -> None:
    with refused(code):
        azure.network(addressSpace={"addressPrefixes": prefixes})


def test_a_network_with_subnets_inside_makes_them_and_drops_what_it_no_longer_names(azure: AzureWorld) -> None:
    one, two = ({"name": name, "addressPrefix": f"10.1.{at}.0/24"} for at, name in enumerate(("one", "two")))
    network = azure.network(subnets=[one, two])
    assert [subnet["id"].rpartition("/")[2] for subnet in network.outputs["subnets"]] == ["one", "two"]
    azure.update(network, subnets=[one])
    assert [record.outputs["name"] for record in azure.world.find("azure-native:network:Subnet")] == ["one"]


@pytest.mark.parametrize(
    ("second", "code"),
    [
        ({"name": "two", "addressPrefix": "10.1.0.128/25"}, "NetcfgSubnetRangesOverlap"),
        ({"name": "two", "addressPrefix": "10.2.0.0/24"}, "NetcfgSubnetRangeOutsideVnet"),
        ({"name": "one", "addressPrefix": "10.1.1.0/24"}, "InvalidRequestFormat"),
    ],
)
def test_subnets_inside_follow_the_same_rules(azure: AzureWorld, second: dict[str, str], code: str) -> None:
    with refused(code):
        azure.network(subnets=[{"name": "one", "addressPrefix": "10.1.0.0/24"}, second])


def test_a_prefix_with_subnets_in_it_cannot_be_taken_away(azure: AzureWorld) -> None:
    network = azure.network()
    azure.subnet("nodes", "10.1.0.0/24")
    azure.update(network, addressSpace={"addressPrefixes": ["10.1.0.0/20", "10.9.0.0/16"]})
    with refused("InUsePrefixCannotBeDeleted"):
        azure.update(network, addressSpace={"addressPrefixes": ["10.9.0.0/16"]})


def test_deleting_a_network_deletes_its_subnets(azure: AzureWorld) -> None:
    network = azure.network()
    subnet = azure.subnet("nodes", "10.1.0.0/24")
    azure.delete(network)
    assert azure.gone(subnet)


# --- subnets


@pytest.mark.parametrize(
    ("prefix", "code"),
    [
        ("10.2.0.0/24", "NetcfgSubnetRangeOutsideVnet"),
        ("10.0.0.0/8", "NetcfgSubnetRangeOutsideVnet"),
        ("10.1.0.128/25", "NetcfgSubnetRangesOverlap"),
        ("10.1.9.0/30", "NetcfgInvalidSubnet"),
    ],
)
def test_bad_subnets_are_refused(azure: AzureWorld, prefix: str, code: str) -> None:
    azure.network()
    azure.subnet("first", "10.1.0.0/24")
    with refused(code):
        azure.subnet("second", prefix)


def test_a_good_subnet_takes_its_logical_name(azure: AzureWorld) -> None:
    azure.network()
    subnet = azure.subnet("nodes", "10.1.0.0/29")
    assert subnet.id.endswith("/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/nodes")


def test_a_subnet_of_an_unknown_network_is_refused(azure: AzureWorld) -> None:
    with refused("ParentResourceNotFound", "virtualNetworks/vnet' could not be found"):
        azure.subnet("nodes", "10.1.0.0/24")


def test_a_subnet_without_prefix_is_refused(azure: AzureWorld) -> None:
    azure.network()
    with refused("AddressPrefixStringCannotBeNullOrEmpty"):
        azure.create("network:Subnet", "nodes", resourceGroupName="rg", virtualNetworkName="vnet")


def test_gateway_subnets_take_no_security_group_and_no_nat_gateway(azure: AzureWorld) -> None:
    azure.network()
    group, nat = azure.security_group(), azure.nat()
    with refused("NetworkSecurityGroupCannotBeAttachedToGatewaySubnet"):
        azure.subnet("GatewaySubnet", "10.1.0.0/27", networkSecurityGroup={"id": group.id})
    with refused("NatGatewayCannotBeAttachedToGatewaySubnet"):
        azure.subnet("GatewaySubnet", "10.1.0.0/27", natGateway={"id": nat.id})
    azure.subnet("GatewaySubnet", "10.1.0.0/27")


@pytest.mark.parametrize("inline", [False, True])
def test_what_a_subnet_uses_cannot_be_deleted(azure: AzureWorld, *, inline: bool) -> None:
    group, nat = azure.security_group(), azure.nat()
    table = azure.create("network:RouteTable", "table", resourceGroupName="rg")
    uses = {
        "networkSecurityGroup": {"id": group.id},
        "natGateway": {"id": nat.id},
        "routeTable": {"id": table.id},
    }
    network = azure.network(subnets=[{"name": "nodes", "addressPrefix": "10.1.0.0/24", **uses}] if inline else None)
    subnet = None if inline else azure.subnet("nodes", "10.1.0.0/24", **uses)
    for record, code in (
        (group, "InUseNetworkSecurityGroupCannotBeDeleted"),
        (nat, "InUseNatGatewayCannotBeDeleted"),
        (table, "InUseRouteTableCannotBeDeleted"),
    ):
        with refused(code):
            azure.delete(record)
    azure.delete(subnet or network)
    for record in (group, nat, table):
        azure.delete(record)


def test_what_a_subnet_names_must_exist_in_its_region(azure: AzureWorld) -> None:
    azure.network()
    elsewhere = azure.security_group("elsewhere", location="northeurope")
    with refused("InvalidResourceReference"):
        azure.subnet("nodes", "10.1.0.0/24", networkSecurityGroup={"id": elsewhere.id})
    with refused("InvalidResourceReference"):
        azure.subnet("nodes", "10.1.0.0/24", networkSecurityGroup={"id": elsewhere.id + "x"})


def test_two_operations_on_one_network_at_once_answer_409(azure: AzureWorld) -> None:
    network = azure.network()
    subnet = azure.package.kind("azure-native:network:Subnet")
    inputs = {
        "resourceGroupName": "rg",
        "virtualNetworkName": "vnet",
        "subnetName": "x",
        "addressPrefix": "10.1.0.0/24",
    }
    context = azure.operations.context(azure.package, subnet, {}, urn="urn:pulumi:s::p::t::x", inputs=inputs)
    with azure.operations._exclusive(subnet, context, inputs), refused("AnotherOperationInProgress"):
        azure.subnet("other", "10.1.1.0/24")
    with azure.operations._exclusive(subnet, context, inputs), refused("AnotherOperationInProgress"):
        azure.update(network, tags={"a": "b"})
    azure.subnet("other", "10.1.1.0/24")


# --- public addresses and NAT


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sku": {"name": "Basic"}}, "IPv4BasicSkuPublicIpCountLimitReached"),
        ({"sku": None}, "IPv4BasicSkuPublicIpCountLimitReached"),
        ({"publicIPAllocationMethod": "Dynamic"}, "StandardAndStandardV2SkuPublicIPAddressesMustBeStatic"),
        ({"zones": ["1", "4"]}, "InvalidAvailabilityZone"),
        ({"location": "westus"}, "LocationNotSupportAvailabilityZones"),
        ({"idleTimeoutInMinutes": 31}, "PublicIPAddressInvalidIdleTimeout"),
        ({"dnsSettings": {"domainNameLabel": "1st"}}, "InvalidDomainNameLabel"),
    ],
)
def test_bad_addresses_are_refused(azure: AzureWorld, change: dict[str, Any], code: str) -> None:
    with refused(code):
        azure.address("ip", **change)


def test_addresses_differ_and_stay(azure: AzureWorld) -> None:
    one, two = azure.address("one"), azure.address("two")
    assert one.outputs["ipAddress"] != two.outputs["ipAddress"]
    assert azure.update(one, tags={"a": "b"}).outputs["ipAddress"] == one.outputs["ipAddress"]
    assert azure.replaces(one, sku={"name": "StandardV2"}) == {"sku.name"}
    with refused("ResourceAvailabilityZonesCannotBeModified"):
        azure.update(one, zones=["1"])


def test_a_dns_label_is_taken_once_a_region(azure: AzureWorld) -> None:
    first = azure.address("one", dnsSettings={"domainNameLabel": "label"})
    assert first.outputs["dnsSettings"]["fqdn"] == "label.westeurope.cloudapp.azure.com"
    with refused("DnsRecordInUse"):
        azure.address("two", dnsSettings={"domainNameLabel": "label"})


def test_an_address_in_use_is_neither_deleted_nor_given_away(azure: AzureWorld) -> None:
    address = azure.address("ip")
    nat = azure.nat(publicIpAddresses=[{"id": address.id}])
    with refused("PublicIPAddressCannotBeDeleted"):
        azure.delete(address)
    with refused("PublicIPAddressInUse"):
        azure.nat("second", publicIpAddresses=[{"id": address.id}])
    azure.delete(nat)
    azure.delete(address)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sku": None}, "NatGatewaySkuNotSupported"),
        ({"idleTimeoutInMinutes": 3}, "NatGatewayInvalidIdleTimeout"),
        ({"zones": ["1", "2"]}, "ResourceCannotHaveMultipleZonesSpecified"),
        ({"publicIpAddresses": [{"id": "/subscriptions/x/none"}]}, "InvalidResourceReference"),
    ],
)
def test_bad_nat_gateways_are_refused(azure: AzureWorld, change: dict[str, Any], code: str) -> None:
    with refused(code):
        azure.nat(**change)


def test_a_nat_gateway_needs_an_address_of_its_own_region_and_zone(azure: AzureWorld) -> None:
    elsewhere = azure.address("elsewhere", location="northeurope")
    zonal = azure.address("zonal", zones=["2"])
    with refused("InvalidResourceReference"):
        azure.nat(publicIpAddresses=[{"id": elsewhere.id}])
    with refused("ZonesMismatchBetweenNatGatewayAndPublicIp"):
        azure.nat(publicIpAddresses=[{"id": zonal.id}], zones=["1"])
    with refused("NatGatewayPublicIpAddressCountNotSupported"):
        azure.nat(publicIpAddresses=[{"id": zonal.id}, {"id": zonal.id}])
    nat = azure.nat(publicIpAddresses=[{"id": zonal.id}], zones=["2"])
    with refused("ResourceAvailabilityZonesCannotBeModified"):
        azure.update(nat, zones=[])


def test_public_prefixes(azure: AzureWorld) -> None:
    prefix = azure.create(
        "network:PublicIPPrefix", "prefix", resourceGroupName="rg", sku={"name": "Standard"}, prefixLength=30
    )
    assert prefix.outputs["ipPrefix"].endswith("/30")
    with refused("PublicIpPrefixInvalidPrefixLength"):
        azure.create("network:PublicIPPrefix", "p", resourceGroupName="rg", sku={"name": "Standard"}, prefixLength=24)
    with refused("PublicIpPrefixSkuNotSupported"):
        azure.create("network:PublicIPPrefix", "p", resourceGroupName="rg", prefixLength=30)
    azure.nat(publicIpPrefixes=[{"id": prefix.id}])
    with refused("InUsePublicIpPrefixCannotBeDeleted"):
        azure.delete(prefix)


# --- security groups


RULE = {
    "resourceGroupName": "rg",
    "networkSecurityGroupName": "nsg",
    "priority": 200,
    "access": "Allow",
    "direction": "Inbound",
    "protocol": "Tcp",
    "sourceAddressPrefix": "10.0.0.0/16",
    "sourcePortRange": "*",
    "destinationAddressPrefix": "*",
    "destinationPortRange": "443",
}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"priority": 99}, "SecurityRuleInvalidPriority"),
        ({"priority": 4097}, "SecurityRuleInvalidPriority"),
        ({"destinationPortRange": "443,444"}, "SecurityRuleInvalidPortRange"),
        ({"destinationPortRange": "90-80"}, "SecurityRuleInvalidPortRange"),
        ({"destinationPortRange": "65536"}, "SecurityRuleInvalidPortRange"),
        ({"destinationPortRange": None}, "SecurityRuleParametersMissing"),
        ({"destinationPortRanges": ["1"]}, "SecurityRuleConflictingParameters"),
        ({"sourceAddressPrefix": "10.0.0.1/16"}, "SecurityRuleInvalidAddressPrefix"),
        ({"sourceAddressPrefix": "Intranet"}, "SecurityRuleInvalidAddressPrefix"),
        ({"sourceAddressPrefix": None}, "SecurityRuleParametersMissing"),
        (
            {"sourceAddressPrefix": None, "sourceAddressPrefixes": ["10.0.0.0/16", "VirtualNetwork"]},
            "SecurityRuleParameterContainsUnsupportedValue",
        ),
        ({"securityRuleName": "ends-with-"}, "InvalidResourceName"),
        ({"description": "x" * 141}, "SecurityRuleInvalidDescription"),
    ],
)
def test_bad_rules_are_refused_standalone_and_inside(azure: AzureWorld, change: dict[str, Any], code: str) -> None:
    azure.security_group()
    with refused(code):
        azure.create("network:SecurityRule", "rule", **{**RULE, **change})
    inside = {key: value for key, value in {**RULE, **change}.items() if not key.endswith("Name")}
    with refused(code):
        azure.security_group("other", securityRules=[{**inside, "name": change.get("securityRuleName", "rule")}])


def test_a_rule_needs_its_group(azure: AzureWorld) -> None:
    with refused("ParentResourceNotFound"):
        azure.create("network:SecurityRule", "rule", **RULE)


def test_unknown_protocols_are_refused_by_the_sdk(azure: AzureWorld) -> None:
    azure.security_group()
    with pytest.raises(CheckFailed):
        azure.create("network:SecurityRule", "rule", **{**RULE, "direction": 7})


def test_priorities_are_unique_by_direction(azure: AzureWorld) -> None:
    azure.security_group()
    rule = azure.create("network:SecurityRule", "one", **RULE)
    azure.create("network:SecurityRule", "out", **{**RULE, "direction": "Outbound"})
    azure.create(
        "network:SecurityRule", "tag", **{**RULE, "priority": 201, "sourceAddressPrefix": "Storage.WestEurope"}
    )
    with refused("SecurityRuleConflict", "Rules cannot have the same Priority and Direction"):
        azure.create("network:SecurityRule", "two", **RULE)
    azure.update(rule, priority=300)
    azure.create("network:SecurityRule", "two", **RULE)


def test_a_group_has_azures_six_rules_and_takes_its_own_with_it(azure: AzureWorld) -> None:
    group = azure.security_group()
    rule = azure.create("network:SecurityRule", "one", **RULE)
    assert [one["priority"] for one in group.outputs["defaultSecurityRules"]] == [65000, 65001, 65500] * 2
    azure.delete(group)
    assert azure.gone(rule)


# --- routes


ROUTE = {"resourceGroupName": "rg", "routeTableName": "table", "addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"addressPrefix": "1.2.3.4"}, "InvalidAddressPrefixFormat"),
        ({"nextHopType": "VirtualAppliance"}, "RouteNextHopIpAddressRequiredOrNotAllowed"),
        ({"nextHopIpAddress": "10.0.0.4"}, "RouteNextHopIpAddressRequiredOrNotAllowed"),
        ({"nextHopType": "VirtualAppliance", "nextHopIpAddress": "there"}, "InvalidIPAddressFormat"),
    ],
)
def test_bad_routes_are_refused(azure: AzureWorld, change: dict[str, Any], code: str) -> None:
    azure.create("network:RouteTable", "table", resourceGroupName="rg")
    with refused(code):
        azure.create("network:Route", "route", **{**ROUTE, **change})


def test_a_prefix_has_one_route(azure: AzureWorld) -> None:
    azure.create("network:RouteTable", "table", resourceGroupName="rg")
    azure.create("network:Route", "one", **ROUTE)
    with refused("RouteConflict"):
        azure.create("network:Route", "two", **ROUTE)


def test_routes_inside_a_table(azure: AzureWorld) -> None:
    inside = {"name": "out", "addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}
    with refused("RouteConflict"):
        azure.create("network:RouteTable", "bad", resourceGroupName="rg", routes=[inside, {**inside, "name": "two"}])
    table = azure.create("network:RouteTable", "table", resourceGroupName="rg", routes=[inside])
    assert azure.world.count() == 3
    azure.update(table, routes=[])
    assert azure.world.count() == 2
