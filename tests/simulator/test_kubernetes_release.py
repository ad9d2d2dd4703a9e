from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator.kind import Refused
from simulator.values import UNKNOWN
from tests.simulator.kubernetes_manifests import aks_cilium, changed, cilium, service
from tests.simulator.kubernetes_names import AKS_HOST, EKS_HOST, NAMESPACE, RELEASE, SERVICE
from tests.simulator.kubernetes_world import Kube

if TYPE_CHECKING:
    from pathlib import Path

AZURE = "service.beta.kubernetes.io/azure-load-balancer-"


@pytest.fixture
def eks(tmp_path: Path) -> Kube:
    made = Kube(tmp_path)
    made.eks()
    return made


@pytest.fixture
def aks(tmp_path: Path) -> Kube:
    made = Kube(tmp_path)
    made.aks()
    return made


def mesh(address: str, subnet: str = "mesh") -> dict[str, Any]:
    annotations = {f"{AZURE}internal": "true", f"{AZURE}internal-subnet": subnet, f"{AZURE}ipv4": address}
    return {
        "clustermesh": {
            "useAPIServer": True,
            "apiserver": {"service": {"type": "LoadBalancer", "annotations": annotations}},
        }
    }


def node_port(port: int) -> dict[str, Any]:
    return {"clustermesh": {"useAPIServer": True, "apiserver": {"service": {"type": "NodePort", "nodePort": port}}}}


# --- the chart


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (cilium(chart="cillium"), 'chart "cillium" version "1.19.6" not found in https://helm.cilium.io repository'),
        (cilium(version="1.19.99"), 'chart "cilium" version "1.19.99" not found'),
        (cilium(repositoryOpts={"repo": "https://helm.example"}), "not found in https://helm.example repository"),
        (cilium(repositoryOpts={}), "not found in no repository"),
        (cilium(chart="oci://quay.io/cilium/charts/cilium"), "not found"),
    ],
)
def test_charts_that_no_repository_has(eks: Kube, inputs: dict[str, Any], message: str) -> None:
    assert message in eks.refusals(RELEASE, inputs)["chart"]


@pytest.mark.parametrize(
    "inputs",
    [
        cilium(),
        cilium(version="v1.20.0", values={}),
        cilium(repositoryOpts={"repo": "https://helm.cilium.io/"}),
        {**cilium(chart="oci://quay.io/cilium/charts/cilium"), "repositoryOpts": {}},
        {
            "name": "t",
            "chart": "tempo",
            "version": "2.2.4",
            "repositoryOpts": {"repo": "https://grafana-community.github.io/helm-charts"},
        },
    ],
)
def test_charts_that_one_has(eks: Kube, inputs: dict[str, Any]) -> None:
    assert eks.refusals(RELEASE, inputs) == {}


def test_the_version_that_was_found_is_written_down(eks: Kube) -> None:
    inputs = cilium(skipAwait=False)
    del inputs["version"]
    checked = eks.check(RELEASE, inputs)
    assert (checked["version"], checked["timeout"]) == ("1.20.0", 300)
    assert "timeout" not in eks.check(RELEASE, cilium())


def test_an_unknown_chart_or_value_is_left_to_the_deployment(eks: Kube) -> None:
    assert eks.refusals(RELEASE, cilium(version=UNKNOWN)) == {}
    assert eks.refusals(RELEASE, {**cilium(), "values": UNKNOWN}) == {}
    assert eks.refusals(RELEASE, cilium(values={"k8sServiceHost": UNKNOWN, "tls": {"ca": UNKNOWN}})) == {}


@pytest.mark.parametrize(
    ("inputs", "where"),
    [
        (cilium(name="Cilium"), "name"),
        (cilium(name="c" * 54), "name"),
        (cilium(namespace="Kube"), "namespace"),
        (cilium(postrender="sed"), "postrender"),
        (cilium(values={"MTUU": 1400}), "values.MTUU"),
        (cilium(values=node_port(80)), "values.clustermesh.apiserver.service.nodePort"),
    ],
)
def test_what_is_refused_in_a_release(eks: Kube, inputs: dict[str, Any], where: str) -> None:
    assert where in eks.refusals(RELEASE, inputs)


