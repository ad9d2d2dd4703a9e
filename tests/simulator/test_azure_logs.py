from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.azure_refusals import refused
from tests.simulator.azure_world import AzureWorld, CheckFailed

if TYPE_CHECKING:
    from pathlib import Path

    from simulator.world import Record


@pytest.fixture
def azure(tmp_path: Path) -> AzureWorld:
    world = AzureWorld(tmp_path)
    world.group()
    return world


def _workspace(azure: AzureWorld, name: str = "logs", **more: object) -> Record:
    return azure.create("operationalinsights:Workspace", name, **{"resourceGroupName": "rg", **more})


def _account(azure: AzureWorld, name: str = "flowlogs", **more: object) -> Record:
    inputs = {"resourceGroupName": "rg", "kind": "StorageV2", "sku": {"name": "Standard_ZRS"}, **more}
    return azure.create("storage:StorageAccount", name, **inputs)


# --- workspaces and diagnostic settings


def test_a_workspace_has_a_customer_id_and_defaults(azure: AzureWorld) -> None:
    outputs = _workspace(azure).outputs
    assert outputs["customerId"]
    assert outputs["retentionInDays"] == 30


@pytest.mark.parametrize("change", [{"retentionInDays": 29}, {"retentionInDays": 731}, {"sku": {"name": "PerNode"}}])
def test_bad_workspaces_are_refused(azure: AzureWorld, change: dict[str, Any]) -> None:
    with refused("InvalidParameter"):
        _workspace(azure, **change)
    with pytest.raises(CheckFailed, match="does not match pattern"):
        _workspace(azure, "ab")


def _setting(azure: AzureWorld, vault: Record, name: str = "audit", **changes: object) -> Record:
    inputs = {
        "name": name,
        "resourceUri": vault.id,
        "workspaceId": vault.id.partition("/providers/")[0]
        + "/providers/Microsoft.OperationalInsights/workspaces/logs",
        "logs": [{"category": "AuditEvent", "enabled": True}],
        **changes,
    }
    return azure.create("monitor:DiagnosticSetting", name, **inputs)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"resourceUri": "/subscriptions/x/none"}, "ResourceNotFound"),
        ({"workspaceId": "/subscriptions/x/none"}, "ResourceNotFound"),
        ({"workspaceId": None}, "BadRequest"),
        ({"logs": []}, "BadRequest"),
        ({"logs": [{"category": "kube-audit", "enabled": True}]}, "BadRequest"),
        ({"logs": [{"enabled": True}]}, "BadRequest"),
        ({"logs": [{"category": "AuditEvent", "enabled": True}] * 2}, "BadRequest"),
    ],
)
def test_bad_settings_are_refused(azure: AzureWorld, change: dict[str, Any], code: str) -> None:
    _workspace(azure)
    vault = azure.vault()
    with refused(code):
        _setting(azure, vault, **change)


def test_a_category_goes_to_a_workspace_once(azure: AzureWorld) -> None:
    _workspace(azure)
    vault = azure.vault()
    setting = _setting(azure, vault)
    assert setting.id == f"{vault.id}/providers/Microsoft.Insights/diagnosticSettings/audit"
    with refused("Conflict"):
        _setting(azure, vault, "again")


def test_a_resource_has_five_settings(azure: AzureWorld) -> None:
    vault = azure.vault()
    for number in range(5):
        workspace = _workspace(azure, f"logs-{number}")
        _setting(azure, vault, f"setting-{number}", workspaceId=workspace.id)
    with refused("BadRequest", "more than 5"):
        _setting(azure, vault, "sixth", workspaceId=_workspace(azure).id)


# --- storage


@pytest.mark.parametrize(("name", "code"), [("Upper", "AccountNameInvalid"), ("has-hyphen", "AccountNameInvalid")])
def test_bad_account_names_are_refused(azure: AzureWorld, name: str, code: str) -> None:
    with refused(code):
        _account(azure, name)


@pytest.mark.parametrize("name", ["ab", "x" * 25])
def test_account_names_have_3_to_24_letters(azure: AzureWorld, name: str) -> None:
    with pytest.raises(CheckFailed, match="3 to 24"):
        _account(azure, name)


def test_an_account_name_is_taken_in_the_whole_world(azure: AzureWorld) -> None:
    account = _account(azure)
    assert account.outputs["primaryEndpoints"]["blob"] == "https://flowlogs.blob.core.windows.net/"
    azure.group("other")
    with refused("StorageAccountAlreadyTaken"):
        azure.create(
            "storage:StorageAccount", "again", accountName="flowlogs", resourceGroupName="other", kind="StorageV2",
            sku={"name": "Standard_ZRS"},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "BlockBlobStorage"}, "InvalidAccountType"),
        ({"kind": "Storage", "accessTier": "Hot"}, "InvalidAccountType"),
        ({"allowSharedKeyAccess": False, "isSftpEnabled": True}, "InvalidRequestPropertyValue"),
    ],
)
def test_accounts_that_make_no_sense_are_refused(azure: AzureWorld, change: dict[str, Any], code: str) -> None:
    with refused(code):
        _account(azure, **change)


