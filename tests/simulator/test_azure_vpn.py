from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.azure_refusals import refused
from tests.simulator.azure_world import AzureWorld, CheckFailed

if TYPE_CHECKING:
    from pathlib import Path

    from simulator.world import Record

POLICY = {
    "ikeEncryption": "GCMAES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "ECP384",
    "ipsecEncryption": "GCMAES256",
    "ipsecIntegrity": "GCMAES256",
    "pfsGroup": "ECP384",
    "saLifeTimeSeconds": 27000,
    "saDataSizeKilobytes": 102400000,
}
FIRST = ["169.254.21.2", "169.254.22.2"]
SECOND = ["169.254.21.6", "169.254.22.6"]


@pytest.fixture
def azure(tmp_path: Path) -> AzureWorld:
    world = AzureWorld(tmp_path)
    world.group()
    world.network()
    world.subnet("GatewaySubnet", "10.1.0.0/27")
    world.address("ip-0")
    world.address("ip-1")
    return world


def _id(kind: str, name: str) -> str:
    group = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg"
    return f"{group}/providers/Microsoft.Network/{kind}/{name}"


def _configuration(instance: int) -> dict[str, Any]:
    return {
        "name": f"instance-{instance}",
        "privateIPAllocationMethod": "Dynamic",
        "subnet": {"id": f"{_id('virtualNetworks', 'vnet')}/subnets/GatewaySubnet"},
        "publicIPAddress": {"id": _id("publicIPAddresses", f"ip-{instance}")},
    }


def _own(instance: int, gateway: str = "gateway") -> str:
    return f"{_id('virtualNetworkGateways', gateway)}/ipConfigurations/instance-{instance}"


def _bgp(**changes: object) -> dict[str, Any]:
    peerings = [
        {"ipconfigurationId": _own(0), "customBgpIpAddresses": FIRST},
        {"ipconfigurationId": _own(1), "customBgpIpAddresses": SECOND},
    ]
    return {"asn": 65010, "bgpPeeringAddresses": peerings, **changes}


def _gateway(azure: AzureWorld, name: str = "gateway", **changes: object) -> Record:
    inputs = {
        "resourceGroupName": "rg",
        "gatewayType": "Vpn",
        "vpnType": "RouteBased",
        "vpnGatewayGeneration": "Generation2",
        "sku": {"name": "VpnGw2AZ", "tier": "VpnGw2AZ"},
        "activeActive": True,
        "enableBgp": True,
        "ipConfigurations": [_configuration(0), _configuration(1)],
        "bgpSettings": _bgp(),
        **changes,
    }
    return azure.create("network:VirtualNetworkGateway", name, **inputs)


def _local(azure: AzureWorld, name: str = "lng", **changes: object) -> Record:
    inputs = {
        "resourceGroupName": "rg",
        "gatewayIpAddress": "52.1.2.3",
        "bgpSettings": {"asn": 64512, "bgpPeeringAddress": "169.254.21.1"},
        "localNetworkAddressSpace": {"addressPrefixes": []},
        **changes,
    }
    return azure.create("network:LocalNetworkGateway", name, **inputs)


def _connection(azure: AzureWorld, name: str = "connection", local: str = "lng", **changes: object) -> Record:
    inputs = {
        "resourceGroupName": "rg",
        "connectionType": "IPsec",
        "connectionProtocol": "IKEv2",
        "virtualNetworkGateway1": {"id": _id("virtualNetworkGateways", "gateway")},
        "localNetworkGateway2": {"id": _id("localNetworkGateways", local)},
        "enableBgp": True,
        "sharedKey": "kAbc123",
        "ipsecPolicies": [POLICY],
        "dpdTimeoutSeconds": 45,
        "gatewayCustomBgpIpAddresses": [
            {"ipConfigurationId": _own(0), "customBgpIpAddress": FIRST[0]},
            {"ipConfigurationId": _own(1), "customBgpIpAddress": SECOND[0]},
        ],
        **changes,
    }
    return azure.create("network:VirtualNetworkGatewayConnection", name, **inputs)


# --- the gateway


