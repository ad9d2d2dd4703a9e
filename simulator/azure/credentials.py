"""What Azure answers to questions: kubeconfigs of a cluster, and who asks."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from simulator.azure.aks_outputs import CLUSTER
from simulator.azure.arm import group_id
from simulator.azure.roles import caller
from simulator.kind import Inputs, Invoke, Outputs, Refused, get

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.world import Record

_SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""Entra application of every AKS API server."""

_CLIENT_APPLICATION = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
"""Entra application of every AKS client."""

_MADE = datetime(2026, 1, 1, tzinfo=UTC)


def certificate_authority(context: Context, cluster: Record) -> bytes:
    """Certificate (PEM) of the cluster's own authority: the same on every call."""
    key = Ed25519PrivateKey.from_private_bytes(context.digest(f"authority {cluster.id.casefold()}"))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(context.digest(f"serial {cluster.id.casefold()}")[:15], "big") | 1)
        .not_valid_before(_MADE)
        .not_valid_after(_MADE + timedelta(days=10_950))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    return built.sign(key, None).public_bytes(Encoding.PEM)


def _cluster(context: Context, arguments: Inputs) -> Record:
    group, name = str(arguments["resourceGroupName"]), str(arguments["resourceName"])
    id_ = f"{group_id(context, group)}/providers/Microsoft.ContainerService/managedClusters/{name}"
    found = context.one(CLUSTER, id_)
    if found is None:
        raise Refused(
            "ResourceNotFound",
            f"The Resource 'Microsoft.ContainerService/managedClusters/{name}' under resource group '{group}' was"
            " not found."
            " For more details please go to https://aka.ms/ARMResourceNotFoundFix",
            status=404,
        )
    return found


def _kubeconfig(context: Context, cluster: Record, arguments: Inputs, *, user: str, sign_in: dict[str, Any]) -> str:
    name = str(cluster.outputs["name"])
    private = cluster.outputs.get("privateFQDN")
    host = (
        cluster.outputs.get("fqdn") if arguments.get("serverFqdn") == "public" else private or cluster.outputs["fqdn"]
    )
    authority = base64.b64encode(certificate_authority(context, cluster)).decode()
    who = f"{user}_{arguments['resourceGroupName']}_{name}"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"certificate-authority-data": authority, "server": f"https://{host}:443"}}
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": who}}],
        "current-context": name,
        "preferences": {},
        "users": [{"name": who, "user": sign_in}],
    }
    # JSON is YAML, and needs no library that the simulator would carry for this alone.
    return base64.b64encode(json.dumps(document, indent=2).encode()).decode()


def _token(context: Context, cluster: Record, user: str) -> dict[str, Any]:
    return {"token": context.digest(f"{user} token {cluster.id.casefold()}").hex()}


def _user_credentials(context: Context, arguments: Inputs) -> Outputs:
    cluster = _cluster(context, arguments)
    if get(cluster.outputs, "aadProfile.managed"):
        sign_in: dict[str, Any] = {
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1beta1",
                "args": [
                    "get-token",
                    "--environment",
                    "AzurePublicCloud",
                    "--server-id",
                    _SERVER_APPLICATION,
                    "--client-id",
                    _CLIENT_APPLICATION,
                    "--tenant-id",
                    str(get(cluster.outputs, "aadProfile.tenantID") or context.tenant),
                    "--login",
                    "devicecode",
                ],
                "command": "kubelogin",
                "env": None,
                "installHint": "kubelogin is not installed which is required to connect to AAD enabled cluster.",
                "provideClusterInfo": False,
            }
        }
    else:
        sign_in = _token(context, cluster, "clusterUser")
    value = _kubeconfig(context, cluster, arguments, user="clusterUser", sign_in=sign_in)
    return {"kubeconfigs": [{"name": "clusterUser", "value": value}]}


def _admin_credentials(context: Context, arguments: Inputs) -> Outputs:
    cluster = _cluster(context, arguments)
    if cluster.outputs.get("disableLocalAccounts"):
        message = "Getting static credential is not allowed because this cluster is set to disable local accounts."
        raise Refused("BadRequest", message)
    sign_in = _token(context, cluster, "clusterAdmin")
    value = _kubeconfig(context, cluster, arguments, user="clusterAdmin", sign_in=sign_in)
    return {"kubeconfigs": [{"name": "clusterAdmin", "value": value}]}


def _client_config(context: Context, arguments: Inputs) -> Outputs:
    del arguments
    return {
        "clientId": _CLIENT_APPLICATION,
        "objectId": caller(context),
        "subscriptionId": context.subscription,
        "tenantId": context.tenant,
    }


INVOKES = tuple(
    Invoke(token=f"azure-native:{name}", answer=answer)
    for name, answer in (
        ("containerservice:listManagedClusterUserCredentials", _user_credentials),
        ("containerservice:listManagedClusterAdminCredentials", _admin_credentials),
        ("authorization:getClientConfig", _client_config),
    )
)
