"""What EKS gives back of a cluster: endpoint, authority, issuer, and its own choices."""

from __future__ import annotations

import base64
import datetime as dt
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from simulator.aws import tokens
from simulator.aws.common import CREATED, network
from simulator.kind import get

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.kind import Inputs, Outputs

_DEFAULT_VERSION = "1.35"


def _authority(seed: bytes, name: str) -> str:
    """Sign a certificate of itself, the same for the same seed: Ed25519 leaves nothing to chance, RSA would."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1 + int.from_bytes(seed[:8], "big") // 2)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, None)
    )
    return base64.b64encode(certificate.public_bytes(Encoding.PEM)).decode()


def cluster_outputs(context: Context, inputs: Inputs) -> Outputs:
    """Give what EKS makes up for a cluster, and what it fills in where the program says nothing."""
    name, issuer = inputs["name"], context.hex(32, "issuer").upper()
    subnet = context.one(tokens.SUBNET, str(inputs["vpcConfig"]["subnetIds"][0]))
    vpc = str(subnet.outputs["vpcId"]) if subnet else ""
    group = context.token("sg", "cluster-group")
    if context.old is None:
        context.implicit(
            tokens.SECURITY_GROUP,
            group,
            {
                "vpcId": vpc,
                "name": f"eks-cluster-sg-{name}-{context.number(10**8, 10**10, 'group')}",
                "description": "EKS created security group applied to ENI that is attached to EKS Control Plane master "
                "nodes, as well as any managed workloads.",
            },
        )
    vpc_config: dict[str, Any] = {
        "endpointPrivateAccess": False,
        "endpointPublicAccess": True,
        "publicAccessCidrs": ["0.0.0.0/0"],
        "securityGroupIds": [],
        **{key: value for key, value in inputs["vpcConfig"].items() if value is not None},
        "clusterSecurityGroupId": group,
        "vpcId": vpc,
    }
    # EKS picks the one of the two that does not overlap the VPC.
    range_of_vpc = network(get(record.outputs if (record := context.one(tokens.VPC, vpc)) else {}, "cidrBlock"))
    preferred = IPv4Network("10.100.0.0/16")
    clash = range_of_vpc is not None and range_of_vpc.overlaps(preferred)
    return {
        "endpoint": f"https://{context.hex(32, 'endpoint').upper()}.gr7.{context.scope}.eks.amazonaws.com",
        "certificateAuthority": {"data": _authority(context.digest("authority"), "kubernetes")},
        "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.{context.scope}.amazonaws.com/id/{issuer}"}]}],
        "vpcConfig": vpc_config,
        "version": inputs.get("version") or (context.old.outputs["version"] if context.old else _DEFAULT_VERSION),
        "platformVersion": "eks.1",
        "status": "ACTIVE",
        "createdAt": CREATED,
        "accessConfig": {
            "authenticationMode": "CONFIG_MAP",
            "bootstrapClusterCreatorAdminPermissions": True,
            **(inputs.get("accessConfig") or {}),
        },
        "kubernetesNetworkConfig": {
            "ipFamily": "ipv4",
            "serviceIpv4Cidr": "172.20.0.0/16" if clash else str(preferred),
            **{key: item for key, item in (inputs.get("kubernetesNetworkConfig") or {}).items() if item is not None},
        },
        "upgradePolicy": inputs.get("upgradePolicy") or {"supportType": "EXTENDED"},
    }