# --- the cluster


def test_an_unreachable_cluster(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="can't create Helm Release with unreachable cluster"):
        Kube(tmp_path).create(RELEASE, cilium())


def test_a_name_is_used_once(eks: Kube) -> None:
    eks.create(RELEASE, cilium())
    with pytest.raises(Refused, match="cannot re-use a name that is still in use"):
        eks.create(RELEASE, cilium(), name="second")


def test_one_cluster_has_one_cilium(eks: Kube) -> None:
    eks.create(RELEASE, cilium())
    with pytest.raises(Refused, match="invalid ownership metadata"):
        eks.create(RELEASE, cilium(name="cilium-2"))


def test_the_namespace_must_exist_or_be_made(eks: Kube) -> None:
    with pytest.raises(Refused, match='create: failed to create: namespaces "network" not found'):
        eks.create(RELEASE, cilium(namespace="network"))
    made = eks.create(RELEASE, cilium(namespace="network", createNamespace=True))
    assert made.id == "network/cilium"
    assert eks.world.one(NAMESPACE, "network", EKS_HOST) is not None
    eks.update(made, cilium(namespace="network", createNamespace=True, description="again"))


def test_the_status_counts_revisions(eks: Kube) -> None:
    made = eks.create(RELEASE, cilium())
    assert made.outputs["status"] == {
        "status": "deployed",
        "revision": 1,
        "chart": "cilium",
        "version": "1.19.6",
        "appVersion": "1.19.6",
        "name": "cilium",
        "namespace": "kube-system",
    }
    again = eks.update(made, cilium(version="1.20.0"))
    assert (again.outputs["status"]["revision"], again.outputs["status"]["version"]) == (2, "1.20.0")


def test_name_and_namespace_replace_and_values_do_not(eks: Kube) -> None:
    made = eks.create(RELEASE, cilium())
    assert eks.diff(made, cilium(namespace="other")).replaces
    assert not eks.diff(made, cilium(values={"MTU": 1400}, version="1.20.0")).replaces


def test_a_release_waits_for_nodes(eks: Kube) -> None:
    made = eks.create(RELEASE, cilium(skipAwait=False))
    assert 'Helm release "kube-system/cilium" was created, but failed to initialize completely' in made.reasons[0]
    assert "timed out waiting for the condition" in made.reasons[0]
    assert made.outputs["status"]["status"] == "failed"
    eks.nodes()
    again = eks.update(made, cilium(skipAwait=False))
    assert again.reasons == ()
    assert again.outputs["status"]["revision"] == 2


def test_an_atomic_release_that_waits_in_vain_is_taken_back(eks: Kube) -> None:
    with pytest.raises(Refused, match="has been uninstalled due to atomic being set"):
        eks.create(RELEASE, cilium(skipAwait=False, atomic=True))
    assert eks.world.find(RELEASE) == []


def test_other_charts_need_nodes_that_are_ready(eks: Kube) -> None:
    tempo = {
        "name": "tempo",
        "namespace": "kube-system",
        "chart": "tempo",
        "version": "2.2.4",
        "repositoryOpts": {"repo": "https://grafana-community.github.io/helm-charts"},
    }
    eks.nodes()
    made = eks.create(RELEASE, tempo)
    assert "cni plugin not initialized" in made.reasons[1]
    eks.create(RELEASE, cilium())
    assert eks.update(made, tempo).reasons == ()


