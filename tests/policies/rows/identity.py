from __future__ import annotations

import json
from typing import Any

from policies.values import Secret
from tests.policies.properties import ABSENT
from tests.policies.rows.row import Row, made

ROLE = "aws:iam/role:Role"
AKS = "azure-native:containerservice:ManagedCluster"
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/1"
DEFINITIONS = "/providers/Microsoft.Authorization/roleDefinitions"
CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential"


def allow(**more: Any) -> str:
    """Write a policy document of one statement."""
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::logs/*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [{k: v for k, v in statement.items() if v is not None}]})


def trust(**more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole", **more}
    return json.dumps({"Statement": [{k: v for k, v in statement.items() if v is not None}]})


def web(
    sub: object = "system:serviceaccount:hms-api:api", aud: object = "sts.amazonaws.com", how: str = "StringEquals"
) -> str:
    condition = {how: {f"{ISSUER}:sub": sub, f"{ISSUER}:aud": aud}}
    return trust(Principal={"Federated": "arn:1"}, Action="sts:AssumeRoleWithWebIdentity", Condition=condition)


ROOT = {"AWS": "arn:aws:iam::123456789012:root"}
LOGS = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": ["arn:aws:logs:us-east-1:123456789012:log-group:/hms/*"]}}
CONDITION = {"StringEquals": {"kms:CallerAccount": "123456789012"}}

ROWS = (
    Row(
        rule="iam-no-wildcard",
        good=made("aws:iam/rolePolicy:RolePolicy", {"policy": allow()}),
        path="policy",
        bad=(
            allow(Action="*"),
            allow(Action="s3:*"),
            allow(Action=None, NotAction="iam:*"),
            allow(Resource="*", Action="s3:PutObject"),
            allow(Resource=None, NotResource="arn:1"),
            "{",
            "{}",
        ),
        wrong=["not", "a", "document"],
        also_good=(
            ("policy", allow(Resource="*", Action=["ec2:DescribeInstances", "logs:DescribeLogGroups"])),
            ("policy", allow(Resource="*", Action="ec2:AttachNetworkInterface", Condition=CONDITION)),
            ("policy", allow(Effect="Deny", Action="*", Resource="*")),
        ),
    ),
    Row(
        rule="iam-no-wildcard",
        good=made(ROLE, {"inlinePolicies": [{"name": "a", "policy": allow()}]}),
        path="inlinePolicies[0].policy",
        bad=(allow(Action="*"),),
        missing="passes",
        wrong=["not", "a", "document"],
    ),
    Row(
        rule="iam-no-wide-managed-policy",
        good=made(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            {"policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"},
        ),
        path="policyArn",
        bad=("arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/AmazonVPCFullAccess"),
    ),
    Row(
        rule="iam-no-wide-managed-policy",
        good=made(ROLE, {"managedPolicyArns": []}),
        path="managedPolicyArns",
        bad=(["arn:aws:iam::aws:policy/AdministratorAccess"],),
        missing="passes",
    ),
    Row(
        rule="iam-role-bounded",
        good=made(ROLE, {"assumeRolePolicy": trust()}),
        path="assumeRolePolicy",
        bad=(
            trust(Principal="*"),
            trust(Principal={"AWS": "*"}),
            trust(Principal={"AWS": "arn:aws:iam::210987654321:root"}),
            trust(Principal={"AWS": ["arn:aws:iam::210987654321:user/a"], "Service": "ec2.amazonaws.com"}),
            trust(Principal=None, NotPrincipal={"AWS": "arn:1"}),
            web(sub="system:serviceaccount:hms-api:*"),
            web(how="StringLike"),
            web(aud="other"),
            web(sub=["system:serviceaccount:a:a", "system:serviceaccount:b:b"]),
            trust(Principal={"Federated": "arn:1"}),
            "nonsense",
        ),
        wrong=7,
        also_good=(("assumeRolePolicy", web()), ("assumeRolePolicy", json.loads(web()))),
    ),
    Row(
        rule="oidc-provider-audience",
        good=made(
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
            {"clientIdLists": ["sts.amazonaws.com"], "url": "https://issuer"},
        ),
        path="clientIdLists",
        bad=([], ["other"], ["sts.amazonaws.com", "other"]),
        also_bad=(("url", "http://issuer"),),
    ),
    Row(
        rule="pod-identity-bounded",
        good=made(
            "aws:eks/podIdentityAssociation:PodIdentityAssociation", {"namespace": "hms-api", "serviceAccount": "api"}
        ),
        path="serviceAccount",
        bad=("*", "default", ""),
        also_bad=(("namespace", ABSENT),),
    ),
    Row(
        rule="kms-key-policy-bounded",
        good=made("aws:kms/key:Key", {"policy": trust(Principal=ROOT, Action="kms:*", Resource="*")}),
        path="policy",
        bad=(
            trust(Principal={"AWS": "*"}, Action="kms:Decrypt"),
            trust(Principal="*", Action="kms:*"),
            trust(Principal={"AWS": "arn:aws:iam::123456789012:user/a"}, Action="kms:*"),
            trust(Principal={"Service": "logs.amazonaws.com"}, Action="kms:*"),
            trust(Principal={"Service": "logs.amazonaws.com"}, Action="kms:Decrypt"),
            trust(
                Principal={"AWS": "*"}, Action="kms:Decrypt", Condition={"Bool": {"kms:GrantIsForAWSResource": True}}
            ),
            trust(Principal={"AWS": "*"}, Action="kms:Decrypt", Condition={"ArnLike": {"aws:PrincipalArn": "*"}}),
            trust(Principal="*", Action="kms:Decrypt", Condition={"StringNotEquals": {"kms:CallerAccount": "1"}}),
            trust(Principal="*", Action="kms:Decrypt", Condition={"StringEqualsIfExists": {"aws:SourceArn": "a"}}),
            "nonsense",
        ),
        missing="passes",
        wrong=7,
        also_bad=(("bypassPolicyLockoutSafetyCheck", True),),
        also_good=(
            ("policy", trust(Principal={"AWS": "*"}, Action="kms:Decrypt", Condition=CONDITION)),
            ("policy", trust(Principal={"Service": "logs.amazonaws.com"}, Action="kms:Decrypt", Condition=LOGS)),
        ),
    ),
    Row(
        rule="no-static-access-key",
        good=made("aws:iam/accessKey:AccessKey", {"user": "robot", "status": "Inactive"}),
        path="status",
        bad=("Active",),
    ),
    Row(
        rule="azure-role-narrow",
        good=made(
            "azure-native:authorization:RoleAssignment",
            {
                "roleDefinitionId": f"{DEFINITIONS}/12338af0-0e69-4776-bea7-57ae8d297424",
                "scope": "/subscriptions/1/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v",
            },
        ),
        path="roleDefinitionId",
        bad=(
            f"{DEFINITIONS}/8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
            f"{DEFINITIONS}/B24988AC-6180-42A0-AB88-20F7382DD24C",
        ),
        also_bad=(
            ("scope", "/subscriptions/1"),
            ("scope", "/"),
            ("scope", "/providers/Microsoft.Management/managementGroups/root"),
        ),
    ),
    Row(
        rule="federated-credential-bounded",
        good=made(
            CREDENTIAL,
            {
                "subject": "system:serviceaccount:hms-api:api",
                "issuer": "https://issuer",
                "audiences": ["api://AzureADTokenExchange"],
            },
        ),
        path="subject",
        bad=("*", "system:serviceaccount:hms-api:*", "repo:org/name:ref:refs/heads/main"),
        also_bad=(("audiences", ["a"]), ("audiences", []), ("issuer", "http://issuer")),
    ),
    Row(
        rule="azure-identity-one-account",
        good=(
            made("azure-native:managedidentity:UserAssignedIdentity", {"resourceName": "api"}, "identity"),
            made(CREDENTIAL, {"resourceName": "api", "subject": "system:serviceaccount:a:a"}, "one"),
            made(CREDENTIAL, {"resourceName": "api", "subject": "system:serviceaccount:a:a"}, "two"),
        ),
        at=2,
        path="subject",
        bad=("system:serviceaccount:b:b",),
        # What a credential's own subject has to be is another rule's business.
        missing="passes",
        unknown="passes",
        wrong_is="passes",
    ),
    Row(
        rule="key-vault-rbac",
        good=made("azure-native:keyvault:Vault", {"properties": {"enableRbacAuthorization": True}}),
        path="properties.enableRbacAuthorization",
        bad=(False,),
        also_bad=(("properties.enabledForDeployment", True), ("properties.enabledForTemplateDeployment", True)),
    ),
    Row(
        rule="storage-account-no-shared-key",
        good=made("azure-native:storage:StorageAccount", {"allowSharedKeyAccess": False}),
        path="allowSharedKeyAccess",
        bad=(True,),
    ),
    Row(
        rule="aks-entra-rbac",
        good=made(AKS, {"enableRBAC": True, "aadProfile": {"managed": True, "enableAzureRBAC": True}}),
        path="aadProfile.enableAzureRBAC",
        bad=(False,),
        also_bad=(("enableRBAC", False), ("aadProfile.managed", ABSENT), ("aadProfile", ABSENT)),
    ),
    Row(
        rule="aks-workload-identity",
        good=made(
            AKS,
            {
                "oidcIssuerProfile": {"enabled": True},
                "securityProfile": {"workloadIdentity": {"enabled": True}},
                "identity": {"type": "UserAssigned"},
            },
        ),
        path="securityProfile.workloadIdentity.enabled",
        bad=(False,),
        also_bad=(("oidcIssuerProfile", ABSENT), ("identity", ABSENT), ("identity.type", "None")),
    ),
    Row(
        rule="eks-access-by-api",
        good=made("eks:index:Cluster", {"name": "aws-1", "authenticationMode": "API"}),
        path="authenticationMode",
        bad=("CONFIG_MAP", "API_AND_CONFIG_MAP"),
    ),
    Row(
        rule="eks-access-by-api",
        good=made("aws:eks/cluster:Cluster", {"accessConfig": {"authenticationMode": "API"}}),
        path="accessConfig.authenticationMode",
        bad=("CONFIG_MAP",),
    ),
    Row(
        rule="kubernetes-role-named",
        good=made(
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
            {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
        ),
        path="rules",
        bad=([{"apiGroups": ["*"]}], [{"resources": ["*"]}], [{"verbs": ["get", "*"]}]),
        missing="passes",
    ),
    Row(
        rule="kubernetes-binding-named",
        good=made(
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
            {"roleRef": {"name": "view"}, "subjects": [{"kind": "Group", "name": "operators"}]},
        ),
        path="roleRef.name",
        bad=("cluster-admin",),
        also_bad=(
            ("subjects[0].name", "system:authenticated"),
            ("subjects", [{"kind": "ServiceAccount", "name": "default"}]),
        ),
    ),
    Row(
        rule="secrets-marked",
        good=made("azure-native:network:VirtualNetworkGatewayConnection", {"sharedKey": Secret("psk")}),
        path="sharedKey",
        bad=("psk",),
        missing="passes",
        # What is not marked now will not be marked when it is known.
        unknown="violation",
    ),
    Row(
        rule="secrets-marked",
        good=made("kubernetes:helm.sh/v3:Release", {"values": {"tls": {"ca": {"key": Secret("key")}}}}),
        path="values.tls",
        bad=({"ca": {"key": "key"}},),
        missing="passes",
        wrong="key",
        also_good=(("values", Secret({"tls": {"ca": {"key": "key"}}})),),
    ),
    Row(
        rule="secrets-marked",
        good=made("kubernetes:core/v1:Secret", {"data": {"a": Secret("b")}, "stringData": Secret({"c": "d"})}),
        path="data",
        bad=({"a": "b"},),
        missing="passes",
        unknown="violation",
    ),
)
