"""Plausible outputs of the resources that programs read, formed as the clouds form them, the same in every run."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulumi.runtime import rpc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCOUNT = "123456789012"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
REGION = "us-east-1"

EKS_CLUSTER = "aws:eks/cluster:Cluster"

KUBECONFIG = "apiVersion: v1\nkind: Config\n# marked fake kubeconfig\n"
"""What Azure answers for every cluster."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A resource that a program asked for; ``name`` is its physical name where the inputs give one."""

    type: str
    logical: str
    name: str
    inputs: Mapping[str, Any]

    @property
    def noun(self) -> str:
        return self.type.rpartition(":")[2]

    @property
    def digest(self) -> str:
        return digest(self.type, self.logical)

    def aws_id(self, prefix: str) -> str:
        return f"{prefix}-{self.digest[:17]}"

    def arn(self, service: str, rest: str, region: str = REGION) -> str:
        return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


def digest(*parts: str) -> str:
    """Give 64 hexadecimal digits that follow from the parts."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()


def outputs_of(type_: str, logical: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the provider would add to a resource's inputs; ``id`` is its id."""
    if type_.startswith("azure-native:"):
        return _azure(Asked(type=type_, logical=logical, name=_azure_name(type_, logical, inputs), inputs=inputs))
    asked = Asked(type=type_, logical=logical, name=str(inputs.get("name") or logical), inputs=inputs)
    if type_.startswith("aws:"):
        return _aws(asked)
    return _OTHERS[type_](asked) if type_ in _OTHERS else {}


def answer_of(token: str) -> dict[str, Any]:
    """Give what a data source answers; of those that are not known, nothing."""
    if token == "azure-native:containerservice:listManagedClusterUserCredentials":
        # As Azure does: base64, and no mark of a secret.
        return {"kubeconfigs": [{"name": "user", "value": base64.b64encode(KUBECONFIG.encode()).decode()}]}
    return {}


