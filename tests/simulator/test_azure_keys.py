from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.azure_refusals import refused
from tests.simulator.azure_world import CRYPTO_USER, ENCRYPTION_USER, AzureWorld, CheckFailed

if TYPE_CHECKING:
    from pathlib import Path

    from simulator.world import Record


NOBODY = "4d97b98b-1d4f-4787-a291-000000000000"


@pytest.fixture
def azure(tmp_path: Path) -> AzureWorld:
    world = AzureWorld(tmp_path)
    world.group()
    return world


# --- vaults


@pytest.mark.parametrize("name", ["ab", "x" * 25, "1vault", "vault-", "va--ult", "va_ult"])
def test_bad_vault_names_are_refused_by_the_provider(azure: AzureWorld, name: str) -> None:
    with pytest.raises(CheckFailed, match="vaultName"):
        azure.vault(name)


def test_a_vault_name_is_taken_in_the_whole_world(azure: AzureWorld) -> None:
    azure.vault()
    azure.group("other")
    properties = {"sku": {"family": "A", "name": "standard"}, "tenantId": "99999999-8888-4777-8666-555555555555"}
    with refused("VaultAlreadyExists"):
        azure.create(
            "keyvault:Vault",
            "again",
            vaultName="VAULT-one",
            resourceGroupName="other",
            properties={**properties, "enableRbacAuthorization": True},
        )


def test_a_deleted_vault_keeps_its_name(azure: AzureWorld) -> None:
    vault = azure.vault()
    azure.delete(vault)
    assert azure.world.count() == 1
    with refused("ConflictError", "deleted state"):
        azure.vault()
    azure.vault("vault-two")


def test_a_vault_deleted_with_its_group_keeps_its_name_too(azure: AzureWorld) -> None:
    azure.vault()
    azure.delete(azure.world.find("azure-native:resources:ResourceGroup")[0])
    azure.group()
    with refused("ConflictError"):
        azure.vault()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"enablePurgeProtection": False}, "irreversible"),
        ({"enableSoftDelete": False}, "enableSoftDelete"),
        ({"softDeleteRetentionInDays": 6}, "between 7 and 90"),
        ({"tenantId": "mine"}, "tenant ID"),
        ({"enableRbacAuthorization": None}, "accessPolicies"),
    ],
)
def test_bad_vaults_are_refused(azure: AzureWorld, change: dict[str, Any], words: str) -> None:
    with refused("BadRequest", words):
        azure.vault(**change)


def test_what_a_vault_cannot_go_back_on(azure: AzureWorld) -> None:
    vault = azure.vault()
    assert vault.outputs["properties"]["vaultUri"] == "https://vault-one.vault.azure.net/"
    properties = dict(vault.inputs["properties"])
    with refused("BadRequest", "irreversible"):
        azure.update(vault, properties={**properties, "enablePurgeProtection": None})
    with refused("BadRequest", "softDeleteRetentionInDays"):
        azure.update(vault, properties={**properties, "softDeleteRetentionInDays": 30})
    azure.update(vault, properties={**properties, "publicNetworkAccess": "Disabled"})


# --- keys


def test_a_key_has_a_versioned_url_that_stays(azure: AzureWorld) -> None:
    azure.vault()
    key = azure.key()
    url = key.outputs["keyUriWithVersion"]
    assert url.startswith("https://vault-one.vault.azure.net/keys/key/")
    assert len(url.rpartition("/")[2]) == 32
    assert azure.update(key, tags={"a": "b"}).outputs["keyUriWithVersion"] == url


def test_a_key_needs_its_vault(azure: AzureWorld) -> None:
    with refused("ParentResourceNotFound"):
        azure.key()


@pytest.mark.parametrize(
    "change",
    [
        {"keySize": 1024},
        {"curveName": "P-256"},
        {"kty": "EC"},
        {"kty": "EC", "keySize": None, "curveName": "P-257"},
        {"kty": "EC", "keySize": None, "keyOps": ["encrypt"]},
        {"keyOps": ["wrapkey"]},
        {"kty": "oct"},
    ],
)
def test_bad_keys_are_refused(azure: AzureWorld, change: dict[str, Any]) -> None:
    azure.vault()
    try:
        with refused("BadParameter"):
            azure.key(**change)
    except CheckFailed as failed:
        assert "expected one of" in str(failed)  # noqa: PT017 - the schema knows some of them


