"""Cilium's values: every key is one that the chart knows, and each decision about the mesh is in them."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

import pytest

from infra.cilium import SECRET_PATHS, UNKNOWN_API_HOST, CaLeaves, helm_values, public_values, strict_cidr
from infra.clustermesh import MESH_CACHE_TTL, chart_version
from simulator.helm_values import check
from tests.infra.fleets import fleet_data, planned

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.plan import FleetPlan

VERSIONS = ("1.19.6", "1.20.0")
CA = CaLeaves(
    certificate="LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t",
    key="LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0t",
    bundle="-----BEGIN CERTIFICATE-----",
)


def overlay(version: str = "1.19.6", **mesh: object) -> FleetPlan:
    return planned(
        fleet_data(
            {"aws": "aws", "azure": "azure"},
            {"aws-1": ("aws", 1), "azure-1": ("azure", 2), "aws-3": ("aws", 3)},
            mesh={"cilium": version, **mesh},
        )
    )


def eni(version: str = "1.19.6") -> FleetPlan:
    return planned(
        fleet_data(
            {"east": "aws", "west": "aws"},
            {"east-1": ("east", 1), "west-1": ("west", 2)},
            mesh={"cilium": version, "profile": "eni"},
        )
    )


def values_of(plan: FleetPlan, cluster: str) -> dict[str, Any]:
    own = plan.clusters[cluster]
    return helm_values(
        plan,
        cluster,
        platform="eks" if plan.sites[own.site].cloud == "aws" else "aks",
        api_host=f"api.{cluster}.test",
        ca=CA,
        operator_role_arn="arn:aws:iam::123456789012:role/op" if plan.mesh.profile == "eni" else None,
    )


def at(values: dict[str, Any], path: str) -> Any:
    found: Any = values
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("make", "cluster"), [(overlay, "aws-1"), (overlay, "azure-1"), (eni, "east-1")], ids=["eks", "aks", "eni"]
)
def test_the_chart_knows_every_key(make: Callable[[str], FleetPlan], cluster: str, version: str) -> None:
    plan = make(version)
    assert check("cilium", version, values_of(plan, cluster), "values") == []
    public, _ = public_values(plan, cluster)
    assert check("cilium", version, public, "values") == []


def test_a_key_that_moved_is_seen_by_that_check() -> None:
    values = values_of(overlay("1.20.0"), "aws-1")
    values["encryption"]["strictMode"] = {"enabled": True}
    assert [failure.path for failure in check("cilium", "1.20.0", values, "values")] == [
        "values.encryption.strictMode.enabled"
    ]


def test_overlay_on_eks() -> None:
    values = values_of(overlay(), "aws-1")
    assert {path: at(values, path) for path in ("cluster.name", "cluster.id", "routingMode", "tunnelProtocol")} == {
        "cluster.name": "aws-1",
        "cluster.id": 1,
        "routingMode": "tunnel",
        "tunnelProtocol": "geneve",
    }
    assert at(values, "ipam.operator.clusterPoolIPv4PodCIDRList") == ["10.128.128.0/17"]
    assert values["k8sServiceHost"] == "api.aws-1.test"
    assert values["kubeProxyReplacement"] is True
    assert at(values, "bpf.masquerade") is True
    assert "aksbyocni" not in values
    assert "eni" not in values
    assert at(values, "clustermesh.apiserver.service") == {"type": "NodePort", "nodePort": 32001}


def test_overlay_on_aks() -> None:
    plan = overlay()
    values = values_of(plan, "azure-1")
    assert at(values, "aksbyocni.enabled") is True
    assert values["kubeProxyReplacement"] is False
    assert at(values, "bpf.masquerade") is False
    assert at(values, "socketLB") == {"enabled": True, "hostNamespaceOnly": True}
    service = at(values, "clustermesh.apiserver.service")
    prefix = "service.beta.kubernetes.io/azure-load-balancer"
    assert service["type"] == "LoadBalancer"
    assert service["annotations"] == {
        f"{prefix}-internal": "true",
        f"{prefix}-internal-subnet": "mesh",
        f"{prefix}-ipv4": plan.clusters["azure-1"].mesh_addresses[0],
    }
    nodes = [*plan.sites["aws"].addresses.node_ranges, *plan.sites["azure"].addresses.node_ranges]
    assert service["loadBalancerSourceRanges"] == [str(network) for network in nodes]


def test_the_source_ranges_leave_out_sites_without_a_peer() -> None:
    data = fleet_data(
        {"aws": "aws", "azure": "azure", "other": "azure"},
        {"aws-1": ("aws", 1), "azure-1": ("azure", 2), "other-1": ("other", 3)},
    )
    data["clusters"]["other-1"]["meshed"] = False
    plan = planned(data)
    ranges = at(values_of(plan, "azure-1"), "clustermesh.apiserver.service.loadBalancerSourceRanges")
    alone = plan.sites["other"].addresses.node_ranges[0]
    assert ranges
    assert not any(IPv4Network(entry).overlaps(alone) for entry in ranges)


def test_every_peer_is_named_with_its_addresses_and_the_cluster_itself_is_not() -> None:
    plan = overlay()
    for name in plan.clusters:
        clusters = at(values_of(plan, name), "clustermesh.config.clusters")
        assert clusters == {peer.name: {"ips": list(peer.mesh_addresses), "port": 2379} for peer in plan.peers(name)}
        assert set(clusters) == set(plan.clusters) - {name}


def test_what_all_clusters_of_the_mesh_share() -> None:
    plan = overlay(maxClusters=511, mtu=1380)
    for name in plan.clusters:
        values = values_of(plan, name)
        assert values["MTU"] == 1380
        mesh = values["clustermesh"]
        assert mesh["useAPIServer"] is True
        assert (mesh["maxConnectedClusters"], mesh["cacheTTL"]) == (511, MESH_CACHE_TTL)
        assert mesh["policyDefaultLocalCluster"] is True
        assert at(mesh, "apiserver.tls.authMode") == "cluster"
        for auto in (at(mesh, "apiserver.tls.auto"), at(values, "hubble.tls.auto")):
            assert (auto["enabled"], auto["method"]) == (True, "cronJob")
        assert at(values, "hubble.relay.enabled") is True
        assert at(values, "hubble.ui.enabled") is False
        assert at(values, "encryption.type") == "wireguard"
        assert at(values, "encryption.nodeEncryption") is False
        assert "hostFirewall" not in values
        assert at(values, "tls.ca") == {"cert": CA.certificate, "key": CA.key}
        assert at(values, "tls.caBundle") == {"enabled": True, "content": CA.bundle}


def test_two_clusters_of_one_platform_differ_only_in_what_is_theirs() -> None:
    plan = overlay()
    first, second = values_of(plan, "aws-1"), values_of(plan, "aws-3")
    different = {key for key in first if first[key] != second[key]}
    assert different == {"cluster", "k8sServiceHost", "ipam", "clustermesh"}


def test_host_aliases_are_off_only_where_the_chart_has_the_switch() -> None:
    assert "disableKubernetesHostAliases" not in values_of(overlay("1.19.6"), "aws-1")["clustermesh"]
    assert values_of(overlay("1.20.0"), "aws-1")["clustermesh"]["disableKubernetesHostAliases"] is True


def test_eni_profile() -> None:
    plan = eni()
    values = values_of(plan, "east-1")
    assert at(values, "ipam") == {"mode": "eni"}
    assert values["routingMode"] == "native"
    assert "tunnelProtocol" not in values
    assert values["eni"] == {
        "enabled": True,
        "awsEnablePrefixDelegation": True,
        "eniTags": plan.clusters["east-1"].tags,
        "iamRole": "arn:aws:iam::123456789012:role/op",
    }
    # The agent exits with BPF masquerading on and masquerading off.
    assert (values["enableIPv4Masquerade"], at(values, "bpf.masquerade")) == (False, False)
    assert "strictMode" not in values["encryption"]


def test_a_cluster_outside_the_mesh_has_no_peers() -> None:
    data = fleet_data({"aws": "aws"}, {"aws-1": ("aws", 1), "aws-2": ("aws", 2)})
    data["clusters"]["aws-2"]["meshed"] = False
    plan = planned(data)
    alone = values_of(plan, "aws-2")
    assert alone["clustermesh"] == {"maxConnectedClusters": 255}
    assert at(values_of(plan, "aws-1"), "clustermesh.config.clusters") == {}


def test_strict_mode_where_all_pods_are_in_the_pool() -> None:
    assert at(values_of(overlay(), "aws-1"), "encryption.strictMode.egress") == {
        "enabled": True,
        "cidr": "10.128.0.0/9",
        "allowRemoteNodeIdentities": True,
    }
    data = fleet_data({"aws": "aws"}, {"aws-1": ("aws", 1), "aws-2": ("aws", 2)})
    data["clusters"]["aws-2"]["podCidr"] = "192.168.0.0/17"
    assert strict_cidr(planned(data)) is None
    assert strict_cidr(eni()) is None


def test_no_encryption_only_where_asked_for() -> None:
    plan = overlay(encryption={"type": "none", "reason": "the lab's kernel has no WireGuard"})
    assert values_of(plan, "aws-1")["encryption"] == {"enabled": False}
    assert strict_cidr(plan) is None


def test_one_operator_on_one_node() -> None:
    data = fleet_data({"aws": "aws"}, {"aws-1": ("aws", 1)})
    assert at(values_of(planned(data), "aws-1"), "operator.replicas") == 2
    data["clusters"]["aws-1"]["nodePools"] = {"system": {"min": 1, "max": 1}}
    assert at(values_of(planned(data), "aws-1"), "operator.replicas") == 1


@pytest.mark.parametrize("cluster", ["aws-1", "azure-1"])
def test_public_values_are_the_values_without_what_is_named(cluster: str) -> None:
    plan = overlay()
    public, left_out = public_values(plan, cluster)
    assert set(SECRET_PATHS) <= set(left_out)
    assert left_out == ("k8sServiceHost", "tls.ca.cert", "tls.ca.key", "tls.caBundle")
    assert public["k8sServiceHost"] == UNKNOWN_API_HOST
    full = values_of(plan, cluster)
    del full["tls"]
    assert {**full, "k8sServiceHost": UNKNOWN_API_HOST} == public
    assert CA.key not in json.dumps(public)


def test_public_values_of_the_eni_profile() -> None:
    left_out = public_values(eni(), "east-1")[1]
    assert left_out == ("k8sServiceHost", "eni.iamRole", "tls.ca.cert", "tls.ca.key", "tls.caBundle")


def test_chart_version() -> None:
    assert chart_version("1.20.0-rc.1") == (1, 20, 0)
    with pytest.raises(ValueError, match=r"1\.20' is not a version"):
        chart_version("1.20")