# --- Cilium


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"k8sServiceHost": ""}, "Unable to contact k8s api-server"),
        ({"k8sServiceHost": f"https://{EKS_HOST}"}, "no such host"),
        (
            {"eni": {"enabled": True}, "ipam": {"mode": "eni"}, "routingMode": "tunnel"},
            "Cannot specify IPAM mode eni in tunnel mode.",
        ),
        ({"enableIPv4Masquerade": False}, "BPF masquerade requires"),
        ({"operator": {"replicas": 4}}, "didn't match pod anti-affinity rules"),
    ],
)
def test_agents_that_cannot_start_hold_up_a_release_that_waits(eks: Kube, values: dict[str, Any], problem: str) -> None:
    eks.nodes(3)
    made = eks.create(RELEASE, cilium(values=values, skipAwait=False))
    assert problem in "; ".join(made.reasons)
    fine = eks.update(made, cilium(skipAwait=False))
    assert fine.reasons == ()
    assert eks.update(made, cilium(values=values)).reasons == ()  # nobody waits


def test_with_kube_proxy_the_service_address_will_do(eks: Kube) -> None:
    eks.nodes()
    eks.put("aws:eks/addon:Addon", "us-east-1", "aws-1:kube-proxy", clusterName="aws-1", addonName="kube-proxy")
    assert eks.create(RELEASE, cilium(values={"k8sServiceHost": ""}, skipAwait=False)).reasons == ()


def test_cilium_on_aks_waits_and_gets_ready(aks: Kube) -> None:
    made = aks.create(RELEASE, aks_cilium(values=mesh("10.17.32.10")))
    assert made.reasons == ()
    found = aks.world.one(SERVICE, "kube-system/clustermesh-apiserver", AKS_HOST)
    assert found is not None
    assert found.outputs["status"] == {"loadBalancer": {"ingress": [{"ip": "10.17.32.10"}]}}
    again = aks.update(made, aks_cilium(values={**mesh("10.17.32.10"), "MTU": 1400}))
    assert again.reasons == ()  # its own address is not somebody else's
    aks.delete(again)
    assert [record for record in aks.world.records() if record.token.startswith("kubernetes:")] == []


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (mesh("10.17.0.10"), "PrivateIPAddressNotInSubnet"),
        (mesh("10.17.32.1"), "PrivateIPAddressInReservedRange"),
        (mesh("10.17.32.10", subnet="missing"), "failed to get subnet"),
    ],
)
def test_a_mesh_address_that_does_not_fit_holds_up_the_release(aks: Kube, values: dict[str, Any], problem: str) -> None:
    assert problem in "; ".join(aks.create(RELEASE, aks_cilium(values=values)).reasons)


def test_the_mesh_node_port_is_a_port_like_others(eks: Kube) -> None:
    eks.namespace("hms-api")
    eks.create(SERVICE, service(type="NodePort", ports=[{"port": 80, "nodePort": 32001}]))
    with pytest.raises(Refused, match="32001: provided port is already allocated"):
        eks.create(RELEASE, cilium(values=node_port(32001)))
    made = eks.create(RELEASE, cilium(values=node_port(32002)))
    eks.update(made, cilium(values={**node_port(32002), "MTU": 1400}))
    with pytest.raises(Refused, match="32002: provided port is already allocated"):
        eks.create(
            SERVICE, changed(service(type="NodePort", ports=[{"port": 80, "nodePort": 32002}]), "metadata/name", "b")
        )


def test_the_ca_is_there_and_its_key_is_not_repeated(eks: Kube) -> None:
    eks.create(RELEASE, cilium())
    found = eks.world.one("kubernetes:core/v1:Secret", "kube-system/cilium-ca", EKS_HOST)
    assert found is not None
    assert "data" not in found.outputs


def test_service_monitors_need_their_definitions(eks: Kube) -> None:
    monitored = cilium(values={"prometheus": {"enabled": True, "serviceMonitor": {"enabled": True}}})
    with pytest.raises(Refused, match=r"Service Monitor requires monitoring.coreos.com/v1 CRDs"):
        eks.create(RELEASE, monitored)
    trusted = changed(monitored, "values/prometheus/serviceMonitor/trustCRDsExist", value=True)
    eks.create(RELEASE, trusted)
