"""Role assignments, and what other rules ask: whether an identity may do something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from simulator.azure.arm import same_to_azure
from simulator.azure.naming import GUID, covers, last_name
from simulator.kind import Duration, Failure, Inputs, Kind, Outputs, Refused, known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from simulator.context import Context

ASSIGNMENT: Final = "azure-native:authorization:RoleAssignment"

BUILT_IN: Final = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "4d97b98b-1d4f-4787-a291-c67834d212e7": "Network Contributor",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": "Key Vault Crypto Officer",
    "12338af0-0e69-4776-bea7-57ae8d297424": "Key Vault Crypto User",
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": "Key Vault Crypto Service Encryption User",
    "f25e0fa2-a7c8-4377-a976-54943a77a395": "Key Vault Contributor",
    "21090545-7ca7-4776-b22c-e363652d74d2": "Key Vault Reader",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "f1a07417-d97a-45cb-824c-7a7467783830": "Managed Identity Operator",
    "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59": "Managed Identity Contributor",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
    "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b": "Azure Kubernetes Service RBAC Cluster Admin",
    "3498e952-d568-435e-9b2c-8d77e338d7f7": "Azure Kubernetes Service RBAC Admin",
    "7f6c6a51-bcf8-42ba-9220-52d62157d7db": "Azure Kubernetes Service RBAC Reader",
    "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb": "Azure Kubernetes Service RBAC Writer",
    "4abbcc35-e782-43d8-92c5-2d3f1bd2253f": "Azure Kubernetes Service Cluster User Role",
    "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8": "Azure Kubernetes Service Cluster Admin Role",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "92aaf0da-9dab-42b6-94a3-d43ce8d16293": "Log Analytics Contributor",
    "b12aa53e-6015-4669-85d0-8515ebb3ae7f": "Private DNS Zone Contributor",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
}
"""Built-in roles by their GUID, the same in every tenant (learn.microsoft.com/azure/role-based-access-control)."""

_PRINCIPALS: Final = (
    ("azure-native:managedidentity:UserAssignedIdentity", ("principalId",)),
    ("azure-native:containerservice:ManagedCluster", ("identity", "principalId")),
    ("azure-native:containerservice:ManagedCluster", ("identityProfile", "kubeletidentity", "objectId")),
    ("azure-native:compute:DiskEncryptionSet", ("identity", "principalId")),
    ("azure-native:storage:StorageAccount", ("identity", "principalId")),
)


def _service_principals(context: Context) -> Iterator[str]:
    for kind, steps in _PRINCIPALS:
        for record in context.world.find(kind):
            value: object = record.outputs
            for step in steps:
                value = value.get(step) if isinstance(value, dict) else None
            if isinstance(value, str):
                yield value.casefold()


def caller(context: Context) -> str:
    """Object id of whoever runs the program."""
    text = context.subscription.replace("-", "")
    return f"{text[:8]}-0ca1-4e00-8000-{text[-12:]}"


def holds_role(context: Context, principal: object, roles: Iterable[str], target: str) -> bool:
    """Whether the principal has one of the roles on the resource or on what holds it."""
    wanted = set(roles)
    return any(
        str(record.outputs["principalId"]).casefold() == str(principal).casefold()
        and covers(str(record.outputs["scope"]), target)
        and BUILT_IN.get(last_name(str(record.outputs["roleDefinitionId"])).lower()) in wanted
        for record in context.world.find(ASSIGNMENT, scope=context.scope)
    )


def _named(inputs: Inputs) -> Iterable[Failure]:
    scope = inputs.get("scope")
    if known(scope) and not str(scope).startswith("/"):
        yield Failure("scope", f"'{scope}' is not the id of a resource, a resource group or a subscription")


def _scope_exists(context: Context, inputs: Inputs) -> None:
    scope = str(inputs["scope"]).rstrip("/")
    if re.fullmatch(r"/subscriptions/[^/]+", scope) or scope.startswith("/providers/Microsoft.Management/"):
        return
    if not any(record.id.casefold() == scope.casefold() for record in context.world.records()):
        code = (
            "ResourceGroupNotFound"
            if re.fullmatch(r"/subscriptions/[^/]+/resourceGroups/[^/]+", scope)
            else "ResourceNotFound"
        )
        raise Refused(code, f"The scope '{scope}' of the role assignment was not found.", status=404)


def _definition_exists(context: Context, inputs: Inputs) -> None:
    given = str(inputs["roleDefinitionId"])
    found = re.fullmatch(
        r"(/subscriptions/([^/]+))?/providers/Microsoft\.Authorization/roleDefinitions/([^/]+)", given, re.IGNORECASE
    )
    if found is None:
        raise Refused("InvalidRoleDefinitionId", f"The role definition ID '{given}' is not valid.")
    other = found[2] is not None and found[2].casefold() != context.subscription.casefold()
    if other or found[3].lower() not in BUILT_IN:
        message = f"The specified role definition with ID '{found[3]}' does not exist."
        raise Refused("RoleDefinitionDoesNotExist", message, status=404)


def _principal_exists(context: Context, inputs: Inputs) -> None:
    principal, kind = str(inputs["principalId"]), inputs.get("principalType")
    if not GUID.fullmatch(principal):
        raise Refused(
            "InvalidPrincipalId", f"A valid principal ID must be provided for role assignment: '{principal}'."
        )
    here = principal.casefold() in set(_service_principals(context))
    if here and kind in {"User", "Group"}:
        message = (
            f"The PrincipalId '{principal}' has type 'ServicePrincipal', which is different from specified"
            f" PrinciaplType '{kind}'."
        )
        raise Refused("UnmatchedPrincipalType", message)
    # Users and groups live in a directory that is not simulated.
    if not here and kind not in {"User", "Group"} and principal.casefold() != caller(context).casefold():
        raise Refused(
            "PrincipalNotFound",
            f"Principal {principal} does not exist in the directory {context.tenant}. Check that you have the correct"
            " principal ID.",
        )


def _assignment_is_new(context: Context, inputs: Inputs) -> None:
    name = inputs.get("roleAssignmentName")
    if name is not None and not GUID.fullmatch(str(name)):
        message = f"The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID."
        raise Refused("InvalidRoleAssignmentId", message)
    if context.old is not None:
        if last_name(str(context.old.outputs["roleDefinitionId"])) != last_name(str(inputs["roleDefinitionId"])):
            message = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
            raise Refused("RoleAssignmentUpdateNotPermitted", message)
        return
    for other in context.find(ASSIGNMENT):
        same = all(
            str(other.outputs[field]).casefold() == str(inputs[field]).casefold() for field in ("principalId", "scope")
        ) and last_name(str(other.outputs["roleDefinitionId"])) == last_name(str(inputs["roleDefinitionId"]))
        if same or (name is not None and last_name(other.id) == str(name)):
            raise Refused("RoleAssignmentExists", "The role assignment already exists.", status=409)


def _id(context: Context, inputs: Inputs) -> str:
    name = inputs.get("roleAssignmentName") or context.uuid("role assignment")
    return f"{str(inputs['scope']).rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{name}"


def _outputs(context: Context, inputs: Inputs) -> Outputs:
    return {
        "name": last_name(context.id),
        "type": "Microsoft.Authorization/roleAssignments",
        "principalType": inputs.get("principalType") or "ServicePrincipal",
        "azureApiVersion": "",
    }


KINDS = (
    Kind(
        token=ASSIGNMENT,
        make_id=_id,
        immutable=("principalId", "scope", "roleAssignmentName"),
        checks=(_named,),
        admits=(_scope_exists, _definition_exists, _principal_exists, _assignment_is_new),
        compute=_outputs,
        computed=("principalType",),
        ignores=same_to_azure,
        exists=("RoleAssignmentExists", "The role assignment already exists."),
        duration=Duration(create=25, update=5, delete=5),
    ),
)
