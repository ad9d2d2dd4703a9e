"""Hosts, ids and tokens that the tests of the simulated Kubernetes share."""

from __future__ import annotations

import base64
from typing import Final

EKS_HOST: Final = "0F3A.gr7.us-east-1.eks.amazonaws.com"
AKS_HOST: Final = "azure-1-abc.hcp.eastus.azmk8s.io"
CA: Final = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nmarked fake\n-----END CERTIFICATE-----\n").decode()
CA_KEY: Final = base64.b64encode(b"-----BEGIN PRIVATE KEY-----\nmarked fake\n-----END PRIVATE KEY-----\n").decode()
GROUP: Final = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/hms"
VNET: Final = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hms"
AKS_ID: Final = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/azure-1"

NETWORK_CONTRIBUTOR: Final = "4d97b98b-1d4f-4787-a291-c67834d212e7"

NAMESPACE: Final = "kubernetes:core/v1:Namespace"
DEPLOYMENT: Final = "kubernetes:apps/v1:Deployment"
STATEFUL_SET: Final = "kubernetes:apps/v1:StatefulSet"
SERVICE: Final = "kubernetes:core/v1:Service"
SECRET: Final = "kubernetes:core/v1:Secret"
CONFIG_MAP: Final = "kubernetes:core/v1:ConfigMap"
ACCOUNT: Final = "kubernetes:core/v1:ServiceAccount"
POLICY: Final = "kubernetes:cilium.io/v2:CiliumNetworkPolicy"
RELEASE: Final = "kubernetes:helm.sh/v3:Release"
STORAGE_CLASS: Final = "kubernetes:storage.k8s.io/v1:StorageClass"

API: Final = {
    NAMESPACE: ("v1", "Namespace"),
    DEPLOYMENT: ("apps/v1", "Deployment"),
    STATEFUL_SET: ("apps/v1", "StatefulSet"),
    SERVICE: ("v1", "Service"),
    SECRET: ("v1", "Secret"),
    CONFIG_MAP: ("v1", "ConfigMap"),
    ACCOUNT: ("v1", "ServiceAccount"),
    POLICY: ("cilium.io/v2", "CiliumNetworkPolicy"),
    STORAGE_CLASS: ("storage.k8s.io/v1", "StorageClass"),
}
