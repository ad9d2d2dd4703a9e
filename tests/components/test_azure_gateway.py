from __future__ import annotations

import pulumi_azure_native as azure_native
import pytest

from components.azure.gateway import VpnGateway, VpnGatewayArgs
from infra.plan import AzureSitePlan
from tests.components.azure_program import pair_with, planned
from tests.components.recording import Recording, record
from tests.infra.fleets import fleet_data


def build(size: str) -> Recording:
    plan = pair_with(sites={**SITES, "azure": {**SITES["azure"], "gateway": {"kind": "vpn-gateway", "size": size}}})
    site = plan.sites["azure"]
    assert isinstance(site, AzureSitePlan)

    def program() -> None:
        VpnGateway("azure-vpn", arguments(site))

    return record(program)


def arguments(site: AzureSitePlan) -> VpnGatewayArgs:
    return VpnGatewayArgs(
        plan=site,
        provider=azure_native.Provider("provider", location=site.region),
        resource_group_name="group",
        resource_group_id="/subscriptions/s/resourceGroups/group",
        subnet_id="/subscriptions/s/subnets/GatewaySubnet",
        workspace_id="/subscriptions/s/workspaces/logs",
    )


SITES = {
    "aws": {"cloud": "aws", "region": "us-east-1", "cidr": "10.16.0.0/16"},
    "azure": {"cloud": "azure", "region": "eastus", "cidr": "10.17.0.0/16"},
}


@pytest.fixture(scope="module")
def built() -> Recording:
    return build("VpnGw2AZ")


def test_two_fixed_standard_addresses_over_all_zones(built: Recording) -> None:
    addresses = built.of_type("PublicIPAddress")
    assert {address.name for address in addresses} == {"azure-vpn-ip-0", "azure-vpn-ip-1"}
    for address in addresses:
        assert address.inputs["sku"] == {"name": "Standard"}
        assert address.inputs["publicIPAllocationMethod"] == "Static"
        assert address.inputs["zones"] == ["1", "2", "3"]


def test_the_addresses_do_not_wait_for_the_gateway(built: Recording) -> None:
    gateway = built.named("azure-vpn-gateway")
    for address in built.of_type("PublicIPAddress"):
        assert built.waits_for(gateway, address)
        assert not built.waits_for(address, gateway)


def test_route_based_active_active_with_bgp(built: Recording) -> None:
    gateway = built.named("azure-vpn-gateway").inputs
    assert (gateway["gatewayType"], gateway["vpnType"]) == ("Vpn", "RouteBased")
    assert gateway["activeActive"] is True
    assert gateway["enableBgp"] is True
    assert len(gateway["ipConfigurations"]) == 2


def test_each_instance_has_its_own_address_and_custom_bgp_addresses(built: Recording) -> None:
    gateway = built.named("azure-vpn-gateway").inputs
    configurations = [one["name"] for one in gateway["ipConfigurations"]]
    peering = gateway["bgpSettings"]["bgpPeeringAddresses"]
    assert [one["customBgpIpAddresses"] for one in peering] == [
        ["169.254.21.2", "169.254.22.2"],
        ["169.254.21.6", "169.254.22.6"],
    ]
    assert [one["ipconfigurationId"] for one in peering] == [
        "/subscriptions/s/resourceGroups/group/providers/Microsoft.Network/virtualNetworkGateways/"
        f"{gateway['virtualNetworkGatewayName']}/ipConfigurations/{configuration}"
        for configuration in configurations
    ]
    for number, one in enumerate(gateway["ipConfigurations"]):
        assert one["publicIPAddress"]["id"].endswith(f"/azure-vpn-ip-{number}")


def test_the_gateway_as_a_whole_has_no_peering_address(built: Recording) -> None:
    assert "bgpPeeringAddress" not in built.named("azure-vpn-gateway").inputs["bgpSettings"]


def test_the_asn_is_the_plans(built: Recording) -> None:
    assert built.named("azure-vpn-gateway").inputs["bgpSettings"]["asn"] == 64529


@pytest.mark.parametrize(
    ("size", "generation"),
    [("VpnGw1AZ", "Generation1"), ("VpnGw2AZ", "Generation2"), ("VpnGw5AZ", "Generation2")],
)
def test_the_generation_follows_from_the_size(size: str, generation: str) -> None:
    gateway = build(size).named("azure-vpn-gateway").inputs
    assert gateway["sku"] == {"name": size, "tier": size}
    assert gateway["vpnGatewayGeneration"] == generation


def test_a_gateway_has_two_hours_and_goes_before_its_successor_comes(built: Recording) -> None:
    gateway = built.named("azure-vpn-gateway")
    assert gateway.timeouts == {"create": "2h", "update": "2h", "delete": "2h"}
    assert gateway.delete_before_replace


def test_logs_of_tunnels_routes_and_key_exchange_are_kept(built: Recording) -> None:
    logs = built.named("azure-vpn-logs").inputs["logs"]
    assert {log["category"] for log in logs} == {
        "GatewayDiagnosticLog",
        "TunnelDiagnosticLog",
        "RouteDiagnosticLog",
        "IKEDiagnosticLog",
    }


def test_a_gateway_for_three_links_has_the_addresses_of_all() -> None:
    sites = {"aws": "aws", "azure": "azure", "aws-2": "aws", "aws-3": "aws"}
    site = planned(fleet_data(sites, {"azure-1": ("azure", 1)})).sites["azure"]
    assert isinstance(site, AzureSitePlan)
    recording = record(lambda: VpnGateway("azure-vpn", arguments(site)))
    first, second = recording.named("azure-vpn-gateway").inputs["bgpSettings"]["bgpPeeringAddresses"]
    assert len(first["customBgpIpAddresses"]) == len(second["customBgpIpAddresses"]) == 6
    assert not set(first["customBgpIpAddresses"]) & set(second["customBgpIpAddresses"])


def test_a_site_without_a_gateway_is_refused_by_name() -> None:
    site = planned(fleet_data({"azure": "azure"}, {"azure-1": ("azure", 1)})).sites["azure"]
    assert isinstance(site, AzureSitePlan)
    with pytest.raises(ValueError, match=r"plan: the site 'azure' has no gateway"):
        record(lambda: VpnGateway("azure-vpn", arguments(site)))
