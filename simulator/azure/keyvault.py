"""Key vaults and the keys in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from simulator.azure.arm import arm_kind, children, drop, location_of
from simulator.azure.naming import GUID, last_name, parent_id, place
from simulator.azure.roles import holds_role
from simulator.kind import Duration, Failure, Inputs, Outputs, Refused, get, known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from simulator.context import Context
    from simulator.world import Record

VAULT: Final = "azure-native:keyvault:Vault"
KEY: Final = "azure-native:keyvault:Key"

MAY_WRAP: Final = (
    "Key Vault Administrator",
    "Key Vault Crypto Officer",
    "Key Vault Crypto User",
    "Key Vault Crypto Service Encryption User",
)
"""Roles whose data actions let an identity wrap and unwrap with a key."""

MAY_ENCRYPT: Final = MAY_WRAP[:3]
"""Roles whose data actions let an identity encrypt and decrypt with a key; AKS asks for it."""

_OPERATIONS: Final = {"encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey", "import", "release"}


def _tombstone(name: str) -> str:
    return f"urn:azure:deleted-vault:{name.casefold()}"


def remember_deleted(context: Context, vault: Record) -> None:
    """Note that the vault lives on in deleted state, where its name stays taken for the days of its retention.

    The note is a count, not a record: the world has no such vault any more, and holds nothing after a destroy.
    """
    context.world.next_incarnation(_tombstone(last_name(vault.id)))


def _lies_deleted(context: Context, name: str) -> bool:
    return context.world.incarnations(_tombstone(name)) > 0


def _named(inputs: Inputs) -> Iterable[Failure]:
    name = inputs.get("vaultName")
    if known(name) and not re.fullmatch(r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,22}[a-zA-Z0-9]", str(name)):
        reason = "must be 3 to 24 letters, digits and hyphens, beginning with a letter, ending with a letter or digit"
        yield Failure("vaultName", f"'{name}' does not match pattern '^[a-zA-Z0-9-]{{3,24}}$': it {reason}")


def _name_is_free(context: Context, inputs: Inputs) -> None:
    name = str(inputs["vaultName"])
    if context.old is not None:
        return
    for other in context.world.find(VAULT):
        if last_name(other.id).casefold() == name.casefold() and other.urn != context.urn:
            raise Refused(
                "VaultAlreadyExists",
                f"The vault name '{name}' is already in use. Vault names are globally unique so it is possible that the"
                " name is already taken. If you are sure that the vault name was not taken then it is possible that a"
                " vault with the same name was recently deleted but not purged after being placed in a"
                " recoverable state.",
                status=409,
            )
    if _lies_deleted(context, name):
        raise Refused(
            "ConflictError",
            f"A vault with the same name already exists in deleted state: {name}. You need to either recover or purge"
            " existing key vault.",
            status=409,
        )


def _properties_are_fit(context: Context, inputs: Inputs) -> None:
    properties = inputs["properties"]
    if not GUID.fullmatch(str(properties["tenantId"])):
        raise Refused("BadRequest", f"The tenant ID '{properties['tenantId']}' is not valid.")
    if properties.get("enablePurgeProtection") is False:
        raise Refused(
            "BadRequest",
            'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is'
            " an irreversible action.",
        )
    if properties.get("enableSoftDelete") is False:
        message = 'The property "enableSoftDelete" can be set to false only for creating new vault on old API versions.'
        raise Refused("BadRequest", message)
    days = properties.get("softDeleteRetentionInDays")
    if days is not None and not 7 <= days <= 90:
        raise Refused("BadRequest", f"softDeleteRetentionInDays {days} is not valid: it must be between 7 and 90.")
    if (
        not properties.get("enableRbacAuthorization")
        and properties.get("accessPolicies") is None
        and context.old is None
    ):
        message = "The parameter accessPolicies is not specified."
        raise Refused("BadRequest", message)
    if context.old is None:
        return
    before = context.old.outputs["properties"]
    if before.get("enablePurgeProtection") and not properties.get("enablePurgeProtection"):
        raise Refused(
            "BadRequest",
            'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is'
            " an irreversible action.",
        )
    if days is not None and before.get("softDeleteRetentionInDays") not in {None, days}:
        raise Refused(
            "BadRequest", 'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.'
        )


def _vault_outputs(context: Context, inputs: Inputs) -> Outputs:
    properties: dict[str, Any] = {
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": 90,
        "publicNetworkAccess": "Enabled",
        **inputs["properties"],
        "vaultUri": f"https://{last_name(context.id).lower()}.vault.azure.net/",
        "provisioningState": "Succeeded",
    }
    return {"properties": properties}


def _on_vault_delete(context: Context) -> None:
    assert context.old is not None  # noqa: S101 - the engine deletes what it has read
    remember_deleted(context, context.old)
    drop(context, children(context, KEY, context.old.id))


def _key_is_fit(context: Context, inputs: Inputs) -> None:
    del context
    properties = inputs["properties"]
    kind, size, curve = properties.get("kty"), properties.get("keySize"), properties.get("curveName")
    if kind in {"RSA", "RSA-HSM"}:
        if curve or (size is not None and size not in {2048, 3072, 4096}):
            message = f"Key size {size} (curve {curve}) is not valid for an RSA key. Supported: 2048, 3072, 4096."
            raise Refused("BadParameter", message)
    elif kind in {"EC", "EC-HSM"}:
        if size is not None or curve not in {None, "P-256", "P-384", "P-521", "P-256K"}:
            raise Refused("BadParameter", f"Curve {curve} (size {size}) is not valid for an EC key.")
    else:
        raise Refused("BadParameter", f"Key type {kind} is not supported: EC, EC-HSM, RSA, RSA-HSM.")
    if unknown := set(properties.get("keyOps") or []) - _OPERATIONS:
        raise Refused("BadParameter", f"Key operations {sorted(unknown)} are not valid.")
    if kind in {"EC", "EC-HSM"} and (wrong := set(properties.get("keyOps") or []) - {"sign", "verify", "import"}):
        raise Refused("BadParameter", f"Key operations {sorted(wrong)} are not valid for an EC key.")


def _premium_for_hsm(context: Context, inputs: Inputs) -> None:
    assert _KEY.make_id is not None  # noqa: S101 - every ARM kind has one
    vault = context.one(VAULT, parent_id(_KEY.make_id(context, inputs)))
    premium = vault is not None and str(get(vault.outputs, "properties.sku.name")).lower() == "premium"
    if str(inputs["properties"].get("kty", "")).endswith("-HSM") and not premium:
        raise Refused("BadParameter", "Keys in a hardware security module need a vault of sku premium.")


def _key_outputs(context: Context, inputs: Inputs) -> Outputs:
    vault, name = str(inputs["vaultName"]).lower(), last_name(context.id)
    uri = f"https://{vault}.vault.azure.net/keys/{name}"
    properties = inputs["properties"]
    rsa = str(properties["kty"]).startswith("RSA")
    home = context.one(VAULT, parent_id(context.id))
    return {
        "keyUri": uri,
        # ARM makes no new version of a key that exists: a change of its properties has no effect on the key.
        "keyUriWithVersion": f"{uri}/{context.hex(32, 'version')}",
        "kty": properties["kty"],
        "keySize": (properties.get("keySize") or 2048) if rsa else None,
        "curveName": None if rsa else properties.get("curveName") or "P-256",
        "keyOps": list(
            properties.get("keyOps") or (sorted(_OPERATIONS - {"import", "release"}) if rsa else ["sign", "verify"])
        ),
        "attributes": {"enabled": True, **(properties.get("attributes") or {})},
        "location": place(str(home.outputs["location"])) if home else location_of(context, inputs),
    }


def _key_url_parts(url: str) -> tuple[str, str, str] | None:
    found = re.fullmatch(r"https://([^./]+)\.vault\.azure\.net/keys/([^/]+)(?:/([^/]+))?", url)
    return (found[1], found[2], found[3] or "") if found else None


def find_key(context: Context, url: str) -> tuple[Record, Record] | None:
    """Vault and key that a key URL names; ``None`` if there is no such key, or no such version of it."""
    parts = _key_url_parts(url)
    if parts is None:
        return None
    for vault in _vaults(context, parts[0]):
        for key in children(context, KEY, vault.id):
            if last_name(key.id) == parts[1] and (not parts[2] or key.outputs["keyUriWithVersion"] == url):
                return vault, key
    return None


def _vaults(context: Context, name: str) -> Iterator[Record]:
    return (vault for vault in context.world.find(VAULT) if last_name(vault.id).casefold() == name.casefold())


def may_use_key(context: Context, principal: object, vault: Record, key: Record, roles: Iterable[str]) -> bool:
    """Whether an identity may use the key: by role, or by access policy where the vault has those."""
    if get(vault.outputs, "properties.enableRbacAuthorization"):
        return holds_role(context, principal, roles, key.id)
    return any(
        str(policy.get("objectId")).casefold() == str(principal).casefold()
        for policy in get(vault.outputs, "properties.accessPolicies") or []
        if get(policy, "permissions.keys")
    )


_KEY = arm_kind(
    KEY,
    "Microsoft.KeyVault/vaults/{vaultName}/keys/{keyName}",
    parent=VAULT,
    location=False,
    state=False,
    name_pattern=r"[a-zA-Z0-9-]{1,127}",
    admits=(_key_is_fit, _premium_for_hsm),
    compute=_key_outputs,
    duration=Duration(create=5, update=5, delete=2),
)
KINDS = (
    _KEY,
    arm_kind(
        VAULT,
        "Microsoft.KeyVault/vaults/{vaultName}",
        state=False,
        checks=(_named,),
        admits=(_name_is_free, _properties_are_fit),
        compute=_vault_outputs,
        computed=("properties",),
        on_delete=_on_vault_delete,
        duration=Duration(create=40, update=10, delete=10),
    ),
)
