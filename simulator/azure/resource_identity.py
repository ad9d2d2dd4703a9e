"""The identity that a resource carries, as Azure answers it: what was a list of ids is a map of ids to principals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from simulator.kind import UNKNOWN, has_unknown

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.kind import Inputs, Outputs

_USER_ASSIGNED: Final = "azure-native:managedidentity:UserAssignedIdentity"


def identity_outputs(context: Context, inputs: Inputs) -> Outputs:
    """Give the ``identity`` output; nothing where the resource has none."""
    given = inputs.get("identity")
    if not given:
        return {}
    answer: Outputs = {"type": given.get("type")}
    if "SystemAssigned" in str(given.get("type")):
        answer |= {"principalId": context.uuid("principal"), "tenantId": context.tenant}
    users: dict[str, Outputs] = {}
    for id_ in given.get("userAssignedIdentities") or []:
        user = context.one(_USER_ASSIGNED, str(id_))
        known = user.outputs if user else {}
        users[str(id_)] = {"clientId": known.get("clientId", ""), "principalId": known.get("principalId", "")}
    return {"identity": answer | ({"userAssignedIdentities": users} if users else {})}


def echoed_identity(inputs: Inputs) -> Inputs:
    """Give the inputs as a preview knows the outputs: one unknown id leaves the whole map unknown."""
    identity = inputs.get("identity")
    ids = identity.get("userAssignedIdentities") if isinstance(identity, Mapping) else None
    if not isinstance(identity, Mapping) or ids is None:
        return inputs
    users: object = UNKNOWN if has_unknown(ids) else {str(id_): {} for id_ in ids}
    return {**inputs, "identity": {**identity, "userAssignedIdentities": users}}