def test_a_key_in_hardware_needs_a_premium_vault(azure: AzureWorld) -> None:
    azure.vault(sku={"family": "A", "name": "standard"})
    with refused("BadParameter", "premium"):
        azure.key(kty="RSA-HSM")
    azure.key()


# --- disk encryption sets


def _disks(azure: AzureWorld, key: Record, identity: Record | None, /, **changes: object) -> Record:
    given = (
        {"type": "UserAssigned", "userAssignedIdentities": [identity.id]} if identity else {"type": "SystemAssigned"}
    )
    inputs = {
        "resourceGroupName": "rg",
        "identity": given,
        "activeKey": {"keyUrl": key.outputs["keyUriWithVersion"]},
        **changes,
    }
    return azure.create("compute:DiskEncryptionSet", "disks", **inputs)


def test_the_identity_must_have_its_role_before_the_set(azure: AzureWorld) -> None:
    vault, identity = azure.vault(), azure.identity()
    key = azure.key()
    with refused("KeyVaultAccessForbidden", "Please grant get, wrap and unwrap key permissions"):
        _disks(azure, key, identity)
    azure.grant("role", identity, ENCRYPTION_USER, vault.id)
    disks = _disks(azure, key, identity)
    with refused("PropertyChangeNotAllowed"):
        azure.update(disks, encryptionType="EncryptionAtRestWithPlatformAndCustomerKeys")


def test_access_policies_do_where_a_vault_has_no_roles(azure: AzureWorld) -> None:
    identity = azure.identity()
    policy = {
        "objectId": identity.outputs["principalId"],
        "tenantId": identity.outputs["tenantId"],
        "permissions": {"keys": ["get", "wrapKey", "unwrapKey"]},
    }
    azure.vault(enableRbacAuthorization=False, accessPolicies=[policy])
    _disks(azure, azure.key(), identity)


def test_a_set_with_an_identity_of_its_own_gets_a_principal(azure: AzureWorld) -> None:
    azure.vault()
    disks = _disks(azure, azure.key(), None)
    assert disks.outputs["identity"]["principalId"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"activeKey": {"keyUrl": "https://vault-one.vault.azure.net/keys/none/x"}}, "KeyVaultKeyNotFound"),
        ({"activeKey": {"keyUrl": "https://vault-one.vault.azure.net/keys/key"}}, "InvalidParameter"),
        ({"identity": None}, "InvalidParameter"),
        ({"identity": {"type": "UserAssigned"}}, "InvalidParameter"),
        ({"location": "northeurope"}, "KeyVaultAndDiskEncryptionSetRegionMismatch"),
    ],
)
def test_bad_sets_are_refused(azure: AzureWorld, change: dict[str, Any], code: str) -> None:
    azure.vault()
    with refused(code):
        _disks(azure, azure.key(), None, **change)


def test_a_set_needs_a_vault_with_purge_protection(azure: AzureWorld) -> None:
    azure.vault(enablePurgeProtection=None)
    with refused("KeyVaultPurgeProtectionNotEnabled"):
        _disks(azure, azure.key(), None)


def test_a_set_needs_an_rsa_key_of_its_source_vault(azure: AzureWorld) -> None:
    azure.vault()
    curve = azure.key("curve", kty="EC", keySize=None)
    with refused("InvalidParameter", "RSA"):
        _disks(azure, curve, None)
    other = azure.vault("vault-two")
    key = azure.key()
    wrong = {"keyUrl": key.outputs["keyUriWithVersion"], "sourceVault": {"id": other.id}}
    with refused("KeyVaultAndKeyUrlMismatch"):
        _disks(azure, key, None, activeKey=wrong)


# --- roles


def test_a_role_of_the_group_holds_for_what_is_in_it(azure: AzureWorld) -> None:
    vault, identity = azure.vault(), azure.identity()
    azure.grant("role", identity, CRYPTO_USER, vault.id.partition("/providers/")[0])
    _disks(azure, azure.key(), identity)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"roleAssignmentName": "mine"}, "InvalidRoleAssignmentId"),
        ({"roleDefinitionId": "Reader"}, "InvalidRoleDefinitionId"),
        (
            {"roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{NOBODY}"},
            "RoleDefinitionDoesNotExist",
        ),
        ({"principalId": "mine"}, "InvalidPrincipalId"),
        ({"principalId": NOBODY}, "PrincipalNotFound"),
        ({"principalType": "Group"}, "UnmatchedPrincipalType"),
    ],
)
def test_bad_assignments_are_refused(azure: AzureWorld, change: dict[str, Any], code: str) -> None:
    vault, identity = azure.vault(), azure.identity()
    with refused(code):
        azure.grant("role", identity, CRYPTO_USER, vault.id, **change)