# --- flow logs


def _flow_log(azure: AzureWorld, target: Record, account: Record, **changes: object) -> Record:
    inputs = {
        "resourceGroupName": "NetworkWatcherRG",
        "networkWatcherName": "NetworkWatcher_westeurope",
        "targetResourceId": target.id,
        "storageId": account.id,
        "enabled": True,
        **changes,
    }
    return azure.create("network:FlowLog", "flows", **inputs)


def test_azures_own_watcher_is_there_with_the_first_network(azure: AzureWorld) -> None:
    account = _account(azure)
    group = azure.security_group()
    with refused("ResourceGroupNotFound"):
        _flow_log(azure, group, account)
    network = azure.network()
    _flow_log(azure, network, account)
    with refused("NetworkWatcherCountLimitReached"):
        azure.create("network:NetworkWatcher", "mine", resourceGroupName="rg")


def test_a_watcher_of_ones_own_comes_before_the_networks(azure: AzureWorld) -> None:
    azure.create("network:NetworkWatcher", "mine", resourceGroupName="rg")
    with refused("NetworkWatcherCountLimitReached"):
        azure.create("network:NetworkWatcher", "second", resourceGroupName="rg")
    network = azure.network()
    _flow_log(azure, network, _account(azure), resourceGroupName="rg", networkWatcherName="mine")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"resourceGroupName": "none"}, "ResourceGroupNotFound"),
        ({"networkWatcherName": "other"}, "ParentResourceNotFound"),
        ({"targetResourceId": "/subscriptions/x/none"}, "InvalidTargetResourceId"),
        ({"targetResourceId": "/subscriptions/x/networkSecurityGroups/nsg"}, "NsgFlowLogCreationNotAllowed"),
        ({"storageId": "/subscriptions/x/none"}, "InvalidStorageId"),
        ({"retentionPolicy": {"enabled": True, "days": 366}}, "InvalidFlowLogRetention"),
    ],
)
def test_bad_flow_logs_are_refused(azure: AzureWorld, change: dict[str, Any], code: str) -> None:
    network, account = azure.network(), _account(azure)
    with refused(code):
        _flow_log(azure, network, account, **change)


def test_storage_stands_in_the_flow_logs_region(azure: AzureWorld) -> None:
    network = azure.network()
    with refused("InvalidStorageId"):
        _flow_log(azure, network, _account(azure, location="northeurope"))


def test_a_network_is_logged_once_to_an_account(azure: AzureWorld) -> None:
    network, account = azure.network(), _account(azure)
    _flow_log(azure, network, account)
    with refused("FlowLogAlreadyExistsForTarget"):
        _flow_log(azure, network, account, flowLogName="again")


# --- private DNS and endpoints


def _zone(azure: AzureWorld, name: str = "example.internal", **more: object) -> Record:
    return azure.create("privatedns:PrivateZone", name, resourceGroupName="rg", **more)


def _link(
    azure: AzureWorld, network: Record, name: str = "link", zone: str = "example.internal", **more: object
) -> Record:
    inputs = {"resourceGroupName": "rg", "privateZoneName": zone, "virtualNetwork": {"id": network.id}, **more}
    return azure.create("privatedns:VirtualNetworkLink", name, **inputs)


def test_zones_and_links(azure: AzureWorld) -> None:
    with refused("LocationNotAvailableForResourceType"):
        _zone(azure, location="westeurope")
    with refused("BadRequest"):
        _zone(azure, "single")
    network = azure.network()
    with refused("ParentResourceNotFound"):
        _link(azure, network)
    zone = _zone(azure, location="Global")
    link = _link(azure, network, registrationEnabled=True)
    with refused("Conflict"):
        _link(azure, network, "again")
    _zone(azure, "other.internal")
    with refused("Conflict", "registration"):
        _link(azure, network, "second", "other.internal", registrationEnabled=True)
    with refused("CannotDeleteResource"):
        azure.delete(zone)
    azure.delete(link)
    azure.delete(zone)


def test_private_endpoints(azure: AzureWorld) -> None:
    azure.network()
    subnet, vault = azure.subnet("endpoints", "10.1.0.0/24"), azure.vault()
    given: dict[str, Any] = {
        "resourceGroupName": "rg",
        "subnet": {"id": subnet.id},
        "privateLinkServiceConnections": [{"name": "a", "privateLinkServiceId": vault.id, "groupIds": ["vault"]}],
    }
    for change, code in (
        ({"privateLinkServiceConnections": []}, "InvalidRequestFormat"),
        (
            {"privateLinkServiceConnections": [{"name": "a", "privateLinkServiceId": vault.id + "x"}]},
            "InvalidResourceReference",
        ),
        ({"subnet": None}, "InvalidRequestFormat"),
    ):
        with refused(code):
            azure.create("network:PrivateEndpoint", "endpoint", **{**given, **change})
    azure.create("network:PrivateEndpoint", "endpoint", **given)
    with refused("InUseSubnetCannotBeDeleted"):
        azure.delete(subnet)
