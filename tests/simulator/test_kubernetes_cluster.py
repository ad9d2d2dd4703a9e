from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from simulator.kind import Refused
from simulator.kubernetes import KINDS, check_config, provider_config, scope
from simulator.kubernetes.cluster import UNREACHABLE_SCOPE, api_host, cilium_release, cni_works, forget
from simulator.kubernetes.nodes import node_count
from simulator.values import UNKNOWN
from tests.simulator.kubernetes_manifests import cilium, deployment
from tests.simulator.kubernetes_names import ACCOUNT, AKS_HOST, CONFIG_MAP, DEPLOYMENT, EKS_HOST, NAMESPACE, RELEASE
from tests.simulator.kubernetes_world import AKS_CONFIG, Kube, kubeconfig

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = {"metadata": {"name": "plain", "namespace": "default"}}


@pytest.fixture
def kube(tmp_path: Path) -> Kube:
    return Kube(tmp_path)


def test_the_scope_is_the_host_of_the_api_server() -> None:
    assert scope({"kubeconfig": kubeconfig()}, {}) == EKS_HOST
    assert scope({"kubeconfig": kubeconfig(f"{AKS_HOST}:443")}, {}) == AKS_HOST


@pytest.mark.parametrize("config", [{}, {"kubeconfig": UNKNOWN}, {"kubeconfig": ""}])
def test_an_unknown_or_absent_kubeconfig_is_no_mistake(config: dict[str, object]) -> None:
    assert list(check_config(config)) == []
    assert scope(config, {}) == UNREACHABLE_SCOPE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not YAML"),
        ("/home/someone/.kube/config", "not a mapping"),
        (kubeconfig().replace('"current-context"', '"former-context"'), "no current-context"),
        (kubeconfig().replace('"current-context": "x"', '"current-context": "y"'), 'context "y" does not exist'),
        (kubeconfig().replace('"cluster": "c"', '"cluster": "d"'), 'cluster "d" does not exist'),
        (kubeconfig().replace('"user": "u"', '"user": "v"'), 'user "v" does not exist'),
        (kubeconfig().replace("https://", "http://"), "no server"),
    ],
)
def test_a_bad_kubeconfig_is_refused_in_the_configuration(text: str, reason: str) -> None:
    (failure,) = check_config({"kubeconfig": text})
    assert failure.path == "kubeconfig"
    assert reason in failure.reason


def test_a_bad_kubeconfig_is_never_shown() -> None:
    (failure,) = check_config({"kubeconfig": "token: marked-fake-secret: x"})
    assert "marked-fake" not in failure.reason


def test_a_context_of_the_configuration_takes_precedence() -> None:
    document = json.loads(kubeconfig())
    document["clusters"].append({"name": "d", "cluster": {"server": f"https://{AKS_HOST}"}})
    document["contexts"].append({"name": "y", "context": {"cluster": "d", "user": "u"}})
    assert scope({"kubeconfig": json.dumps(document), "context": "y"}, {}) == AKS_HOST
    assert scope({"kubeconfig": json.dumps(document), "cluster": "d"}, {}) == AKS_HOST


def test_a_cluster_that_does_not_exist_is_unreachable(kube: Kube) -> None:
    with pytest.raises(Refused, match="configured Kubernetes cluster is unreachable: unable to load schema"):
        kube.create(CONFIG_MAP, PLAIN)
    kube.eks()
    assert kube.create(CONFIG_MAP, PLAIN).id == "default/plain"


def test_a_provider_without_kubeconfig_reaches_nothing(kube: Kube) -> None:
    kube.eks()
    kube.config = {}
    with pytest.raises(Refused, match="unable to load Kubernetes client configuration"):
        kube.create(CONFIG_MAP, PLAIN)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (kubeconfig(cluster="aws-9"), "provide credentials"),
        (kubeconfig(ca="b3RoZXI="), "certificate signed by unknown authority"),
    ],
)
def test_credentials_of_another_cluster_are_turned_away(kube: Kube, config: str, reason: str) -> None:
    kube.eks()
    kube.config = {"kubeconfig": config}
    with pytest.raises(Refused, match=reason):
        kube.create(CONFIG_MAP, PLAIN)


def test_local_accounts_that_are_disabled_are_turned_away(kube: Kube) -> None:
    kube.aks()
    kube.create(CONFIG_MAP, PLAIN)
    kube.config = {"kubeconfig": kubeconfig(AKS_HOST, user={"token": "marked-fake"})}
    with pytest.raises(Refused, match="local accounts are disabled"):
        kube.create(CONFIG_MAP, {"metadata": {"name": "other"}})


def test_clusters_do_not_see_each_others_objects(kube: Kube) -> None:
    kube.eks()
    kube.create(NAMESPACE, {"metadata": {"name": "mine"}})
    kube.aks()
    with pytest.raises(Refused, match='namespaces "mine" not found'):
        kube.create(ACCOUNT, {"metadata": {"name": "api", "namespace": "mine"}})