def test_a_good_gateway_tells_its_addresses(azure: AzureWorld) -> None:
    gateway = _gateway(azure)
    peering = gateway.outputs["bgpSettings"]["bgpPeeringAddresses"][1]
    public = azure.world.one("azure-native:network:PublicIPAddress", _id("publicIPAddresses", "ip-1"))
    assert public is not None
    assert peering["tunnelIpAddresses"] == [public.outputs["ipAddress"]]
    assert peering["defaultBgpIpAddresses"] == ["10.1.0.5"]
    assert gateway.outputs["bgpSettings"]["asn"] == 65010


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sku": {"name": "VpnGw2", "tier": "VpnGw2"}}, "NonAzSkusNotAllowedForVPNGateway"),
        ({"sku": {"name": "VpnGw2AZ", "tier": "VpnGw3AZ"}}, "InvalidGatewaySkuProvided"),
        (
            {"sku": {"name": "VpnGw1AZ", "tier": "VpnGw1AZ"}},
            "VirtualNetworkGatewaySkuCannotBeCreatedForSpecifiedVmGeneration",
        ),
        (
            {"sku": {"name": "VpnGw5AZ", "tier": "VpnGw5AZ"}, "vpnGatewayGeneration": "Generation1"},
            "VirtualNetworkGatewaySkuCannotBeCreatedForSpecifiedVmGeneration",
        ),
        (
            {"sku": {"name": "Basic", "tier": "Basic"}, "vpnGatewayGeneration": "Generation1"},
            "BasicSkuDoesNotSupportBgpOrActiveActive",
        ),
        ({"vpnType": "PolicyBased"}, "VpnTypeNotSupportedForGatewaySku"),
        ({"gatewayType": "ExpressRoute"}, "InvalidGatewaySkuSpecifiedForGatewayDeploymentType"),
        ({"ipConfigurations": [_configuration(0)]}, "ActiveActiveGatewayMustHaveExactlyTwoIpConfigurations"),
        ({"activeActive": False}, "ActiveStandbyGatewayMustHaveExactlyOneIpConfiguration"),
        ({"ipConfigurations": [_configuration(0), _configuration(0)]}, "InvalidRequestFormat"),
        (
            {"ipConfigurations": [_configuration(0), {**_configuration(0), "name": "instance-1"}]},
            "InvalidRequestFormat",
        ),
        ({"bgpSettings": _bgp(bgpPeeringAddress="10.1.0.4")}, "VirtualNetworkGatewayBgpPeeringAddressCannotBeModified"),
        (
            {"bgpSettings": _bgp(bgpPeeringAddresses=_bgp()["bgpPeeringAddresses"][:1])},
            "BgpPeeringAddressesCountNotCorrect",
        ),
        *(
            ({"bgpSettings": _bgp(asn=asn)}, "InvalidBgpAsn")
            for asn in (8074, 8075, 12076, 65517, 65520, 23456, 64496, 64511, 65535, 65551, 0)
        ),
    ],
)
def test_bad_gateways_are_refused(azure: AzureWorld, change: dict[str, Any], code: str) -> None:
    with refused(code):
        _gateway(azure, **change)


@pytest.mark.parametrize("asn", [65515, 65010, 64512, 4200000000])
def test_good_asns_are_taken(azure: AzureWorld, asn: int) -> None:
    assert _gateway(azure, bgpSettings=_bgp(asn=asn)).outputs["bgpSettings"]["asn"] == asn


def _peerings(first: list[str], second: list[str], *, name: str = "gateway") -> dict[str, Any]:
    return _bgp(
        bgpPeeringAddresses=[
            {"ipconfigurationId": _own(0, name), "customBgpIpAddresses": first},
            {"ipconfigurationId": _own(1, name), "customBgpIpAddresses": second},
        ]
    )


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (_peerings(["169.254.20.2"], SECOND), "VpnGatewayInvalidCustomBgpIpAddress"),
        (_peerings(["169.254.23.2"], SECOND), "VpnGatewayInvalidCustomBgpIpAddress"),
        (_peerings(["10.0.0.2"], SECOND), "VpnGatewayInvalidCustomBgpIpAddress"),
        (_peerings(["here"], SECOND), "InvalidIPAddressFormat"),
        (_peerings(FIRST, FIRST), "DuplicateCustomBgpIpAddress"),
        (_peerings(FIRST, SECOND, name="other"), "BgpPeeringAddressIpConfigurationIdNotFound"),
    ],
)
def test_bad_custom_addresses_are_refused(azure: AzureWorld, settings: dict[str, Any], code: str) -> None:
    with refused(code):
        _gateway(azure, bgpSettings=settings)


def test_a_gateway_stands_in_gateway_subnet_only(azure: AzureWorld) -> None:
    other = azure.subnet("gatewaysubnet2", "10.1.1.0/27")
    configurations = [{**_configuration(at), "subnet": {"id": other.id}} for at in (0, 1)]
    with refused("InvalidGatewaySubnet"):
        _gateway(azure, ipConfigurations=configurations)
    missing = [{**_configuration(at), "subnet": {"id": other.id + "x"}} for at in (0, 1)]
    with refused("InvalidResourceReference"):
        _gateway(azure, ipConfigurations=missing)


