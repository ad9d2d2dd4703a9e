from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.simulator.azure_refusals import refused
from tests.simulator.azure_world import AzureWorld

if TYPE_CHECKING:
    from pathlib import Path

    from simulator.world import Record


@pytest.fixture
def azure(tmp_path: Path) -> AzureWorld:
    world = AzureWorld(tmp_path)
    world.group()
    world.network("one", "10.1.0.0/16")
    world.network("two", "10.2.0.0/16")
    return world


def _id(name: str) -> str:
    group = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg"
    return f"{group}/providers/Microsoft.Network/virtualNetworks/{name}"


def _peering(azure: AzureWorld, here: str, there: str, **more: object) -> Record:
    return azure.create(
        "network:VirtualNetworkPeering",
        more.pop("name", f"{here}-{there}"),
        resourceGroupName="rg",
        virtualNetworkName=here,
        remoteVirtualNetwork={"id": _id(there)},
        **more,
    )


def _with_gateway(azure: AzureWorld, network: str, prefix: str) -> Record:
    subnet = azure.subnet("GatewaySubnet", prefix, network)
    address = azure.address(f"ip-{network}")
    return azure.create(
        "network:VirtualNetworkGateway",
        f"gateway-{network}",
        resourceGroupName="rg",
        gatewayType="Vpn",
        vpnType="RouteBased",
        sku={"name": "VpnGw1AZ", "tier": "VpnGw1AZ"},
        ipConfigurations=[{"name": "a", "subnet": {"id": subnet.id}, "publicIPAddress": {"id": address.id}}],
    )


def test_a_peering_is_connected_once_both_sides_are_there(azure: AzureWorld) -> None:
    one = _peering(azure, "one", "two")
    assert one.outputs["peeringState"] == "Initiated"
    two = _peering(azure, "two", "one")
    assert two.outputs["peeringState"] == azure.again(one).outputs["peeringState"] == "Connected"
    assert two.outputs["remoteAddressSpace"] == {"addressPrefixes": ["10.1.0.0/16"]}


def test_the_side_that_stays_is_disconnected_and_lets_no_other_in(azure: AzureWorld) -> None:
    one, two = _peering(azure, "one", "two"), _peering(azure, "two", "one")
    azure.delete(two)
    assert azure.again(one).outputs["peeringState"] == "Disconnected"
    with refused("RemotePeeringIsDisconnected"):
        _peering(azure, "two", "one")


def test_deleting_a_network_takes_its_peerings_and_disconnects_the_others(azure: AzureWorld) -> None:
    one, two = _peering(azure, "one", "two"), _peering(azure, "two", "one")
    azure.delete(azure.world.find("azure-native:network:VirtualNetwork")[0])
    assert azure.gone(one)
    assert azure.again(two).outputs["peeringState"] == "Disconnected"


def test_networks_that_overlap_cannot_be_peered(azure: AzureWorld) -> None:
    azure.network("three", "10.1.128.0/17")
    with refused("VnetAddressSpacesOverlap"):
        _peering(azure, "one", "three")
    _peering(azure, "two", "one")
    with refused("VnetAddressSpaceOverlapsWithAlreadyPeeredVnet"):
        _peering(azure, "two", "three")


def test_a_peered_network_cannot_grow_into_its_peer(azure: AzureWorld) -> None:
    _peering(azure, "one", "two")
    network = azure.world.find("azure-native:network:VirtualNetwork")[0]
    with refused("VnetAddressSpaceOverlapsWithAlreadyPeeredVnet"):
        azure.update(network, addressSpace={"addressPrefixes": ["10.1.0.0/16", "10.2.0.0/24"]})


def test_peerings_that_make_no_sense(azure: AzureWorld) -> None:
    with refused("VnetCannotPeerToSelf"):
        _peering(azure, "one", "one")
    with refused("InvalidResourceReference"):
        _peering(azure, "one", "none")
    with refused("ParentResourceNotFound"):
        _peering(azure, "none", "one")
    peering = _peering(azure, "one", "two")
    with refused("AnotherPeeringAlreadyReferencesRemoteVnet"):
        _peering(azure, "one", "two", name="again")
    azure.network("three", "10.3.0.0/16")
    with refused("ChangingRemoteVirtualNetworkNotAllowed"):
        azure.update(peering, remoteVirtualNetwork={"id": _id("three")})


def test_a_remote_gateway_must_be_there_and_offered(azure: AzureWorld) -> None:
    with refused("RemoteVnetHasNoGateways"):
        _peering(azure, "one", "two", useRemoteGateways=True)
    _with_gateway(azure, "two", "10.2.0.0/27")
    with refused("RemotePeeringDoesNotAllowGatewayTransit"):
        _peering(azure, "one", "two", useRemoteGateways=True)
    back = _peering(azure, "two", "one", allowGatewayTransit=True)
    _peering(azure, "one", "two", useRemoteGateways=True)
    with refused("PeeringInUseByRemoteGatewayTransit"):
        azure.delete(back)


def test_who_has_a_gateway_uses_no_other(azure: AzureWorld) -> None:
    _with_gateway(azure, "one", "10.1.0.0/27")
    with refused("PeeringUseRemoteGatewaysNotAllowedWithLocalGateway"):
        _peering(azure, "one", "two", useRemoteGateways=True)
