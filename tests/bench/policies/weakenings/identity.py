"""Identities: IAM, Entra, who comes into a cluster, and secrets that are marked as such."""

from __future__ import annotations

from tests.bench.policies.edit import Edit, lower, mismatch, open_up, plus, remove, turn_off, unmarked
from tests.bench.policies.mutation import weaken

EKS = "Cluster aws-1-eks"
AKS = "ManagedCluster azure-1-cluster"
KEY = "Key aws-key-key"
VAULT = "Vault azure-encryption-vault"
SECRETS = "RolePolicy aws-1-secrets"
OPERATOR = "RolePolicy east-1-cilium-operator-policy"
SERVICE_ACCOUNT = "Role aws-1-api-identity-role"
NODES = "Role aws-1-nodes-role"
ATTACHED = "RolePolicyAttachment aws-1-nodes-AmazonEKSWorkerNodePolicy"
ASSIGNMENT = "RoleAssignment azure-1-disks-role"
CREDENTIAL = "FederatedIdentityCredential azure-1-api-identity-credential"
ROLES = "/subscriptions/1/providers/Microsoft.Authorization/roleDefinitions"
OWNER = f"{ROLES}/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = f"{ROLES}/b24988ac-6180-42a0-ab88-20f7382dd24c"
TRUST = "assumeRolePolicy.Statement[0]"


def unmark(path: str) -> Edit:
    """Take the mark of a secret away, and nothing else."""
    return Edit("open up", path, unmarked)


def _any_account(condition: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    (issuer,) = {name.rpartition(":")[0] for name in condition["StringEquals"]}
    names = {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": "system:serviceaccount:*:*"}
    return {"StringLike": names}


def _without_subject(condition: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    return {"StringEquals": {name: value for name, value in condition["StringEquals"].items() if name[-4:] != ":sub"}}


WEAKENINGS = (
    *weaken(
        "iam-no-wildcard",
        SECRETS,
        open_up("policy.Statement[0].Action", ["kms:*"]),
        open_up("policy.Statement[0].Action", "*"),
        open_up("policy.Statement[0].Resource", "*"),
        open_up("policy.Statement[0].NotResource", "arn:aws:kms:us-east-1:123456789012:key/other"),
    ),
    *weaken("iam-no-wildcard", "RolePolicy aws-flow-write", open_up("policy.Statement[0].Action", plus("logs:*"))),
    *weaken(
        "iam-no-wildcard",
        OPERATOR,
        remove("policy.Statement[1].Condition"),
        open_up("policy.Statement[2].Action", "ec2:*"),
        fleet="eni",
    ),
    *weaken(
        "iam-no-wide-managed-policy",
        ATTACHED,
        open_up("policyArn", "arn:aws:iam::aws:policy/AdministratorAccess"),
        open_up("policyArn", "arn:aws:iam::aws:policy/AmazonVPCFullAccess"),
    ),
    *weaken(
        "iam-no-wide-managed-policy",
        NODES,
        open_up("managedPolicyArns", ["arn:aws:iam::aws:policy/PowerUserAccess"]),
    ),
    *weaken(
        "iam-role-bounded",
        SERVICE_ACCOUNT,
        remove(f"{TRUST}.Condition"),
        open_up(f"{TRUST}.Condition", _any_account),
        open_up(f"{TRUST}.Condition", _without_subject),
    ),
    *weaken(
        "iam-role-bounded",
        NODES,
        open_up(f"{TRUST}.Principal", "*"),
        open_up(f"{TRUST}.Principal", {"AWS": "*"}),
        open_up(f"{TRUST}.Principal.AWS", "arn:aws:iam::210987654321:root"),
        remove("assumeRolePolicy"),
    ),
    *weaken("iam-role-bounded", "Role west-1-cilium-operator-role", remove(f"{TRUST}.Condition"), fleet="eni"),
    *weaken(
        "oidc-provider-audience",
        "OpenIdConnectProvider aws-1-oidc",
        open_up("clientIdLists", plus("anybody")),
        remove("clientIdLists"),
        lower("url", "http://oidc.example.org/id/1"),
    ),
    *weaken(
        "kms-key-policy-bounded",
        KEY,
        remove("policy.Statement[2].Condition"),
        open_up("policy.Statement[3].Condition", {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
        remove("policy.Statement[1].Condition"),
        open_up("policy.Statement[1].Action", "kms:*"),
        open_up("policy.Statement[0].Principal.AWS", "*"),
        open_up("policy.Statement[0].Principal.AWS", "arn:aws:iam::210987654321:user/a"),
        open_up("bypassPolicyLockoutSafetyCheck", value=True),
    ),
    *weaken(
        "azure-role-narrow",
        ASSIGNMENT,
        open_up("roleDefinitionId", OWNER),
        open_up("roleDefinitionId", CONTRIBUTOR),
        open_up("scope", "/subscriptions/00000000-0000-0000-0000-000000000001"),
        remove("scope"),
    ),
    *weaken(
        "federated-credential-bounded",
        CREDENTIAL,
        open_up("subject", "system:serviceaccount:*:api"),
        open_up("subject", "repo:anybody/anything:ref:refs/heads/main"),
        open_up("audiences", plus("anybody")),
        remove("audiences"),
        lower("issuer", "http://issuer.example.org/"),
    ),
    *weaken("azure-identity-one-account", CREDENTIAL, mismatch("resourceName", "azure-1-doc-identity")),
    *weaken(
        "key-vault-rbac",
        VAULT,
        turn_off("properties.enableRbacAuthorization"),
        remove("properties.enableRbacAuthorization"),
        open_up("properties.enabledForDiskEncryption", value=True),
        open_up("properties.enabledForTemplateDeployment", value=True),
    ),
    *weaken(
        "aks-entra-rbac",
        AKS,
        turn_off("enableRBAC"),
        remove("aadProfile"),
        turn_off("aadProfile.managed"),
        turn_off("aadProfile.enableAzureRBAC"),
    ),
    *weaken(
        "aks-workload-identity",
        AKS,
        turn_off("oidcIssuerProfile.enabled"),
        turn_off("securityProfile.workloadIdentity.enabled"),
        remove("identity"),
    ),
    *weaken(
        "eks-access-by-api",
        EKS,
        open_up("authenticationMode", "API_AND_CONFIG_MAP"),
        lower("authenticationMode", "CONFIG_MAP"),
        remove("authenticationMode"),
    ),
    *weaken("secrets-marked", "VpnConnection aws-azure-vpn-1", unmark("tunnel1PresharedKey")),
    *weaken("secrets-marked", "VirtualNetworkGatewayConnection aws-azure-connection-3", unmark("sharedKey")),
    *weaken("secrets-marked", "kubernetes aws-1-kubernetes", unmark("kubeconfig")),
    *weaken("secrets-marked", "SelfSignedCert mesh-certificate", unmark("privateKeyPem")),
    *weaken("secrets-marked", "Release azure-1-cilium-release", unmark("values.tls.ca.key")),
)
