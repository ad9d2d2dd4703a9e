from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.simulator.azure_refusals import refused
from tests.simulator.azure_world import AzureWorld, CheckFailed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def azure(tmp_path: Path) -> AzureWorld:
    return AzureWorld(tmp_path)


def test_a_group_has_an_id_as_azure_writes_it(azure: AzureWorld) -> None:
    group = azure.group()
    assert group.id == "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg"
    assert group.outputs["location"] == "westeurope"


def test_ids_and_group_names_compare_without_case(azure: AzureWorld) -> None:
    azure.group()
    network = azure.network(resourceGroupName="RG")
    assert azure.world.one(network.token, network.id.upper()) is not None


def test_an_unknown_group_is_refused(azure: AzureWorld) -> None:
    with refused("ResourceGroupNotFound", "'rg' could not be found"):
        azure.network()


@pytest.mark.parametrize("name", ["ends.", "sp ace", "x" * 91])
def test_a_bad_group_name_is_refused_by_the_provider(azure: AzureWorld, name: str) -> None:
    with pytest.raises(CheckFailed, match="does not match pattern"):
        azure.create("resources:ResourceGroup", name, location="westeurope")


def test_an_unknown_location_is_refused(azure: AzureWorld) -> None:
    with refused("LocationNotAvailableForResourceGroup"):
        azure.group(location="middleearth")
    azure.group()
    with refused("LocationNotAvailableForResourceType"):
        azure.network(location="middleearth")


def test_the_same_resource_twice_is_refused(azure: AzureWorld) -> None:
    azure.group()
    azure.network()
    with refused("ResourceAlreadyExists", "cannot create already existing resource"):
        azure.create(
            "network:VirtualNetwork",
            "other",
            resourceGroupName="rg",
            virtualNetworkName="VNET",
            addressSpace={"addressPrefixes": ["10.9.0.0/16"]},
        )


def test_what_arm_cannot_move_is_refused_and_what_the_provider_replaces_is_replaced(azure: AzureWorld) -> None:
    azure.group()
    network, group = azure.network(location="westeurope"), azure.security_group()
    assert azure.replaces(network, location="northeurope") == {"location"}
    assert azure.replaces(network, location="West Europe") == set()
    assert azure.replaces(group, location="northeurope") == set()
    with refused("InvalidResourceLocation"):
        azure.update(group, location="northeurope")


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({f"t{number}": "x" for number in range(51)}, "InvalidTags"),
        ({"a/b": "x"}, "InvalidTagNameCharacters"),
        ({"azureThing": "x"}, "ReservedTagName"),
        ({"t": "x" * 257}, "InvalidTagNameLength"),
    ],
)
def test_bad_tags_are_refused(azure: AzureWorld, tags: dict[str, str], code: str) -> None:
    azure.group()
    with refused(code):
        azure.security_group(tags=tags)


def test_fifty_tags_are_taken(azure: AzureWorld) -> None:
    azure.group()
    tags = {f"t{number}": "x" for number in range(50)}
    assert azure.security_group(tags=tags).outputs["tags"] == tags


def test_deleting_a_group_deletes_all_that_is_in_it(azure: AzureWorld) -> None:
    group = azure.group()
    azure.network()
    azure.subnet("nodes", "10.1.0.0/24")
    azure.vault()
    azure.delete(group)
    assert azure.world.count() == 0


def test_a_group_that_something_outside_uses_is_not_deleted(azure: AzureWorld) -> None:
    group = azure.group()
    azure.group("other")
    local = azure.create(
        "network:LocalNetworkGateway",
        "lng",
        resourceGroupName="rg",
        gatewayIpAddress="52.1.2.3",
        localNetworkAddressSpace={"addressPrefixes": ["10.9.0.0/16"]},
    )
    azure.network(resourceGroupName="other")
    azure.subnet("GatewaySubnet", "10.1.0.0/27", resourceGroupName="other")
    address = azure.address("ip", resourceGroupName="other")
    subnet = f"{azure.world.find('azure-native:network:Subnet')[0].id}"
    gateway = azure.create(
        "network:VirtualNetworkGateway",
        "gateway",
        resourceGroupName="other",
        gatewayType="Vpn",
        vpnType="RouteBased",
        sku={"name": "VpnGw1AZ", "tier": "VpnGw1AZ"},
        ipConfigurations=[{"name": "a", "subnet": {"id": subnet}, "publicIPAddress": {"id": address.id}}],
    )
    azure.create(
        "network:VirtualNetworkGatewayConnection",
        "connection",
        resourceGroupName="other",
        connectionType="IPsec",
        virtualNetworkGateway1={"id": gateway.id},
        localNetworkGateway2={"id": local.id},
    )
    with refused("ResourceGroupDeletionBlocked"):
        azure.delete(group)
    assert not azure.gone(local)