def test_a_scope_must_exist(azure: AzureWorld) -> None:
    identity = azure.identity()
    subscription = "/subscriptions/11111111-2222-4333-8444-555555555555"
    with refused("ResourceGroupNotFound"):
        azure.grant("role", identity, CRYPTO_USER, f"{subscription}/resourceGroups/none")
    with refused("ResourceNotFound"):
        azure.grant("role", identity, CRYPTO_USER, f"{identity.id}x")
    with pytest.raises(CheckFailed, match="scope"):
        azure.grant("role", identity, CRYPTO_USER, "rg/a/b/c")
    azure.grant("role", identity, CRYPTO_USER, subscription)


def test_an_assignment_is_made_once_and_changes_by_replacement(azure: AzureWorld) -> None:
    vault, identity = azure.vault(), azure.identity()
    name = "4d97b98b-1d4f-4787-a291-c67834d212e8"
    made = azure.grant("role", identity, CRYPTO_USER, vault.id, roleAssignmentName=name)
    assert made.id == f"{vault.id}/providers/Microsoft.Authorization/roleAssignments/{name}"
    with refused("RoleAssignmentExists"):
        azure.grant("again", identity, CRYPTO_USER, vault.id)
    azure.grant("other", identity, ENCRYPTION_USER, vault.id)
    assert azure.replaces(made, principalId="x") == {"principalId"}
    with refused("RoleAssignmentUpdateNotPermitted"):
        azure.update(made, roleDefinitionId=made.inputs["roleDefinitionId"].replace(CRYPTO_USER, ENCRYPTION_USER))


def test_users_and_groups_are_taken_on_trust(azure: AzureWorld) -> None:
    vault, identity = azure.vault(), azure.identity()
    group = NOBODY
    azure.grant("role", identity, CRYPTO_USER, vault.id, principalId=group, principalType="Group")


# --- federated credentials


FEDERATED = {
    "resourceGroupName": "rg",
    "resourceName": "identity",
    "audiences": ["api://AzureADTokenExchange"],
    "issuer": "https://westeurope.oic.prod-aks.azure.com/a/b/",
    "subject": "system:serviceaccount:ns:app",
}


def _federated(azure: AzureWorld, name: str = "credential", **changes: object) -> Record:
    return azure.create("managedidentity:FederatedIdentityCredential", name, **{**FEDERATED, **changes})


@pytest.mark.parametrize(
    "change",
    [{"audiences": []}, {"audiences": ["a", "b"]}, {"issuer": "http://issuer"}, {"subject": ""}],
)
def test_bad_credentials_are_refused(azure: AzureWorld, change: dict[str, Any]) -> None:
    azure.identity()
    with refused("BadRequest"):
        _federated(azure, **change)


def test_a_credential_needs_its_identity_and_a_name(azure: AzureWorld) -> None:
    with refused("ParentResourceNotFound"):
        _federated(azure)
    azure.identity()
    with pytest.raises(CheckFailed, match="does not match pattern"):
        _federated(azure, "x")


def test_issuer_and_subject_are_unique_and_there_are_twenty(azure: AzureWorld) -> None:
    identity = azure.identity()
    _federated(azure)
    with refused("Conflict", "Issuer and subject combination already exists"):
        _federated(azure, "again")
    for number in range(19):
        _federated(azure, f"credential-{number}", subject=f"system:serviceaccount:ns:app-{number}")
    with refused("FederatedIdentityCredentialLimitExceeded"):
        _federated(azure, "one-more", subject="system:serviceaccount:ns:one-more")
    azure.delete(identity)
    assert azure.world.count() == 1


def test_an_identity_takes_one_credential_at_a_time(azure: AzureWorld) -> None:
    azure.identity()
    kind = azure.package.kind("azure-native:managedidentity:FederatedIdentityCredential")
    context = azure.operations.context(azure.package, kind, {}, urn="urn:pulumi:s::p::t::x", inputs=FEDERATED)
    with (
        azure.operations._exclusive(kind, context, FEDERATED),
        refused("ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"),
    ):
        _federated(azure)