def test_a_deleted_cluster_is_unreachable_for_update_read_and_delete(kube: Kube) -> None:
    cluster = kube.eks()
    made = kube.create(CONFIG_MAP, PLAIN)
    release = kube.create(RELEASE, cilium())
    kube.remove(cluster)
    with pytest.raises(Refused, match="configured Kubernetes cluster is unreachable"):
        kube.update(made, {**PLAIN, "data": {"a": "b"}})
    with pytest.raises(Refused, match="failed to read resource state due to unreachable cluster"):
        kube.read(made)
    with pytest.raises(Refused, match="PULUMI_K8S_DELETE_UNREACHABLE"):
        kube.delete(made)
    with pytest.raises(Refused, match="can't update Helm Release with unreachable cluster"):
        kube.update(release, cilium(description="x"))
    with pytest.raises(Refused, match="can't delete Helm Release with unreachable cluster"):
        kube.delete(release)
    with pytest.raises(Refused, match="can't read Helm Release with unreachable cluster"):
        kube.read(release)


@pytest.mark.parametrize("how", ["config", "environment"])
def test_the_provider_gives_up_where_it_is_told_to(kube: Kube, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = kube.eks()
    made, release = kube.create(CONFIG_MAP, PLAIN), kube.create(RELEASE, cilium())
    kube.remove(cluster)
    if how == "config":
        kube.config["deleteUnreachable"] = True
    else:
        monkeypatch.setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
    kube.delete(made)
    assert kube.read(made) is None
    with pytest.raises(Refused, match="can't delete Helm Release"):  # pulumi-kubernetes#2675
        kube.delete(release)


def test_a_cluster_takes_everything_in_it_with_it(kube: Kube) -> None:
    kube.ready_eks()
    kube.create(DEPLOYMENT, deployment())
    cluster = kube.world.find("aws:eks/cluster:Cluster")[0]
    with kube.world.transaction():
        forget(kube.world, cluster)
    assert [record for record in kube.world.records() if record.token.startswith("kubernetes:")] == []


def test_what_the_clouds_may_ask(kube: Kube) -> None:
    cluster = kube.eks()
    assert api_host(cluster) == EKS_HOST
    assert cilium_release(kube.world, cluster) is None
    assert not cni_works(kube.world, cluster)
    release = kube.create(RELEASE, cilium())
    found = cilium_release(kube.world, cluster)
    assert found is not None
    assert found.id == release.id == "kube-system/cilium"
    assert cni_works(kube.world, cluster)


def test_a_cilium_that_cannot_start_is_no_cni(kube: Kube) -> None:
    cluster = kube.eks()
    kube.create(RELEASE, cilium(values={"k8sServiceHost": "elsewhere.example"}))
    assert not cni_works(kube.world, cluster)


def test_the_vpc_cni_is_a_cni(kube: Kube) -> None:
    cluster = kube.eks()
    kube.put("aws:eks/addon:Addon", "us-east-1", "aws-1:vpc-cni", clusterName="aws-1", addonName="vpc-cni")
    assert cni_works(kube.world, cluster)


def test_nodes_of_both_clouds_are_counted(kube: Kube) -> None:
    eks = kube.eks()
    assert node_count(kube.world, eks) == 0
    group = kube.nodes(3)
    assert node_count(kube.world, eks) == 3
    kube.remove(group)
    kube.put(
        "aws:eks/nodeGroup:NodeGroup",
        "us-east-1",
        "bad",
        clusterName="aws-1",
        scalingConfig={"desiredSize": 3},
        status="CREATE_FAILED",
    )
    assert node_count(kube.world, eks) == 0
    aks = kube.aks(2)
    kube.put("azure-native:containerservice:AgentPool", "hms", f"{aks.id}/agentPools/work", count=4)
    assert node_count(kube.world, aks) == 6


def test_a_constant_cluster_identifier_keeps_the_provider() -> None:
    replaces = provider_config.KIND.replaces
    assert replaces is not None
    old = {"kubeconfig": kubeconfig(), "clusterIdentifier": "a"}
    changed = ("kubeconfig",)
    assert list(replaces(old, {**old, "kubeconfig": UNKNOWN}, changed)) == []
    assert list(replaces(old, {**old, "clusterIdentifier": "b"}, ("clusterIdentifier",))) == ["clusterIdentifier"]


def test_without_it_another_server_replaces_and_an_unknown_one_might() -> None:
    replaces = provider_config.KIND.replaces
    assert replaces is not None
    old = {"kubeconfig": kubeconfig()}
    assert list(replaces(old, AKS_CONFIG, ("kubeconfig",))) == ["kubeconfig"]
    assert list(replaces(old, {"kubeconfig": UNKNOWN}, ("kubeconfig",))) == ["kubeconfig"]
    renamed = {"kubeconfig": kubeconfig(cluster="renamed")}
    assert list(replaces(old, renamed, ("kubeconfig",))) == []
    assert provider_config.KIND in KINDS
