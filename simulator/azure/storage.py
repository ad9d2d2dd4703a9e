"""Storage accounts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from simulator.azure.arm import arm_kind, location_of
from simulator.azure.naming import last_name
from simulator.kind import Duration, Failure, Inputs, Outputs, Refused, get, known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context

ACCOUNT: Final = "azure-native:storage:StorageAccount"


def _named(inputs: Inputs) -> Iterable[Failure]:
    name = inputs.get("accountName")
    if known(name) and not 3 <= len(str(name)) <= 24:
        yield Failure("accountName", f"'{name}' must have 3 to 24 characters")


def _fits(context: Context, inputs: Inputs) -> None:
    name = str(inputs["accountName"])
    if not re.fullmatch(r"[a-z0-9]{3,24}", name):
        raise Refused(
            "AccountNameInvalid",
            f"{name} is not a valid storage account name. Storage account name must be between 3 and 24"
            " characters in length"
            " and use numbers and lower-case letters only.",
        )
    for other in context.find(ACCOUNT, anywhere=True):
        if last_name(other.id) == name and context.old is None and other.urn != context.urn:
            message = f"The storage account named {name} is already taken."
            raise Refused("StorageAccountAlreadyTaken", message, status=409)
    kind, sku = inputs["kind"], str(get(inputs, "sku.name"))
    if inputs.get("accessTier") and kind in {"Storage", "BlockBlobStorage", "FileStorage"}:
        raise Refused("InvalidAccountType", f"Access tier cannot be set on an account of kind {kind}.")
    if kind in {"BlockBlobStorage", "FileStorage"} and not sku.startswith("Premium"):
        raise Refused("InvalidAccountType", f"Account type {sku} is not valid for kind {kind}.")
    if inputs.get("allowSharedKeyAccess") is False and inputs.get("isSftpEnabled"):
        raise Refused("InvalidRequestPropertyValue", "SFTP needs shared key access to be allowed.")


def _outputs(context: Context, inputs: Inputs) -> Outputs:
    name = last_name(context.id)
    return {
        "primaryEndpoints": {
            service: f"https://{name}.{service}.core.windows.net/"
            for service in ("blob", "dfs", "file", "queue", "table")
        },
        "primaryLocation": location_of(context, inputs),
        "statusOfPrimary": "available",
        "accessTier": inputs.get("accessTier") or "Hot",
    }


KINDS = (
    arm_kind(
        ACCOUNT,
        "Microsoft.Storage/storageAccounts/{accountName}",
        moves=True,
        immutable=("isHnsEnabled", "enableNfsV3", "kind", "encryption.requireInfrastructureEncryption"),
        checks=(_named,),
        admits=(_fits,),
        compute=_outputs,
        computed=("accessTier", "identity"),
        defaults={"enableHttpsTrafficOnly": True},
        duration=Duration(create=25, update=5, delete=5),
    ),
)
