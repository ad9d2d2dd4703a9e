"""Azure: roles are narrow, identities are for one service account, and keys are not passwords."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

import re

from policies.checks import demand, exactly_one, is_false, is_true, one_of
from policies.frameworks import CIS_AKS, MCSB
from policies.rule import Metadata, Resource, Results, Stack, Violation
from policies.values import Kind

CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
AKS_CLUSTER = "azure-native:containerservice:ManagedCluster"

WIDE_ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}
"""Built-in roles that can do nearly everything, or give themselves the right to, by definition id."""

_ACCOUNT = re.compile(r"system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+")
_WIDE_SCOPE = re.compile(
    r"/?(subscriptions/[^/]+/?)?|/?providers/microsoft\.management/managementgroups/[^/]+/?", re.IGNORECASE
)


@Metadata(
    over=Resource,
    id="azure-role-narrow",
    family="identity",
    title="Azure role assignments are narrow, in what they allow and where",
    severity="critical",
    frameworks=((MCSB, "PA-7"),),
    types=("azure-native:authorization:RoleAssignment",),
    remediation="Use a role for the one task, on the resource or the resource group it is for.",
    link="https://learn.microsoft.com/azure/role-based-access-control/best-practices",
)
def azure_role_narrow(resource: Resource) -> Results:
    yield from demand(
        resource["roleDefinitionId"],
        Kind.TEXT,
        lambda text: text.rpartition("/")[2].lower() not in WIDE_ROLES,
        "it can do nearly everything",
    )
    yield from demand(
        resource["scope"], Kind.TEXT, lambda text: not _WIDE_SCOPE.fullmatch(text), "it reaches the whole subscription"
    )


@Metadata(
    over=Resource,
    id="federated-credential-bounded",
    family="identity",
    title="Federated credentials are for one service account of one cluster",
    severity="critical",
    frameworks=((MCSB, "IM-3"), (CIS_AKS, "5.2.1")),
    types=(CREDENTIAL,),
    remediation="Set subject to system:serviceaccount:NAMESPACE:NAME and audiences to api://AzureADTokenExchange.",
    link="https://learn.microsoft.com/azure/aks/workload-identity-overview",
)
def federated_credential_bounded(resource: Resource) -> Results:
    yield from demand(
        resource["subject"], Kind.TEXT, lambda text: bool(_ACCOUNT.fullmatch(text)), "name one service account"
    )
    yield from demand(
        resource["issuer"], Kind.TEXT, lambda text: text.startswith("https://"), "its keys have to come by TLS"
    )
    yield from exactly_one(
        resource["audiences"],
        Kind.TEXT,
        lambda text: text == "api://AzureADTokenExchange",
        "tokens for others would do",
    )


@Metadata(
    over=Stack,
    id="azure-identity-one-account",
    family="identity",
    title="An Azure identity is taken on by one service account",
    severity="high",
    frameworks=((MCSB, "IM-3"),),
    types=(IDENTITY, CREDENTIAL),
    remediation="Make an identity for each service account.",
    link="https://learn.microsoft.com/azure/aks/workload-identity-overview",
)
def azure_identity_one_account(stack: Stack) -> Results:
    for identity in stack.of_type(IDENTITY):
        credentials = stack.referring(identity, "resourceName", CREDENTIAL)
        subjects = {one["subject"].text() for one in credentials if one["subject"].text() is not None}
        if len(subjects) > 1:
            yield Violation(
                path="subject", message=f"{len(subjects)} service accounts may take it on", urn=identity.urn
            )


@Metadata(
    over=Resource,
    id="key-vault-rbac",
    family="identity",
    title="Key Vaults decide by Azure roles who may use their keys",
    severity="high",
    frameworks=((MCSB, "PA-7"),),
    types=("azure-native:keyvault:Vault",),
    remediation="Set properties.enable_rbac_authorization=True, and leave the three enabled_for_... off.",
    link="https://learn.microsoft.com/azure/key-vault/general/rbac-guide",
)
def key_vault_rbac(resource: Resource) -> Results:
    yield from is_true(
        resource["properties.enableRbacAuthorization"], "a Contributor of the vault could give itself all keys"
    )
    for name in ("enabledForDeployment", "enabledForTemplateDeployment", "enabledForDiskEncryption"):
        yield from is_false(resource["properties"][name], "that is a way in beside the roles")


@Metadata(
    over=Resource,
    id="storage-account-no-shared-key",
    family="identity",
    title="Storage accounts know who asks, and take no shared key",
    severity="high",
    frameworks=((MCSB, "IM-1"),),
    types=("azure-native:storage:StorageAccount",),
    remediation="Set allow_shared_key_access=False.",
    link="https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent",
)
def storage_account_no_shared_key(resource: Resource) -> Results:
    yield from demand(
        resource["allowSharedKeyAccess"], Kind.FLAG, lambda value: not value, "whoever has the key is everybody"
    )


@Metadata(
    over=Resource,
    id="aks-entra-rbac",
    family="identity",
    title="AKS asks Entra who somebody is and Azure what they may",
    severity="high",
    frameworks=((CIS_AKS, "5.5.1"), (CIS_AKS, "5.5.2"), (MCSB, "IM-1")),
    types=(AKS_CLUSTER,),
    remediation="Set enable_rbac=True and aad_profile with managed=True and enable_azure_rbac=True.",
    link="https://learn.microsoft.com/azure/aks/manage-azure-rbac",
)
def aks_entra_rbac(resource: Resource) -> Results:
    yield from is_true(resource["enableRBAC"], "everybody who comes in may do everything", optional=True)
    yield from is_true(resource["aadProfile.managed"], "the cluster would not ask Entra")
    yield from is_true(resource["aadProfile.enableAzureRBAC"], "rights would be given in the cluster, out of sight")


@Metadata(
    over=Resource,
    id="aks-workload-identity",
    family="identity",
    title="AKS gives pods identities of their own, and has one of its own",
    severity="high",
    frameworks=((CIS_AKS, "5.2.1"), (MCSB, "IM-3")),
    types=(AKS_CLUSTER,),
    remediation="Enable oidc_issuer_profile and security_profile.workload_identity; use a UserAssigned identity.",
    link="https://learn.microsoft.com/azure/aks/workload-identity-overview",
)
def aks_workload_identity(resource: Resource) -> Results:
    yield from is_true(resource["oidcIssuerProfile.enabled"], "pods would need passwords")
    yield from is_true(resource["securityProfile.workloadIdentity.enabled"], "pods would need passwords")
    yield from one_of(
        resource["identity.type"], ("UserAssigned", "SystemAssigned"), "the cluster would need a service principal"
    )
