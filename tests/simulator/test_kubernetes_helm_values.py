from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from simulator.helm_values import CHARTS, check, find_chart, tabled
from simulator.values import UNKNOWN
from tests.simulator.kubernetes_manifests import changed
from tests.simulator.kubernetes_names import CA, CA_KEY

if TYPE_CHECKING:
    from pathlib import Path

GOOD: dict[str, Any] = {
    "cluster": {"name": "aws-1", "id": 1},
    "ipam": {
        "mode": "cluster-pool",
        "operator": {"clusterPoolIPv4PodCIDRList": ["100.64.0.0/16"], "clusterPoolIPv4MaskSize": 24},
    },
    "routingMode": "tunnel",
    "tunnelProtocol": "geneve",
    "kubeProxyReplacement": True,
    "k8sServiceHost": "x.example",
    "k8sServicePort": 443,
    "MTU": 1400,
    "tls": {"ca": {"cert": CA, "key": CA_KEY}},
    "operator": {"replicas": 2, "tolerations": [{"key": "a", "operator": "Exists"}]},
    "nodeSelector": {"kubernetes.io/os": "linux", "team": "hms"},
    "hubble": {
        "enabled": True,
        "relay": {"enabled": True},
        "tls": {"auto": {"method": "cronJob", "schedule": "0 0 1 */4 *"}},
    },
    "clustermesh": {
        "useAPIServer": True,
        "maxConnectedClusters": 255,
        "config": {"enabled": True, "clusters": {"azure-1": {"ips": ["10.17.32.10"], "port": 2379}}},
        "apiserver": {"tls": {"authMode": "cluster", "auto": {"enabled": True, "method": "cronJob"}}},
    },
}


def found(values: dict[str, Any], version: str = "1.19.6") -> dict[str, str]:
    return {failure.path: failure.reason for failure in check("cilium", version, values)}


@pytest.mark.parametrize("version", ["1.19.6", "1.20.0"])
def test_good_values(version: str) -> None:
    assert found(GOOD, version) == {}
    assert found({}, version) == {}


@pytest.mark.parametrize(
    ("path", "value", "where", "words"),
    [
        ("clusterr", {}, "values.clusterr", "no key 'clusterr'"),
        ("cluster/ID", 1, "values.cluster.ID", "no key 'ID'"),
        ("cluster/id", "1", "values.cluster.id", "got string, want integer"),
        ("cluster/id", True, "values.cluster.id", "got boolean, want integer"),
        ("cluster/id", 1.5, "values.cluster.id", "got number, want integer"),
        ("cluster", "aws-1", "values.cluster", "got string, want object"),
        ("MTU", "1400", "values.MTU", "got string, want integer"),
        ("operator/tolerations", {}, "values.operator.tolerations", "got object, want null or array"),
        ("nodeSelector/team", 1, None, ""),
        (
            "clustermesh/apiserver/etcd",
            {"storageMedium": "Tape"},
            "values.clustermesh.apiserver.etcd.storageMedium",
            "'Disk', 'Memory'",
        ),
        ("encryption", {"strictMode": {"egres": {}}}, "values.encryption.strictMode.egres", "no key"),
    ],
)
def test_keys_types_and_enums(path: str, value: object, where: str | None, words: str) -> None:
    failures = found(changed(GOOD, path, value))
    if where is None:
        assert failures == {}  # below an open object anything goes
    else:
        assert words in failures[where]


def test_a_key_with_a_dot_is_one_key() -> None:
    broken = changed(GOOD, "nodeSelector", {"kubernetes.io/os": 1})
    assert found(broken) == {'values.nodeSelector["kubernetes.io/os"]': "got integer, want string"}


def test_a_value_that_moved_is_refused_and_not_ignored() -> None:
    old = {
        "encryption": {"enabled": True, "type": "wireguard", "strictMode": {"enabled": True, "cidr": "100.64.0.0/10"}}
    }
    assert found(old, "1.19.6") == {}
    assert set(found(old, "1.20.0")) == {"values.encryption.strictMode.enabled", "values.encryption.strictMode.cidr"}


