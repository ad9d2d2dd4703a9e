"""Data in transit inside and between clusters: Cilium, the platforms' own networks, listeners."""

from __future__ import annotations

from tests.bench.policies.edit import lower, mismatch, open_up, remove, remove_resource, turn_off
from tests.bench.policies.mutation import weaken

AWS = "Release aws-1-cilium-release"
AZURE = "Release azure-1-cilium-release"
EAST = "Release east-1-cilium-release"
EKS = "Cluster aws-1-eks"

WEAKENINGS = (
    *weaken(
        "cilium-wireguard",
        AWS,
        turn_off("values.encryption.enabled"),
        lower("values.encryption.type", "ipsec"),
        remove("values.encryption.type"),
        remove("values.encryption"),
    ),
    *weaken("cilium-wireguard", AZURE, turn_off("values.encryption.enabled")),
    *weaken("cilium-wireguard", EAST, turn_off("values.encryption.enabled"), remove("values.encryption"), fleet="eni"),
    *weaken(
        "cilium-strict-encryption",
        AZURE,
        turn_off("values.encryption.strictMode.egress.enabled"),
        remove("values.encryption.strictMode"),
        lower("values.encryption.strictMode.egress.cidr", "10.129.128.0/17"),
    ),
    *weaken(
        "cilium-encryption-same",
        AWS,
        mismatch("values.encryption.strictMode.egress.allowRemoteNodeIdentities", value=False),
        mismatch("values.encryption.type", "ipsec"),
    ),
    *weaken("cilium-encryption-same", EAST, mismatch("values.encryption.enabled", value=False), fleet="eni"),
    *weaken(
        "clustermesh-tls",
        AWS,
        lower("values.clustermesh.apiserver.tls.authMode", "legacy"),
        lower("values.clustermesh.apiserver.tls.authMode", "migration"),
        turn_off("values.clustermesh.apiserver.tls.auto.enabled"),
        lower("values.clustermesh.apiserver.tls.auto.method", "helm"),
        lower("values.clustermesh.apiserver.tls.auto.certValidityDuration", 3650),
        remove("values.clustermesh.apiserver.tls"),
        remove("values.tls.ca.cert"),
        remove("values.tls.ca.key"),
    ),
    *weaken("clustermesh-tls", EAST, lower("values.clustermesh.apiserver.tls.authMode", "legacy"), fleet="eni"),
    *weaken(
        "hubble-tls",
        AZURE,
        turn_off("values.hubble.tls.enabled"),
        turn_off("values.hubble.relay.tls.server.enabled"),
        remove("values.hubble.relay.tls"),
        lower("values.hubble.tls.auto.method", "helm"),
        lower("values.hubble.tls.auto.certValidityDuration", 1095),
    ),
    *weaken(
        "cilium-node-encryption-off",
        AWS,
        open_up("values.encryption.nodeEncryption", value=True),
        open_up("values.hostFirewall.enabled", value=True),
    ),
    *weaken(
        "aks-network-is-ciliums",
        "ManagedCluster azure-1-cluster",
        lower("networkProfile.networkPlugin", "azure"),
        remove("networkProfile.networkPlugin"),
        remove("networkProfile"),
    ),
    *weaken(
        "eks-network-is-ciliums",
        EKS,
        open_up("bootstrapSelfManagedAddons", value=True),
        remove("bootstrapSelfManagedAddons"),
        turn_off("useDefaultVpcCni"),
    ),
    *weaken("eks-network-is-ciliums", "Addon aws-1-nodes-coredns", open_up("addonName", "vpc-cni")),
    *weaken("cluster-has-cilium", AWS, remove_resource(), mismatch("chart", "calico")),
    *weaken("cluster-has-cilium", "Release west-1-cilium-release", remove_resource(), fleet="eni"),
    *weaken(
        "load-balancer-listener-tls",
        "Listener aws-1-mesh-listener",
        open_up("port", 80),
        lower("protocol", "HTTP"),
        lower("protocol", "UDP"),
        remove("protocol"),
    ),
)