def test_zones_are_asked_of_the_addresses_where_the_region_has_them(azure: AzureWorld) -> None:
    azure.address("ip-2", zones=[])
    with refused("VmssVpnGatewayPublicIpsMustHaveZonesConfigured"):
        _gateway(azure, ipConfigurations=[_configuration(0), {**_configuration(2), "name": "instance-1"}])


def test_an_active_standby_gateway_has_one_custom_address_entry(azure: AzureWorld) -> None:
    settings = {"asn": 65010, "bgpPeeringAddresses": [{"ipconfigurationId": _own(0), "customBgpIpAddresses": FIRST}]}
    _gateway(azure, activeActive=False, ipConfigurations=[_configuration(0)], bgpSettings=settings)


def test_a_network_has_one_gateway_and_an_address_one_user(azure: AzureWorld) -> None:
    _gateway(azure)
    azure.address("ip-2"), azure.address("ip-3")
    with refused("VirtualNetworkCanHaveOnlyOneVpnGateway"):
        _gateway(
            azure,
            "second",
            bgpSettings=None,
            ipConfigurations=[_configuration(2), _configuration(3)],
        )
    with refused("PublicIPAddressInUse"):
        azure.nat(publicIpAddresses=[{"id": _id("publicIPAddresses", "ip-0")}])


def test_what_the_gateway_stands_on_cannot_be_deleted(azure: AzureWorld) -> None:
    gateway = _gateway(azure)
    subnet = azure.world.find("azure-native:network:Subnet")[0]
    address = azure.world.find("azure-native:network:PublicIPAddress")[0]
    network = azure.world.find("azure-native:network:VirtualNetwork")[0]
    with refused("InUseSubnetCannotBeDeleted"):
        azure.delete(subnet)
    with refused("PublicIPAddressCannotBeDeleted"):
        azure.delete(address)
    with refused("InUseSubnetCannotBeDeleted"):
        azure.delete(network)
    with refused("InUsePrefixCannotBeDeleted"):
        azure.update(subnet, addressPrefix="10.1.0.0/28")
    azure.delete(gateway)
    for record in (subnet, address, network):
        azure.delete(record)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"vpnGatewayGeneration": "Generation1"}, "VirtualNetworkGatewayGenerationCannotBeModified"),
        ({"gatewayType": "ExpressRoute"}, "InvalidGatewaySkuSpecifiedForGatewayDeploymentType"),
    ],
)
def test_what_a_gateway_cannot_change_is_refused(azure: AzureWorld, change: dict[str, Any], code: str) -> None:
    gateway = _gateway(azure)
    assert azure.replaces(gateway, **change) == set()
    with refused(code):
        azure.update(gateway, **change)


def test_a_gateway_takes_a_bigger_size_and_more_addresses_but_keeps_those_in_use(azure: AzureWorld) -> None:
    gateway = _gateway(azure)
    _local(azure)
    _connection(azure)
    more = _peerings([*FIRST, "169.254.21.10"], [*SECOND, "169.254.21.14"])
    azure.update(gateway, sku={"name": "VpnGw3AZ", "tier": "VpnGw3AZ"}, bgpSettings=more)
    with refused("CustomBgpIpAddressInUse"):
        azure.update(gateway, bgpSettings=_peerings(["169.254.21.10"], SECOND))


def test_a_gateway_without_generation_gets_the_one_that_its_size_has(azure: AzureWorld) -> None:
    gateway = _gateway(azure, vpnGatewayGeneration=None, sku={"name": "VpnGw4AZ", "tier": "VpnGw4AZ"})
    assert gateway.outputs["vpnGatewayGeneration"] == "Generation2"


