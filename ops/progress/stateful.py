"""Which resources hold something that does not come back when they are replaced or deleted."""

from __future__ import annotations

import re

_PATTERNS = (
    # Clusters, and the nodes that everything in them runs on.
    r"aws:eks/(cluster:Cluster|nodeGroup:NodeGroup)|eks:index:Cluster",
    r"azure-native:containerservice:(ManagedCluster|AgentPool)",
    # Networks and gateways: half an hour to build, and both ends of a link know their addresses.
    r"aws:ec2/(vpc:Vpc|vpnGateway:VpnGateway|customerGateway:CustomerGateway|vpnConnection:VpnConnection)",
    r"aws:ec2/(natGateway:NatGateway|eip:Eip)|aws:ec2transitgateway/transitGateway:TransitGateway",
    r"azure-native:network:(VirtualNetwork(Gateway(Connection)?)?|NatGateway|LocalNetworkGateway)",
    r"azure-native:network:PublicIPAddress",
    # Keys, secrets and the mesh's CA: what they encrypted or signed is lost with them.
    r"aws:kms/key:Key|aws:secretsmanager/secret:Secret|azure-native:keyvault:(Vault|Key|Secret)",
    r"azure-native:compute:DiskEncryptionSet|tls:index/\w+:\w+|random:index/\w+:\w+",
    r"aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    # Data.
    r"aws:(ebs|rds|dynamodb|efs|backup)/\w+:\w+|aws:s3/bucket\w*:Bucket\w*|aws:cloudwatch/logGroup:LogGroup",
    r"azure-native:(storage:(StorageAccount|BlobContainer)|compute:Disk|operationalinsights:Workspace)",
    r"azure-native:(sql|dbforpostgresql|documentdb|cache|recoveryservices|dataprotection):\w+",
    r"azure-native:resources:ResourceGroup",
    # In a cluster: a namespace takes all that is in it along.
    r"kubernetes:core/v1:(Namespace|PersistentVolume|PersistentVolumeClaim|Secret)",
    r"kubernetes:apps/v1:StatefulSet|kubernetes:helm\.sh/v3:Release",
    r"kubernetes:apiextensions\.k8s\.io/v1:CustomResourceDefinition",
)
_STATEFUL = tuple(re.compile(pattern) for pattern in _PATTERNS)


def is_stateful(token: str) -> bool:
    """Say whether resources of a type hold something that is gone with them, or that others hold on to."""
    return any(pattern.fullmatch(token) for pattern in _STATEFUL)