def test_what_is_unknown_is_left_alone() -> None:
    assert found({**GOOD, "cluster": {"name": UNKNOWN, "id": UNKNOWN}, "routingMode": UNKNOWN, "tls": UNKNOWN}) == {}
    assert found({**GOOD, "clustermesh": {"config": {"clusters": {"azure-1": {"ips": UNKNOWN, "port": 2379}}}}}) == {}
    assert check("cilium", "1.19.6", {"ipv4NativeRoutingCIDR": UNKNOWN, "routingMode": "native"}) == []


def mesh(**clusters: object) -> dict[str, Any]:
    return changed(GOOD, "clustermesh/config/clusters", clusters or {})


@pytest.mark.parametrize(
    ("path", "value", "where", "words"),
    [
        ("cluster/name", "", "cluster.name", "cannot be empty"),
        ("cluster/name", "a" * 33, "cluster.name", "must not be more than 32 characters"),
        ("cluster/name", "AWS-1", "cluster.name", "must consist of lower case alphanumeric characters"),
        ("cluster/name", "aws-", "cluster.name", "must start and end with an alphanumeric character"),
        ("cluster/name", "default", "cluster.name", "cannot use default value with cluster.id != 0"),
        ("cluster/id", 256, "cluster.id", "must be in range 0..255"),
        ("cluster/id", -1, "cluster.id", "must be in range 0..255"),
        ("clustermesh/maxConnectedClusters", 300, "clustermesh.maxConnectedClusters", "must be set to 255 or 511"),
        (
            "kubeProxyReplacement",
            "strict",
            "kubeProxyReplacement",
            "must be explicitly set to a valid value (true or false)",
        ),
        ("routingMode", "direct", "routingMode", "Invalid value"),
        ("tunnelProtocol", "gre", "tunnelProtocol", "invalid tunnel protocol"),
        ("ipam/mode", "eni", "ipam.mode", "requires eni.enabled=true"),
        ("routingMode", "native", "ipv4NativeRoutingCIDR", "must be set when routingMode is native"),
        ("k8sServiceHostRef", {"name": "a", "key": "b"}, "k8sServiceHostRef", "Please set only one of them"),
        (
            "ipam/operator/clusterPoolIPv4PodCIDRList",
            ["100.64.0.1/16"],
            "ipam.operator.clusterPoolIPv4PodCIDRList[0]",
            "invalid CIDR",
        ),
        (
            "ipam/operator/clusterPoolIPv4MaskSize",
            15,
            "ipam.operator.clusterPoolIPv4MaskSize",
            "smaller than that of the pool",
        ),
        ("hubble/enabled", False, "hubble.relay.enabled", "Hubble Relay requires"),
        ("hubble", {"ui": {"enabled": True}}, "hubble.ui.enabled", "Hubble UI requires"),
        ("hubble/tls/auto/method", "cron", "hubble.tls.auto.method", "value must be one of"),
        (
            "clustermesh/apiserver/tls/auto/method",
            "certgen",
            "clustermesh.apiserver.tls.auto.method",
            "value must be one of",
        ),
        (
            "clustermesh/apiserver/tls/auto/method",
            "certmanager",
            "clustermesh.apiserver.tls.auto.certManagerIssuerRef",
            "requires that user specifies",
        ),
        (
            "clustermesh/apiserver/tls/authMode",
            "remote",
            "clustermesh.apiserver.tls.authMode",
            "must be one of legacy, migration, cluster",
        ),
        (
            "clustermesh/config/clusters/Azure",
            {"ips": ["10.0.0.1"], "port": 1},
            "clustermesh.config.clusters.Azure",
            "invalid cluster name",
        ),
        ("clustermesh/config/clusters/azure-1/ip", "10.0.0.1", "clustermesh.config.clusters.azure-1.ip", "no key 'ip'"),
        ("clustermesh/config/clusters/azure-1/ips", [], "clustermesh.config.clusters.azure-1.address", "missing"),
        (
            "clustermesh/config/clusters/azure-1/ips",
            ["10.0.0"],
            "clustermesh.config.clusters.azure-1.ips[0]",
            "invalid IP address",
        ),
        ("clustermesh/config/clusters/azure-1/port", None, "clustermesh.config.clusters.azure-1.port", "no port"),
        (
            "clustermesh/config/clusters",
            [{"name": "a", "ips": ["10.0.0.1"], "port": 1}] * 2,
            "clustermesh.config.clusters[1]",
            "two peers",
        ),
        ("clustermesh/config/clusters", ["a"], "clustermesh.config.clusters[0]", "no object"),
        ("tls/ca/key", "", "tls.ca", "must be given together"),
        ("tls/ca/cert", "-----BEGIN CERTIFICATE-----", "tls.ca.cert", "illegal base64 data"),
        ("tls/ca/key", base64.b64encode(b"key").decode(), "tls.ca.key", "illegal base64 data"),
        ("operator", {"setNodeTaints": True, "removeNodeTaints": False}, "operator.setNodeTaints", "Cannot have"),
        (
            "authentication",
            {"enabled": False, "mutual": {"spire": {"enabled": True}}},
            "authentication.enabled",
            "SPIRE",
        ),
        ("aksbyocni", {"enabled": True}, None, ""),
    ],
)
def test_what_cilium_refuses(path: str, value: object, where: str | None, words: str) -> None:
    failures = found(changed(GOOD, path, value))
    if where is None:
        assert failures == {}
    else:
        assert words in failures[f"values.{where}"]


