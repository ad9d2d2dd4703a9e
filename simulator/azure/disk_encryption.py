"""Disk encryption sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.azure.arm import arm_kind, location_of
from simulator.azure.identity import IDENTITY
from simulator.azure.keyvault import MAY_WRAP, find_key, may_use_key
from simulator.azure.naming import place, same_id
from simulator.kind import Duration, Inputs, Outputs, Refused, get

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.world import Record

DISKS: Final = "azure-native:compute:DiskEncryptionSet"


def _identities(context: Context, inputs: Inputs) -> list[Record]:
    found = []
    for id_ in get(inputs, "identity.userAssignedIdentities") or []:
        identity = context.one(IDENTITY, str(id_))
        if identity is None:
            message = f"The identity '{id_}' of the disk encryption set was not found."
            raise Refused("FailedIdentityOperation", message)
        found.append(identity)
    return found


def _key_is_fit(context: Context, inputs: Inputs) -> None:
    name = inputs["diskEncryptionSetName"]
    url = str(get(inputs, "activeKey.keyUrl", ""))
    found = find_key(context, url)
    if found is None:
        message = f"Key '{url}' of disk encryption set '{name}' was not found in its Key Vault."
        raise Refused("KeyVaultKeyNotFound", message)  # own code
    vault, key = found
    source = get(inputs, "activeKey.sourceVault.id")
    if source is not None and not same_id(source, vault.id):
        message = f"Key '{url}' does not lie in the source vault {source} of disk encryption set '{name}'."
        raise Refused("KeyVaultAndKeyUrlMismatch", message)  # own code
    if url == str(key.outputs["keyUri"]) and not inputs.get("rotationToLatestKeyVersionEnabled"):
        message = f"Key URL '{url}' without a version needs rotation to the latest key version to be enabled."
        raise Refused("InvalidParameter", message)
    if not get(vault.outputs, "properties.enablePurgeProtection"):
        message = f"Key Vault {vault.id} must have soft delete and purge protection enabled to encrypt disks."
        raise Refused("KeyVaultPurgeProtectionNotEnabled", message)  # own code
    if place(str(vault.outputs["location"])) != location_of(context, inputs):
        message = f"Key Vault {vault.id} and disk encryption set '{name}' must be in the same region."
        raise Refused("KeyVaultAndDiskEncryptionSetRegionMismatch", message)  # own code
    if not str(key.outputs["kty"]).startswith("RSA"):
        raise Refused("InvalidParameter", f"Disk encryption needs an RSA key; {key.id} is {key.outputs['kty']}.")


def _may_use_key(context: Context, inputs: Inputs) -> None:
    """Refuse a given identity without its role; one of the set's own comes to be with it, and has none before."""
    found = find_key(context, str(get(inputs, "activeKey.keyUrl", "")))
    for identity in _identities(context, inputs):
        if found and not may_use_key(context, identity.outputs["principalId"], *found, MAY_WRAP):
            raise Refused(
                "KeyVaultAccessForbidden",
                f"Unable to access key vault resource '{get(inputs, 'activeKey.keyUrl')}' to enable encryption at rest."
                f" Please grant get, wrap and unwrap key permissions to disk encryption set"
                f" '{inputs['diskEncryptionSetName']}'. Please visit https://aka.ms/keyvaultaccessssecmk for more"
                " information.",
            )


def set_may_use_key(context: Context, disks: Record) -> bool:
    """Whether a set that exists can reach its key: asked when a disk is to be encrypted with it."""
    found = find_key(context, str(get(disks.outputs, "activeKey.keyUrl", "")))
    if found is None:
        return False
    own = get(disks.outputs, "identity.principalId")
    given = [identity.outputs["principalId"] for identity in _identities(context, disks.outputs)]
    return any(may_use_key(context, principal, *found, MAY_WRAP) for principal in [*given, own] if principal)


def _identity_is_fit(context: Context, inputs: Inputs) -> None:
    del context
    kind, given = get(inputs, "identity.type"), get(inputs, "identity.userAssignedIdentities")
    if kind in {None, "None"} or ("UserAssigned" in str(kind)) != bool(given):
        message = f"A disk encryption set needs an identity that fits its type: {kind}, {given}."
        raise Refused("InvalidParameter", message)


def _encryption_type_stays(context: Context, inputs: Inputs) -> None:
    if context.old is not None and context.old.outputs.get("encryptionType") != (
        inputs.get("encryptionType") or context.old.outputs.get("encryptionType")
    ):
        raise Refused("PropertyChangeNotAllowed", "Changing property 'encryptionType' is not allowed.", status=409)


def _outputs(context: Context, inputs: Inputs) -> Outputs:
    del context
    return {
        "encryptionType": inputs.get("encryptionType") or "EncryptionAtRestWithCustomerKey",
        "previousKeys": [],
    }


KINDS = (
    arm_kind(
        DISKS,
        "Microsoft.Compute/diskEncryptionSets/{diskEncryptionSetName}",
        name_pattern=r"[a-zA-Z0-9_-]{1,80}",
        admits=(_identity_is_fit, _key_is_fit, _may_use_key, _encryption_type_stays),
        compute=_outputs,
        computed=("identity", "encryptionType"),
        duration=Duration(create=12, update=12, delete=12),
    ),
)
