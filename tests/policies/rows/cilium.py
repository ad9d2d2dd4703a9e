"""Rows of all rules over Cilium's Helm values: in transit, exposure, workloads and mesh."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from tests.policies.properties import ABSENT
from tests.policies.rows.row import Row, made

if TYPE_CHECKING:
    from policies.rule import Resource

NOT_READY = "node.cilium.io/agent-not-ready"
RELEASE = "kubernetes:helm.sh/v3:Release"
_AUTO = {"enabled": True, "method": "cronJob", "certValidityDuration": 365}
_PEERS = {"aws-1": ["10.16.128.5"], "azure-1": ["10.17.128.6"]}


def release(name: str = "aws-1", number: int = 1, pods: str = "10.128.128.0/17", **changes: Any) -> Resource:
    values = {
        "cluster": {"name": name, "id": number},
        "routingMode": "tunnel",
        "tunnelProtocol": "geneve",
        "ipam": {"mode": "cluster-pool", "operator": {"clusterPoolIPv4PodCIDRList": [pods]}},
        "MTU": 1400,
        "policyEnforcementMode": "default",
        "cni": {"exclusive": True},
        "encryption": {
            "enabled": True,
            "type": "wireguard",
            "nodeEncryption": False,
            "strictMode": {"egress": {"enabled": True, "cidr": "10.128.0.0/9", "allowRemoteNodeIdentities": True}},
        },
        "hubble": {
            "enabled": True,
            "relay": {"enabled": True, "tls": {"server": {"enabled": True}}},
            "ui": {"enabled": False},
            "tls": {"enabled": True, "auto": _AUTO},
        },
        "clustermesh": {
            "useAPIServer": True,
            "maxConnectedClusters": 255,
            "cacheTTL": "15m",
            "policyDefaultLocalCluster": True,
            "config": {
                "enabled": True,
                "clusters": {peer: {"ips": ips, "port": 2379} for peer, ips in _PEERS.items() if peer != name},
            },
            "apiserver": {
                "service": {"type": "NodePort", "nodePort": 32001},
                "tls": {"authMode": "cluster", "auto": _AUTO},
            },
        },
        "tls": {"ca": {"cert": "Y2VydA==", "key": "a2V5"}, "caBundle": {"enabled": True, "content": "cert\n"}},
    }
    inputs = {
        "chart": "cilium",
        "version": "1.19.6",
        "repositoryOpts": {"repo": "https://helm.cilium.io"},
        "values": copy.deepcopy(values),
        **changes,
    }
    return made(RELEASE, inputs, f"{name}-cilium", provider=f"provider-{name}")


ONE = release()
TWO = (release(), release("azure-1", 2, "10.129.0.0/17"))
NAMESPACE = made(
    "kubernetes:core/v1:Namespace", {"metadata": {"name": "hms-api"}}, "namespace", provider="provider-aws-1"
)
LOAD_BALANCER = {
    "type": "LoadBalancer",
    "annotations": {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"},
    "loadBalancerSourceRanges": ["10.16.0.0/17"],
}


def _behind_load_balancer() -> Resource:
    one = release()
    one.inputs["values"]["clustermesh"]["apiserver"]["service"] = copy.deepcopy(LOAD_BALANCER)
    return one


def _same(rule: str, path: str, bad: tuple[Any, ...], **more: Any) -> Row:
    """Make a row of a rule that compares the releases of two clusters: the second is changed."""
    return Row(rule=rule, good=TWO, at=1, path=f"values.{path}", bad=bad, **more)


ROWS = (
    Row(
        rule="cilium-wireguard",
        good=ONE,
        path="values.encryption.enabled",
        bad=(False,),
        also_bad=(
            ("values.encryption.type", "ipsec"),
            ("values.encryption.type", ABSENT),
            ("values.encryption", ABSENT),
            ("values", ABSENT),
        ),
        also_good=(("chart", "another"),),
    ),
    Row(
        rule="aks-network-is-ciliums",
        good=made("azure-native:containerservice:ManagedCluster", {"networkProfile": {"networkPlugin": "none"}}),
        path="networkProfile.networkPlugin",
        bad=("azure", "kubenet"),
        also_bad=(("networkProfile", ABSENT),),
    ),
    Row(
        rule="eks-network-is-ciliums",
        good=made("eks:index:Cluster", {"bootstrapSelfManagedAddons": False, "useDefaultVpcCni": True}),
        path="bootstrapSelfManagedAddons",
        bad=(True,),
        also_bad=(("useDefaultVpcCni", False), ("useDefaultVpcCni", ABSENT)),
    ),
    Row(
        rule="eks-network-is-ciliums",
        good=made("aws:eks/addon:Addon", {"addonName": "coredns"}),
        path="addonName",
        bad=("vpc-cni",),
    ),
    Row(
        rule="cluster-has-cilium",
        good=(ONE, NAMESPACE),
        path="chart",
        bad=("another",),
        bad_stacks=((NAMESPACE,), (release("azure-1"), NAMESPACE)),
    ),
    Row(
        rule="node-waits-for-cilium",
        good=made("aws:eks/nodeGroup:NodeGroup", {"taints": [{"key": NOT_READY, "effect": "NO_EXECUTE"}]}),
        path="taints",
        bad=([], [{"key": "other", "effect": "NO_EXECUTE"}], [{"key": NOT_READY, "effect": "PREFER_NO_SCHEDULE"}]),
    ),
    Row(
        rule="cilium-strict-encryption",
        good=ONE,
        path="values.encryption.strictMode.egress",
        bad=({"enabled": False, "cidr": "10.128.0.0/9"}, {"enabled": True}, {"enabled": True, "cidr": "10.64.0.0/10"}),
        wrong="strict",
        also_good=(
            ("values.ipam.mode", "eni"),
            ("values.ipam.operator.clusterPoolIPv4PodCIDRList", ["10.200.0.0/16"]),
        ),
    ),
    _same("cilium-encryption-same", "encryption.type", ("ipsec",)),
    _same("cilium-encryption-same", "encryption.strictMode", ({"egress": {"enabled": False}},)),
    Row(
        rule="clustermesh-tls",
        good=ONE,
        path="values.clustermesh.apiserver.tls.authMode",
        bad=("migration", "legacy"),
        also_bad=(
            ("values.clustermesh.apiserver.tls.auto.enabled", False),
            ("values.clustermesh.apiserver.tls.auto.method", "helm"),
            ("values.clustermesh.apiserver.tls.auto.certValidityDuration", 3650),
            ("values.clustermesh.apiserver.tls", ABSENT),
            ("values.tls", ABSENT),
        ),
        also_good=(("values.clustermesh", {"maxConnectedClusters": 255}),),
    ),
    Row(
        rule="hubble-tls",
        good=ONE,
        path="values.hubble.relay.tls.server.enabled",
        bad=(False,),
        also_bad=(
            ("values.hubble.tls.enabled", False),
            ("values.hubble.tls.auto.method", "helm"),
            ("values.hubble.tls.auto", ABSENT),
        ),
        also_good=(("values.hubble", {"enabled": False}),),
    ),
    Row(
        rule="cilium-node-encryption-off",
        good=ONE,
        path="values.encryption.nodeEncryption",
        bad=(True,),
        missing="passes",
        also_bad=(("values.hostFirewall", {"enabled": True}),),
    ),
    Row(
        rule="mesh-api-server-internal",
        good=_behind_load_balancer(),
        path="values.clustermesh.apiserver.service.annotations",
        bad=({}, {"service.beta.kubernetes.io/azure-load-balancer-internal": "false"}),
        wrong=["internal"],
        also_bad=(
            ("values.clustermesh.apiserver.service.loadBalancerSourceRanges", ABSENT),
            ("values.clustermesh.apiserver.service.loadBalancerSourceRanges", ["0.0.0.0/0"]),
        ),
        also_good=(
            (
                "values.clustermesh.apiserver.service.annotations",
                {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"},
            ),
        ),
    ),
    Row(
        rule="mesh-api-server-internal",
        good=ONE,
        path="values.clustermesh.apiserver.service",
        bad=({"type": "LoadBalancer"}, {"type": "ExternalName"}, {}),
        missing="passes",
        wrong="NodePort",
    ),
    Row(
        rule="hubble-relay-inside",
        good=ONE,
        path="values.hubble.relay.service",
        bad=({"type": "NodePort"}, {"type": "LoadBalancer"}),
        missing="passes",
        wrong="NodePort",
        also_good=(("values.hubble.relay.service", {"type": "ClusterIP"}),),
    ),
    Row(
        rule="hubble-ui-off",
        good=ONE,
        path="values.hubble.ui.enabled",
        bad=(True,),
        missing="passes",
    ),
    Row(
        rule="chart-pinned",
        good=ONE,
        path="version",
        bad=("1.19", ">=1.19.0", "latest", ""),
        also_bad=(("repositoryOpts.repo", "http://helm.cilium.io"), ("repositoryOpts", ABSENT)),
        also_good=(("version", "v1.20.0-rc.1"),),
    ),
    Row(
        rule="cilium-policies-on",
        good=ONE,
        path="values.policyEnforcementMode",
        bad=("never",),
        missing="passes",
        also_bad=(("values.policyAuditMode", True), ("values.cni.exclusive", False)),
        also_good=(("values.policyEnforcementMode", "always"),),
    ),
    _same("mesh-cluster-ids-unique", "cluster.id", (1, 0, 512, "one")),
    _same("mesh-cluster-names-unique", "cluster.name", ("aws-1", "default", "")),
    _same("mesh-one-size", "clustermesh.maxConnectedClusters", (511, 100)),
    _same(
        "mesh-one-ca",
        "tls.ca.cert",
        ("b3RoZXI=",),
        also_bad=(
            ("values.tls.ca.key", "b3RoZXI="),
            ("values.tls.caBundle.content", "cert\nother\n"),
        ),
    ),
    Row(
        rule="mesh-one-ca",
        good=ONE,
        path="values.tls.caBundle.content",
        bad=("other\n",),
        missing="passes",
        also_good=(("values.tls.caBundle.content", "other\ncert\n"),),
    ),
    _same(
        "mesh-one-datapath",
        "tunnelProtocol",
        ("vxlan",),
        also_bad=(("values.routingMode", "native"), ("values.ipam.mode", "eni")),
    ),
    _same("mesh-one-mtu", "MTU", (1500, 0, 9001)),
    Row(rule="mesh-one-version", good=TWO, at=1, path="version", bad=("1.20.0",)),
    _same(
        "mesh-pod-ranges-apart",
        "ipam.operator.clusterPoolIPv4PodCIDRList",
        (["10.128.128.0/17"], ["10.128.0.0/9"], [], ["nonsense"]),
    ),
    _same(
        "mesh-peers-complete",
        "clustermesh.config.clusters",
        ({}, {"other": {"ips": ["10.0.0.1"], "port": 2379}}),
        also_bad=(("values.clustermesh.useAPIServer", False), ("values.clustermesh", {"maxConnectedClusters": 255})),
        also_good=(("values.clustermesh.config.clusters", [{"name": "aws-1", "ips": ["10.16.128.5"], "port": 2379}]),),
    ),
    Row(
        rule="mesh-peers-private",
        good=ONE,
        path=("values", "clustermesh", "config", "clusters", "azure-1", "ips"),
        bad=([], ["20.1.2.3"], ["mesh.example.org"]),
        also_bad=((("values", "clustermesh", "config", "clusters", "azure-1", "port"), 2380),),
    ),
    Row(
        rule="mesh-peers-private",
        good=ONE,
        path="values.clustermesh.config.clusters",
        bad=({"azure-1": {}},),
        missing="passes",
        wrong="azure-1",
    ),
    Row(
        rule="mesh-policies-local",
        good=ONE,
        path="values.clustermesh.policyDefaultLocalCluster",
        bad=(False,),
        missing="passes",
    ),
    Row(
        rule="mesh-forgets-lost-clusters",
        good=ONE,
        path="values.clustermesh.cacheTTL",
        bad=("0s", ""),
    ),
)