def test_bring_your_own_cni_of_aks_is_a_tunnel() -> None:
    native = {**GOOD, "aksbyocni": {"enabled": True}, "routingMode": "native", "ipv4NativeRoutingCIDR": "10.0.0.0/8"}
    assert "must be set to tunnel when aksbyocni" in found(native)["values.routingMode"]


def test_more_clusters_more_ids() -> None:
    wide = changed(changed(GOOD, "clustermesh/maxConnectedClusters", 511), "cluster/id", 400)
    assert found(wide) == {}
    assert "0..511" in found(changed(wide, "cluster/id", 512))["values.cluster.id"]


@pytest.mark.parametrize(("number", "refused"), [(127, False), (128, True), (255, True), (256, False), (384, True)])
def test_the_bug_with_high_ids_in_eni_mode(number: int, refused: bool) -> None:  # noqa: FBT001 - a table
    eni = {
        "cluster": {"name": "aws-1", "id": number},
        "eni": {"enabled": True},
        "ipam": {"mode": "eni"},
        "routingMode": "native",
        "clustermesh": {"maxConnectedClusters": 511},
    }
    assert ("values.cluster.id" in found(eni)) is refused


def test_certificates_as_values_are_gone_in_1_20() -> None:
    given = {
        "clustermesh": {
            "useAPIServer": True,
            "apiserver": {"tls": {"auto": {"enabled": False}, "server": {"cert": "x", "key": "y"}}},
        }
    }
    assert found(given, "1.19.6") == {}
    assert found(given, "1.20.0")


def test_a_key_is_never_shown() -> None:
    secret = base64.b64encode(b"marked fake").decode()
    assert secret not in str(found(changed(GOOD, "tls/ca/key", secret)))


def test_a_chart_is_found_by_repository_or_address() -> None:
    assert find_chart("cilium", "1.19.6", "https://helm.cilium.io/") is not None
    assert find_chart("oci://quay.io/cilium/charts/cilium", "1.19.6", None) is not None
    assert find_chart("cilium", "1.19.6", None) is None
    assert find_chart("cilium", "1.18.0", "https://helm.cilium.io") is None
    newest = find_chart("cilium", None, "https://helm.cilium.io")
    assert newest is not None
    assert newest.version == "1.20.0"
    assert {chart.name for chart in CHARTS if tabled(chart.name, chart.version)} == {"cilium"}
    with pytest.raises(LookupError, match="no table of values"):
        check("tempo", "2.2.4", {})


def test_a_table_of_another_chart_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (
        "# chart toy 1.0",
        "rules\tarray\t\t",
        "rules[]\tobject\t\t",
        "rules[].port\tinteger|null\t\t",
        'mode\tstring\t\ta|""',
    )
    (tmp_path / "toy-1.0.tsv").write_text("\n".join(rows))
    monkeypatch.setattr("simulator.helm_values._HERE", tmp_path)
    assert check("toy", "1.0", {"rules": [{"port": 1}, {"port": None}], "mode": ""}) == []
    failures = check("toy", "1.0", {"rules": [{}, {"port": "1", "prot": 2}], "mode": "b"})
    assert {failure.path for failure in failures} == {"values.rules[1].port", "values.rules[1].prot", "values.mode"}