def eks_cluster(name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Give the outputs of an ``aws.eks.Cluster``."""
    unique = digest("eks", name)[:32]
    return {
        **{key: value for key, value in inputs.items() if key in ("version", "tags", "roleArn")},
        "id": name,
        "name": name,
        "arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{name}",
        "endpoint": f"https://{unique.upper()}.gr7.{REGION}.eks.amazonaws.com",
        "certificateAuthority": {"data": "LS0tLS1CRUdJTi1NT0NL"},
        "certificateAuthorities": [{"data": "LS0tLS1CRUdJTi1NT0NL"}],
        "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.{REGION}.amazonaws.com/id/{unique.upper()}"}]}],
        "vpcConfig": {
            "clusterSecurityGroupId": f"sg-{unique[:17]}",
            "subnetIds": inputs.get("subnetIds") or [],
            "vpcId": inputs.get("vpcId") or "",
        },
        "status": "ACTIVE",
    }


def eks_component(name: str, inputs: Mapping[str, Any], child: str) -> dict[str, Any]:
    """Give the outputs of ``pulumi_eks.Cluster``; ``child`` is the URN of the cluster resource below it."""
    cluster = eks_cluster(name, inputs)
    issuer = cluster["identities"][0]["oidcs"][0]["issuer"]
    return {
        "eksCluster": {rpc._special_sig_key: rpc._special_resource_sig, "urn": child, "id": name},
        "clusterSecurityGroupId": cluster["vpcConfig"]["clusterSecurityGroupId"],
        "oidcIssuer": issuer.removeprefix("https://"),
        "oidcProviderUrl": issuer,
    }


# Prefixes of AWS ids; what is not here has its logical name with "-id" for an id.
_AWS_IDS = {
    "Vpc": "vpc",
    "Subnet": "subnet",
    "InternetGateway": "igw",
    "NatGateway": "nat",
    "Eip": "eipalloc",
    "RouteTable": "rtb",
    "SecurityGroup": "sg",
    "SecurityGroupIngressRule": "sgr",
    "SecurityGroupEgressRule": "sgr",
    "VpnGateway": "vgw",
    "TransitGateway": "tgw",
    "VpcAttachment": "tgw-attach",
    "CustomerGateway": "cgw",
    "VpnConnection": "vpn",
    "VpcPeeringConnection": "pcx",
    "LaunchTemplate": "lt",
}


def _aws(asked: Asked) -> dict[str, Any]:
    service = asked.type.removeprefix("aws:").partition("/")[0]
    outputs: dict[str, Any] = {"name": asked.name, "arn": asked.arn(service, f"{asked.noun.lower()}/{asked.name}")}
    if asked.noun in _AWS_IDS:
        outputs["id"] = asked.aws_id(_AWS_IDS[asked.noun])
    further = _AWS_OUTPUTS.get(f"{service}:{asked.noun}")
    return outputs | (further(asked) if further else {})


def _vpc(asked: Asked) -> dict[str, Any]:
    return {
        "ownerId": ACCOUNT,
        "arn": asked.arn("ec2", f"vpc/{asked.aws_id('vpc')}"),
        "defaultSecurityGroupId": f"sg-{digest(asked.name, 'default')[:17]}",
        "defaultRouteTableId": f"rtb-{digest(asked.name, 'default')[:17]}",
        "mainRouteTableId": f"rtb-{digest(asked.name, 'default')[:17]}",
    }


def _eip(asked: Asked) -> dict[str, Any]:
    return {"allocationId": asked.aws_id("eipalloc"), "publicIp": f"198.51.100.{int(asked.digest[:2], 16)}"}


def _kms_key(asked: Asked) -> dict[str, Any]:
    key = f"{asked.digest[:8]}-{asked.digest[8:12]}-4000-8000-{ACCOUNT}"
    return {"id": key, "keyId": key, "arn": asked.arn("kms", f"key/{key}")}


def _log_group(asked: Asked) -> dict[str, Any]:
    return {"id": asked.name, "arn": asked.arn("logs", f"log-group:{asked.name}")}


def _role(asked: Asked) -> dict[str, Any]:
    return {"id": asked.name, "arn": asked.arn("iam", f"role/{asked.name}", region=""), "uniqueId": asked.digest[:21]}


def _oidc_provider(asked: Asked) -> dict[str, Any]:
    arn = asked.arn("iam", f"oidc-provider/{str(asked.inputs['url']).removeprefix('https://')}", region="")
    return {"id": arn, "arn": arn}


def _node_group(asked: Asked) -> dict[str, Any]:
    return {"resources": [{"autoscalingGroups": [{"name": f"eks-{asked.name}-{asked.digest[:17]}"}]}]}


def _balancing(asked: Asked) -> dict[str, Any]:
    arn = asked.arn("elasticloadbalancing", f"{asked.noun.lower()}/net/{asked.name}/{asked.digest[:16]}")
    return {"id": arn, "arn": arn, "dnsName": f"{asked.name}-{asked.digest[:16]}.elb.{REGION}.amazonaws.com"}


def _vpn_connection(asked: Asked) -> dict[str, Any]:
    addresses = {f"tunnel{one}Address": f"203.0.113.{int(asked.digest[one], 16) * 8 + one}" for one in (1, 2)}
    return {**addresses, "transitGatewayAttachmentId": asked.aws_id("tgw-attach")}


_AWS_OUTPUTS: dict[str, Callable[[Asked], dict[str, Any]]] = {
    "ec2:Vpc": _vpc,
    "ec2:Eip": _eip,
    "kms:Key": _kms_key,
    "cloudwatch:LogGroup": _log_group,
    "iam:Role": _role,
    "iam:OpenIdConnectProvider": _oidc_provider,
    "ec2:LaunchTemplate": lambda _: {"latestVersion": 1, "defaultVersion": 1},
    "eks:NodeGroup": _node_group,
    "eks:Cluster": lambda asked: eks_cluster(asked.name, asked.inputs),
    "lb:LoadBalancer": _balancing,
    "lb:TargetGroup": _balancing,
    "lb:Listener": _balancing,
    "ec2:VpnConnection": _vpn_connection,
}


def _azure_name(type_: str, logical: str, inputs: Mapping[str, Any]) -> str:
    """Find the physical name: ``virtualNetworkGatewayName`` names a gateway, ``resourceName`` a cluster or identity."""
    noun = type_.rpartition(":")[2]
    for key, value in inputs.items():
        stem = key.removesuffix("Name").lower()
        generic = stem == "resource" and noun in ("ManagedCluster", "UserAssignedIdentity")
        if key.endswith("Name") and (noun.lower().endswith(stem) or generic):
            return str(value)
    return logical


def _azure(asked: Asked) -> dict[str, Any]:
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{asked.inputs.get('resourceGroupName', asked.name)}"
    if asked.noun == "ResourceGroup":
        return {"id": group, "name": asked.name}
    arm = f"{group}/providers/{asked.type.split(':')[1]}/{asked.noun}/{asked.name}"
    further = _AZURE_OUTPUTS.get(asked.noun)
    return {"id": arm, "name": asked.name} | (further(asked) if further else {})


def _guid(asked: Asked) -> str:
    return f"{asked.digest[:8]}-{asked.digest[8:12]}-4000-8000-{asked.digest[20:32]}"


def _identity(asked: Asked) -> dict[str, Any]:
    """Give a resource's identity: ARM takes the user-assigned ones as a list here, and answers with a map."""
    identity = dict(asked.inputs.get("identity") or {})
    if "userAssignedIdentities" in identity:
        identity["userAssignedIdentities"] = {each: {} for each in identity["userAssignedIdentities"]}
    if "SystemAssigned" in identity.get("type", ""):
        identity |= {"principalId": _guid(asked), "tenantId": SUBSCRIPTION}
    return {"identity": identity}


def _managed_cluster(asked: Asked) -> dict[str, Any]:
    unique = f"{asked.name}-{asked.digest[:8]}"
    return {
        **_identity(asked),
        "fqdn": f"{unique}.hcp.eastus.azmk8s.io",
        "privateFQDN": f"{unique}.privatelink.eastus.azmk8s.io",
        "nodeResourceGroup": asked.inputs.get("nodeResourceGroup") or f"MC_{asked.name}",
        "oidcIssuerProfile": {
            **(asked.inputs.get("oidcIssuerProfile") or {}),
            "issuerURL": f"https://eastus.oic.prod-aks.azure.com/{SUBSCRIPTION}/{_guid(asked)}/",
        },
        "identityProfile": {"kubeletidentity": {"clientId": _guid(asked), "objectId": _guid(asked)}},
    }


def _vault(asked: Asked) -> dict[str, Any]:
    uri = f"https://{asked.name}.vault.azure.net/"
    return {"properties": {**(asked.inputs.get("properties") or {}), "vaultUri": uri}}


def _vault_key(asked: Asked) -> dict[str, Any]:
    uri = f"https://{asked.inputs.get('vaultName', 'vault')}.vault.azure.net/keys/{asked.name}"
    return {"keyUri": uri, "keyUriWithVersion": f"{uri}/{asked.digest[:32]}"}


_AZURE_OUTPUTS: dict[str, Callable[[Asked], dict[str, Any]]] = {
    "PublicIPAddress": lambda asked: {"ipAddress": f"20.42.0.{int(asked.digest[:2], 16)}"},
    "UserAssignedIdentity": lambda asked: {
        "principalId": _guid(asked),
        "clientId": _guid(asked),
        "tenantId": SUBSCRIPTION,
    },
    "ManagedCluster": _managed_cluster,
    "Vault": _vault,
    "Key": _vault_key,
    "DiskEncryptionSet": _identity,
}


def secret(value: object) -> dict[str, object]:
    """Mark an output as secret, as a provider does."""
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}


def _private_key(asked: Asked) -> dict[str, Any]:
    pem = f"-----BEGIN PRIVATE KEY-----\n{asked.digest}\n-----END PRIVATE KEY-----\n"
    return {"privateKeyPem": secret(pem), "privateKeyPemPkcs8": secret(pem), "publicKeyPem": "MOCK"}


def _certificate(asked: Asked) -> dict[str, Any]:
    return {"certPem": f"-----BEGIN CERTIFICATE-----\n{asked.digest}\n-----END CERTIFICATE-----\n"}


def _text(asked: Asked) -> str:
    return asked.digest[: int(asked.inputs.get("length") or 32)]


_OTHERS: dict[str, Callable[[Asked], dict[str, Any]]] = {
    "tls:index/privateKey:PrivateKey": _private_key,
    "tls:index/selfSignedCert:SelfSignedCert": _certificate,
    "tls:index/locallySignedCert:LocallySignedCert": _certificate,
    "random:index/randomPassword:RandomPassword": lambda asked: {"result": secret(_text(asked))},
    "random:index/randomString:RandomString": lambda asked: {"result": _text(asked)},
    "random:index/randomId:RandomId": lambda asked: {"hex": _text(asked)},
}
