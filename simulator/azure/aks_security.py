"""Who an AKS cluster is, who may sign in, and what its secrets and disks are encrypted with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.azure.disk_encryption import DISKS, set_may_use_key
from simulator.azure.identity import IDENTITY
from simulator.azure.keyvault import MAY_ENCRYPT, find_key, may_use_key
from simulator.azure.naming import GUID, place, same_id
from simulator.kind import Refused, get

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.context import Context
    from simulator.world import Record


def identity_of(context: Context, cluster: Mapping[str, Any]) -> Record | None:
    """Look up the user-assigned identity of the control plane; ``None`` if the cluster has one of its own.

    Raises
    ------
    Refused
        None is named, more than one, or one that does not exist.
    """
    kind = get(cluster, "identity.type")
    given = list(get(cluster, "identity.userAssignedIdentities") or [])
    if kind == "SystemAssigned" and not given:
        return None
    if kind != "UserAssigned" or len(given) != 1:
        message = (
            f"A managed cluster needs an identity: SystemAssigned, or UserAssigned with exactly one; {kind},"
            f" {len(given)}."
        )
        raise Refused("InvalidParameter", message)
    found = context.one(IDENTITY, str(given[0]))
    if found is None:
        raise Refused(
            "FailedIdentityOperation",
            "Identity operation for the managed cluster failed with error 'Failed to perform resource identity"
            " operation."
            f" Status: 'BadRequest'. Response: 'Resource '{given[0]}' was not found.''",
        )
    return found


def sign_in_is_fit(cluster: Mapping[str, Any]) -> None:
    """Refuse a cluster that nobody could sign in to, and Entra settings that contradict each other."""
    entra = cluster.get("aadProfile") or {}
    if cluster.get("disableLocalAccounts") and not entra.get("managed"):
        message = "disableLocalAccounts can be set only on clusters with managed Microsoft Entra integration."
        raise Refused("BadRequest", message)
    if entra.get("enableAzureRBAC") and not entra.get("managed"):
        raise Refused("BadRequest", "enableAzureRBAC needs managed Microsoft Entra integration.")
    if entra and cluster.get("enableRBAC") is False:
        raise Refused("RBACNotEnabledForAAD", "Microsoft Entra integration needs Kubernetes RBAC to be enabled.")
    for group in entra.get("adminGroupObjectIDs") or []:
        if not GUID.fullmatch(str(group)):
            raise Refused("InvalidAdminGroupObjectID", f"Admin group object id '{group}' is not a GUID.")
    if get(cluster, "securityProfile.workloadIdentity.enabled") and not get(cluster, "oidcIssuerProfile.enabled"):
        raise Refused("BadRequest", "Workload identity needs the OIDC issuer to be enabled.")


def secrets_are_fit(context: Context, cluster: Mapping[str, Any], identity: Record | None) -> None:
    """Refuse a key for etcd that does not exist, or that the identity may not use yet."""
    kms = get(cluster, "securityProfile.azureKeyVaultKms") or {}
    if not kms.get("enabled"):
        return
    url = str(kms.get("keyId") or "")
    found = find_key(context, url)
    if found is None or url == str(found[1].outputs["keyUri"]):
        message = f"Key '{url}' of Key Vault KMS is not the identifier of an existing key with its version."
        raise Refused("AzureKeyVaultKmsInvalidKeyId", message)  # own code
    vault, key = found
    private = kms.get("keyVaultNetworkAccess") == "Private"
    if private and not kms.get("keyVaultResourceId"):
        raise Refused("BadRequest", "KeyVault resource ID is empty when KeyVault network access is Private.")
    if kms.get("keyVaultResourceId") and (not private or not same_id(kms["keyVaultResourceId"], vault.id)):
        message = "KeyVault resource ID must name the key's vault, and only when KeyVault network access is Private."
        raise Refused("BadRequest", message)
    principal = identity.outputs["principalId"] if identity else None
    if not may_use_key(context, principal, vault, key, MAY_ENCRYPT):
        uri = str(get(vault.outputs, "properties.vaultUri")).rstrip("/")
        raise Refused(
            "AzureKeyVaultKmsValidateIdentityPermissionCustomerError",
            f'The identity does not have keys encrypt/decrypt permission on key vault "{uri}"',
        )


def disks_are_fit(context: Context, cluster: Mapping[str, Any], location: str) -> None:
    """Refuse a disk encryption set that is missing, elsewhere, or without access to its key."""
    id_ = cluster.get("diskEncryptionSetID")
    if not id_:
        return
    disks = context.one(DISKS, str(id_))
    if disks is None or place(str(disks.outputs["location"])) != location:
        message = f"Disk encryption set {id_} was not found in {location}."
        raise Refused("DiskEncryptionSetError", message)
    if not set_may_use_key(context, disks):
        raise Refused(
            "KeyVaultAccessForbidden",
            f"Unable to access key vault resource '{get(disks.outputs, 'activeKey.keyUrl')}' to enable encryption"
            " at rest."
            f" Please grant get, wrap and unwrap key permissions to disk encryption set '{disks.outputs['name']}'.",
        )


def security_stays(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Refuse what a cluster cannot go back on."""
    if get(old, "oidcIssuerProfile.enabled") and not get(new, "oidcIssuerProfile.enabled"):
        raise Refused("OIDCIssuerCannotBeDisabled", "The OIDC issuer cannot be disabled once it is enabled.")
    if get(old, "aadProfile.managed") and not get(new, "aadProfile.managed"):
        raise Refused("BadRequest", "Microsoft Entra integration cannot be disabled once it is enabled.")
    for path in ("enableRBAC", "apiServerAccessProfile.enablePrivateCluster", "apiServerAccessProfile.privateDNSZone"):
        if get(new, path) is not None and get(old, path) not in {None, get(new, path)}:
            raise Refused("PropertyChangeNotAllowed", f"Changing property '{path}' is not allowed.")
