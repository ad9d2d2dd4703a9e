"""What the simulator answers must have the shape that the SDK reads, or the program dies on it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest
from pulumi._types import resource_types
from pulumi.runtime.rpc import translate_output_properties

from simulator.azure.resource_identity import echoed_identity
from simulator.values import UNKNOWN
from tests.simulator.test_azure_aks import Site
from tests.simulator.test_azure_aks import _pool as agent_pool
from tests.simulator.test_azure_logs import _account, _flow_log, _link, _setting, _workspace, _zone
from tests.simulator.test_azure_network import ROUTE, RULE
from tests.simulator.test_azure_vpn import _connection, _gateway, _local

if TYPE_CHECKING:
    from pathlib import Path

    from simulator.world import Record
    from tests.simulator.azure_world import AzureWorld


def _class_of(token: str) -> type:
    _, module, name = token.split(":")
    found: type = getattr(importlib.import_module(f"pulumi_azure_native.{module}"), name)
    return found


def _read_by_sdk(record: Record) -> None:
    types = resource_types(_class_of(record.token))
    for name, value in record.outputs.items():
        if name in types:
            translate_output_properties(value, lambda key: key, types[name], transform_using_type_metadata=True)


@pytest.fixture
def everything(tmp_path: Path) -> AzureWorld:
    azure = Site(tmp_path)
    azure.cluster()
    agent_pool(azure)
    azure.subnet("GatewaySubnet", "10.1.128.0/27")
    azure.address("ip-0")
    azure.address("ip-1")
    _gateway(azure)
    _local(azure)
    _connection(azure)
    azure.security_group()
    azure.create("network:SecurityRule", "rule", **RULE)
    azure.create("network:RouteTable", "table", resourceGroupName="rg", disableBgpRoutePropagation=False)
    azure.create("network:Route", "route", **ROUTE)
    other: dict[str, Any] = azure.network(
        "other", "10.2.0.0/16", subnets=[{"name": "a", "addressPrefix": "10.2.0.0/24"}]
    )
    remote = {"remoteVirtualNetwork": {"id": other.id}}
    azure.create(
        "network:VirtualNetworkPeering", "peering", resourceGroupName="rg", virtualNetworkName="vnet", **remote
    )
    azure.create("network:PublicIPPrefix", "prefix", resourceGroupName="rg", sku={"name": "Standard"}, prefixLength=30)
    azure.create(
        "managedidentity:FederatedIdentityCredential",
        "credential",
        resourceGroupName="rg",
        resourceName="control",
        audiences=["api://AzureADTokenExchange"],
        issuer="https://issuer/",
        subject="system:serviceaccount:a:b",
    )
    identity = {"type": "SystemAssigned"}
    workspace = _workspace(azure)
    _setting(azure, azure.own_vault, workspaceId=workspace.id)
    account = _account(azure, identity=identity)
    _flow_log(azure, other, account)
    _zone(azure)
    _link(azure, other)
    return azure


def test_the_sdk_reads_every_output(everything: AzureWorld) -> None:
    records = everything.world.records()
    for record in records:
        _read_by_sdk(record)
    kinds = {record.token for record in records}
    missing = {kind for kind in everything.package.kinds if kind not in kinds}
    assert missing == {
        "azure-native:containerservice:MaintenanceConfiguration",
        "azure-native:network:NetworkWatcher",
        "azure-native:network:PrivateEndpoint",
    }


@pytest.mark.parametrize(
    ("ids", "users"),
    [
        (["/subscriptions/x/one"], {"/subscriptions/x/one": {}}),
        (["/subscriptions/x/one", UNKNOWN], UNKNOWN),
        (UNKNOWN, UNKNOWN),
    ],
)
def test_a_preview_knows_an_identity_in_the_shape_of_the_output(ids: object, users: object) -> None:
    inputs = {"identity": {"type": "UserAssigned", "userAssignedIdentities": ids}}
    assert echoed_identity(inputs) == {"identity": {"type": "UserAssigned", "userAssignedIdentities": users}}
    assert echoed_identity({"identity": UNKNOWN}) == {"identity": UNKNOWN}
    assert echoed_identity({}) == {}
