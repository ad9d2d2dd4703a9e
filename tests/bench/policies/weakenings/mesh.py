"""The mesh as a whole: what its clusters have to agree on, and to know of each other."""

from __future__ import annotations

from tests.bench.policies.edit import lower, mismatch, open_up, remove, turn_off
from tests.bench.policies.mutation import weaken

AWS = "Release aws-1-cilium-release"
AZURE = "Release azure-1-cilium-release"
WEST = "Release west-1-cilium-release"
PEER = ("values", "clustermesh", "config", "clusters", "azure-1")

WEAKENINGS = (
    *weaken(
        "mesh-cluster-ids-unique",
        AZURE,
        mismatch("values.cluster.id", 1),
        lower("values.cluster.id", 0),
        remove("values.cluster.id"),
    ),
    *weaken("mesh-cluster-ids-unique", WEST, mismatch("values.cluster.id", 1), fleet="eni"),
    *weaken(
        "mesh-cluster-names-unique",
        AZURE,
        mismatch("values.cluster.name", "aws-1"),
        lower("values.cluster.name", "default"),
        remove("values.cluster.name"),
    ),
    *weaken(
        "mesh-one-size",
        AZURE,
        mismatch("values.clustermesh.maxConnectedClusters", 511),
        remove("values.clustermesh.maxConnectedClusters"),
        lower("values.clustermesh.maxConnectedClusters", 100),
    ),
    *weaken(
        "mesh-one-ca",
        AZURE,
        mismatch("values.tls.ca.cert", "b3RoZXI="),
        mismatch("values.tls.ca.key", "b3RoZXI="),
    ),
    *weaken("mesh-one-ca", WEST, mismatch("values.tls.ca.cert", "b3RoZXI="), fleet="eni"),
    *weaken("mesh-one-version", AZURE, mismatch("version", "1.18.4")),
    *weaken(
        "mesh-one-datapath",
        AZURE,
        mismatch("values.tunnelProtocol", "vxlan"),
        mismatch("values.routingMode", "native"),
        remove("values.tunnelProtocol"),
    ),
    *weaken("mesh-one-datapath", WEST, mismatch("values.routingMode", "tunnel"), fleet="eni"),
    *weaken("mesh-one-datapath", AWS, mismatch("values.ipam.mode", "eni")),
    *weaken("mesh-one-mtu", AWS, mismatch("values.MTU", 1500), remove("values.MTU"), lower("values.MTU", 0)),
    *weaken("mesh-one-mtu", WEST, mismatch("values.MTU", 9001), fleet="eni"),
    *weaken(
        "mesh-pod-ranges-apart",
        AZURE,
        mismatch("values.ipam.operator.clusterPoolIPv4PodCIDRList", ["10.128.128.0/17"]),
        open_up("values.ipam.operator.clusterPoolIPv4PodCIDRList[0]", "10.128.0.0/9"),
        remove("values.ipam.operator.clusterPoolIPv4PodCIDRList"),
    ),
    *weaken(
        "mesh-peers-complete",
        AWS,
        remove(PEER),
        turn_off("values.clustermesh.useAPIServer"),
        turn_off("values.clustermesh.config.enabled"),
        mismatch("values.clustermesh.config.clusters", {"azure-2": {"ips": ["10.17.128.6"], "port": 2379}}),
    ),
    *weaken("mesh-peers-complete", WEST, remove("values.clustermesh"), fleet="eni"),
    *weaken(
        "mesh-peers-private",
        AWS,
        open_up((*PEER, "ips"), ["20.42.0.9"]),
        lower((*PEER, "ips"), ["mesh.example.org"]),
        remove((*PEER, "ips")),
        mismatch((*PEER, "port"), 2380),
    ),
    *weaken("mesh-policies-local", AZURE, turn_off("values.clustermesh.policyDefaultLocalCluster")),
    *weaken(
        "mesh-forgets-lost-clusters",
        AWS,
        lower("values.clustermesh.cacheTTL", "0s"),
        remove("values.clustermesh.cacheTTL"),
    ),
)