# --- local network gateways


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"gatewayIpAddress": None}, "LocalNetworkGatewayIpAddressOrFqdnRequired"),
        ({"fqdn": "vpn.example.com"}, "LocalNetworkGatewayIpAddressOrFqdnRequired"),
        ({"gatewayIpAddress": None, "fqdn": "not a name"}, "InvalidFqdn"),
        ({"gatewayIpAddress": "there"}, "InvalidIPAddressFormat"),
        ({"gatewayIpAddress": "127.0.0.1"}, "LocalNetworkGatewayIpAddressNotValid"),
        ({"bgpSettings": None}, "LocalNetworkGatewayAddressSpaceRequired"),
        ({"bgpSettings": {"asn": 64512}}, "LocalNetworkGatewayBgpSettingsIncomplete"),
        (
            {"bgpSettings": {"asn": 64512, "bgpPeeringAddress": "52.1.2.3"}},
            "LocalNetworkGatewayBgpPeeringAddressNotValid",
        ),
        ({"bgpSettings": {"asn": 64512, "bgpPeeringAddress": "x"}}, "InvalidIPAddressFormat"),
        ({"localNetworkAddressSpace": {"addressPrefixes": ["10.0.0.1/8"]}}, "InvalidCIDRNotation"),
        *(
            ({"bgpSettings": {"asn": asn, "bgpPeeringAddress": "169.254.21.1"}}, "InvalidBgpAsn")
            for asn in (65515, 8075, 65518, 64500)
        ),
    ],
)
def test_bad_local_gateways_are_refused(azure: AzureWorld, change: dict[str, Any], code: str) -> None:
    with refused(code):
        _local(azure, **change)


def test_a_local_gateway_needs_no_address_space_with_bgp_and_no_bgp_with_one(azure: AzureWorld) -> None:
    _local(azure)
    _local(azure, "static", bgpSettings=None, localNetworkAddressSpace={"addressPrefixes": ["10.9.0.0/16"]})


# --- connections


@pytest.mark.parametrize("field", sorted(POLICY))
def test_a_partial_policy_is_refused(azure: AzureWorld, field: str) -> None:
    _gateway(azure)
    _local(azure)
    partial = {**POLICY, field: None}
    with pytest.raises(CheckFailed, match=rf"ipsecPolicies\[0\].{field}"):
        _connection(azure, ipsecPolicies=[partial])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ipsecIntegrity": "SHA256"}, "InvalidIpsecPolicyCombination"),
        ({"ipsecEncryption": "AES256"}, "InvalidIpsecPolicyCombination"),
        ({"ipsecEncryption": "GCMAES128"}, "InvalidIpsecPolicyCombination"),
        ({"ikeIntegrity": "GCMAES256"}, "InvalidIpsecPolicyParameter"),
        ({"saLifeTimeSeconds": 299}, "InvalidIpsecPolicyParameter"),
        ({"saDataSizeKilobytes": 1023}, "InvalidIpsecPolicyParameter"),
    ],
)
def test_bad_policies_are_refused(azure: AzureWorld, change: dict[str, Any], code: str) -> None:
    _gateway(azure)
    _local(azure)
    with refused(code):
        _connection(azure, ipsecPolicies=[{**POLICY, **change}])


@pytest.mark.parametrize("change", [{"dhGroup": "DHGroup15"}, {"pfsGroup": "ECP521"}])
def test_values_that_azure_does_not_know_fail_the_schema(azure: AzureWorld, change: dict[str, Any]) -> None:
    _gateway(azure)
    _local(azure)
    with pytest.raises(CheckFailed, match="expected one of"):
        _connection(azure, ipsecPolicies=[{**POLICY, **change}])


@pytest.mark.parametrize("key", ["with space", "with-hyphen", "with~tilde", "ümlaut", "x" * 129, ""])
def test_bad_keys_are_refused_without_being_told(azure: AzureWorld, key: str) -> None:
    _gateway(azure)
    _local(azure)
    with refused("InvalidSharedKey") as caught:
        _connection(azure, sharedKey=key)
    assert not key or key not in caught.message


