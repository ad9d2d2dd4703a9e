"""Role assignments of managed identities."""

from __future__ import annotations

from enum import Enum
from uuid import UUID, uuid5

import pulumi
from pulumi_azure_native import authorization

_NAMESPACE = UUID("6f0f0ad6-8c0f-5a3b-9d0c-0d5a3c1f7e52")


class Role(Enum):
    """Azure's built-in roles that identities of a fleet get: the same GUID in every tenant."""

    NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
    KEY_VAULT_CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
    KEY_VAULT_CRYPTO_SERVICE_ENCRYPTION_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
    READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def grant(
    name: str,
    role: Role,
    *,
    principal_id: pulumi.Input[str],
    scope: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> authorization.RoleAssignment:
    """Give a managed identity a role on a scope.

    Parameters
    ----------
    principal_id
        Object id of the identity's service principal.
    scope
        Resource id of what the role is given on.
    """
    scope = pulumi.Output.from_input(scope)
    definition = scope.apply(
        # The subscription's form of the id is what ARM answers with; the short form would differ on every refresh.
        lambda id_: f"/{'/'.join(id_.split('/')[1:3])}/providers/Microsoft.Authorization/roleDefinitions/{role.value}"
    )
    return authorization.RoleAssignment(
        name,
        # ARM wants a GUID, unique in the tenant, and refuses the same one for another principal.
        role_assignment_name=pulumi.Output.all(scope, principal_id).apply(
            lambda parts: str(uuid5(_NAMESPACE, "|".join((*parts, role.value))))
        ),
        principal_id=principal_id,
        # Without it ARM looks the principal up in a directory that may not know a new identity yet, and fails.
        principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
        role_definition_id=definition,
        scope=scope,
        opts=opts,
    )
