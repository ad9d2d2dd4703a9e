"""User-assigned identities and the tokens of others that they trust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.azure.arm import arm_kind, children, drop
from simulator.azure.naming import parent_id, same_id, write_key
from simulator.kind import Duration, Inputs, Outputs, Refused

if TYPE_CHECKING:
    from simulator.context import Context

IDENTITY: Final = "azure-native:managedidentity:UserAssignedIdentity"
FEDERATED: Final = "azure-native:managedidentity:FederatedIdentityCredential"


def _outputs(context: Context, inputs: Inputs) -> Outputs:
    del inputs
    return {
        "principalId": context.uuid("principal"),
        "clientId": context.uuid("client"),
        "tenantId": context.tenant,
    }


def _fits(context: Context, inputs: Inputs) -> None:
    assert _FEDERATED.make_id is not None  # noqa: S101 - every ARM kind has one
    id_ = _FEDERATED.make_id(context, inputs)
    if len(inputs["audiences"]) != 1:
        message = f"Federated identity credential must have exactly one audience, not {len(inputs['audiences'])}."
        raise Refused("BadRequest", message)
    if not str(inputs["issuer"]).startswith("https://") or len(str(inputs["issuer"])) > 600:
        message = f"Federated identity credential issuer '{inputs['issuer']}' is not valid: it must be an https URL."
        raise Refused("BadRequest", message)
    if not 1 <= len(str(inputs["subject"])) <= 600:
        raise Refused("BadRequest", "Federated identity credential subject must have 1 to 600 characters.")
    beside = [record for record in children(context, FEDERATED, parent_id(id_)) if not same_id(record.id, id_)]
    for record in beside:
        if record.outputs["issuer"] == inputs["issuer"] and record.outputs["subject"] == inputs["subject"]:
            message = "Issuer and subject combination already exists for this Managed Identity."
            raise Refused("Conflict", message, status=409)
    if len(beside) >= 20:
        message = f"{parent_id(id_)} cannot have more than 20 federated identity credentials."
        raise Refused("FederatedIdentityCredentialLimitExceeded", message)  # own code


def _on_delete(context: Context) -> None:
    # ARM lets an identity go that a cluster or a role assignment still names; only its own children go with it.
    assert context.old is not None  # noqa: S101 - the engine deletes what it has read
    drop(context, children(context, FEDERATED, context.old.id))


_FEDERATED = arm_kind(
    FEDERATED,
    "Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}/federatedIdentityCredentials"
    "/{federatedIdentityCredentialResourceName}",
    parent=IDENTITY,
    location=False,
    tags=False,
    state=False,
    name_pattern=r"[a-zA-Z0-9][a-zA-Z0-9\-_]{2,119}",
    copies_name=True,
    admits=(_fits,),
    exclusive=lambda inputs: [write_key(inputs["resourceGroupName"], "federated", inputs["resourceName"])],
    exclusive_code="ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
    duration=Duration(create=3, update=3, delete=3),
)
KINDS = (
    _FEDERATED,
    arm_kind(
        IDENTITY,
        "Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}",
        moves=True,
        state=False,
        name_pattern=r"[a-zA-Z0-9][a-zA-Z0-9\-_]{2,127}",
        compute=_outputs,
        on_delete=_on_delete,
        duration=Duration(create=3, update=3, delete=3),
    ),
)