def test_keys_with_other_signs_are_taken_and_left_out_keys_are_made_up(azure: AzureWorld) -> None:
    _gateway(azure)
    _local(azure)
    connection = _connection(azure, sharedKey="aZ9!#$%&()*+,./:;<=>?@[]^_`{|}")
    azure.delete(connection)
    assert len(_connection(azure, sharedKey=None).outputs["sharedKey"]) == 32


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"dpdTimeoutSeconds": 8}, "InvalidDpdTimeout"),
        ({"dpdTimeoutSeconds": 3601}, "InvalidDpdTimeout"),
        ({"connectionType": "Vnet2Vnet"}, "InvalidConnectionEnds"),
        ({"localNetworkGateway2": None}, "InvalidConnectionEnds"),
        ({"virtualNetworkGateway1": {"id": _id("virtualNetworkGateways", "none")}}, "InvalidResourceReference"),
        ({"localNetworkGateway2": {"id": _id("localNetworkGateways", "none")}}, "InvalidResourceReference"),
        ({"ipsecPolicies": [POLICY, POLICY]}, "IpsecPolicyCountNotSupported"),
        ({"ipsecPolicies": [], "usePolicyBasedTrafficSelectors": True}, "PolicyBasedTrafficSelectorsNeedIpsecPolicy"),
        ({"enableBgp": False}, "CustomBgpIpAddressesNeedBgp"),
        (
            {"gatewayCustomBgpIpAddresses": [{"ipConfigurationId": _own(0), "customBgpIpAddress": FIRST[0]}]},
            "GatewayCustomBgpIpAddressesIpConfigurationNotFound",
        ),
        (
            {
                "gatewayCustomBgpIpAddresses": [
                    {"ipConfigurationId": _own(0), "customBgpIpAddress": FIRST[0]},
                    {"ipConfigurationId": _own(1), "customBgpIpAddress": FIRST[1]},
                ]
            },
            "GatewayCustomBgpIpAddressNotFound",
        ),
        (
            {
                "gatewayCustomBgpIpAddresses": [
                    {"ipConfigurationId": _own(0), "customBgpIpAddress": "169.254.30.2"},
                    {"ipConfigurationId": _own(1), "customBgpIpAddress": SECOND[0]},
                ]
            },
            "VpnGatewayInvalidCustomBgpIpAddress",
        ),
    ],
)
def test_bad_connections_are_refused(azure: AzureWorld, change: dict[str, Any], code: str) -> None:
    _gateway(azure)
    _local(azure)
    with refused(code):
        _connection(azure, **change)


def test_bgp_is_needed_on_both_sides_with_different_asns(azure: AzureWorld) -> None:
    _gateway(azure)
    _local(azure, "static", bgpSettings=None, localNetworkAddressSpace={"addressPrefixes": ["10.9.0.0/16"]})
    with refused("BgpNotEnabledOnLocalNetworkGateway"):
        _connection(azure, local="static")
    _local(azure, "same", bgpSettings={"asn": 65010, "bgpPeeringAddress": "169.254.21.1"})
    with refused("BgpAsnsMustDiffer"):
        _connection(azure, local="same")


def test_a_gateway_without_bgp_carries_no_connection_with_it(azure: AzureWorld) -> None:
    _gateway(azure, enableBgp=False, bgpSettings=None)
    _local(azure)
    with refused("BgpNotEnabledOnVirtualNetworkGateway"):
        _connection(azure, gatewayCustomBgpIpAddresses=None)


def test_two_connections_need_two_local_gateways_and_two_peers(azure: AzureWorld) -> None:
    _gateway(azure)
    _local(azure)
    _connection(azure)
    with refused("VirtualNetworkGatewayConnectionToSameLocalNetworkGatewayExists"):
        _connection(azure, "second")
    _local(azure, "lng-2")
    with refused("DuplicateBgpPeerAddress"):
        _connection(azure, "second", "lng-2")
    _local(azure, "lng-3", bgpSettings={"asn": 64512, "bgpPeeringAddress": "169.254.22.1"})
    _connection(azure, "second", "lng-3")


def test_what_a_connection_joins_cannot_be_deleted_or_exchanged(azure: AzureWorld) -> None:
    gateway, local = _gateway(azure), _local(azure)
    _local(azure, "other")
    connection = _connection(azure)
    with refused("VirtualNetworkGatewayCannotBeDeleted"):
        azure.delete(gateway)
    with refused("LocalNetworkGatewayCannotBeDeleted"):
        azure.delete(local)
    with refused("VirtualNetworkGatewayConnectionEndsCannotBeModified"):
        azure.update(connection, localNetworkGateway2={"id": _id("localNetworkGateways", "other")})
    azure.update(connection, sharedKey="kOther", dpdTimeoutSeconds=30)
    for record in (connection, gateway, local):
        azure.delete(record)


def test_a_gateway_takes_one_write_at_a_time(azure: AzureWorld) -> None:
    gateway = _gateway(azure)
    _local(azure)
    kind = azure.package.kind("azure-native:network:VirtualNetworkGatewayConnection")
    inputs = {"virtualNetworkGateway1": {"id": gateway.id.upper()}}
    context = azure.operations.context(azure.package, kind, {}, urn="urn:pulumi:s::p::t::x", inputs=inputs)
    with azure.operations._exclusive(kind, context, inputs):
        with refused("AnotherOperationInProgress"):
            _connection(azure)
        with refused("AnotherOperationInProgress"):
            azure.update(gateway, tags={"a": "b"})
    _connection(azure)


def test_real_durations(azure: AzureWorld) -> None:
    assert azure.package.kind("azure-native:network:VirtualNetworkGateway").duration.create == 1800
    assert azure.package.kind("azure-native:network:VirtualNetworkGatewayConnection").duration.create == 90
