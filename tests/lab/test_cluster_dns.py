from __future__ import annotations

from pathlib import Path

import kubernetes_validate
import pytest

from infra.load import load_fleet
from infra.planner import plan_fleet
from lab.cluster.dns import COREFILE, dns_objects
from lab.plan import plan_lab

CLUSTERS = plan_lab(plan_fleet(load_fleet(Path("fleets/dev.yaml"))), depth="datapath").clusters
OBJECTS = {one["kind"]: one for one in dns_objects(CLUSTERS["azure-1"], "registry.k8s.io/coredns/coredns:v1.13.1")}


@pytest.mark.parametrize("kind", list(OBJECTS))
def test_objects_are_valid(kind: str) -> None:
    kubernetes_validate.validate(OBJECTS[kind], "1.35", strict=True)


def test_the_service_has_the_planned_address_and_leads_to_the_pods() -> None:
    service, pods = OBJECTS["Service"]["spec"], OBJECTS["Deployment"]["spec"]["template"]
    assert service["clusterIP"] == CLUSTERS["azure-1"].plan.dns_address
    assert service["selector"].items() <= pods["metadata"]["labels"].items()
    exposed = {(port["containerPort"], port["protocol"]) for port in pods["spec"]["containers"][0]["ports"]}
    assert {(port["port"], port["protocol"]) for port in service["ports"]} <= exposed


def test_the_pods_are_those_that_the_fleets_policies_admit() -> None:
    # infra/network_policies.py opens port 53 to these labels in this namespace.
    pods = OBJECTS["Deployment"]
    assert pods["metadata"]["namespace"] == "kube-system"
    assert pods["spec"]["template"]["metadata"]["labels"]["k8s-app"] == "kube-dns"


def test_the_pods_find_their_configuration_and_their_rights() -> None:
    pod = OBJECTS["Deployment"]["spec"]["template"]["spec"]
    (volume,) = pod["volumes"]
    assert volume["configMap"]["name"] == OBJECTS["ConfigMap"]["metadata"]["name"]
    assert [item["key"] for item in volume["configMap"]["items"]] == list(OBJECTS["ConfigMap"]["data"])
    (subject,) = OBJECTS["ClusterRoleBinding"]["subjects"]
    assert subject["name"] == pod["serviceAccountName"] == OBJECTS["ServiceAccount"]["metadata"]["name"]
    assert OBJECTS["ClusterRoleBinding"]["roleRef"]["name"] == OBJECTS["ClusterRole"]["metadata"]["name"]


def test_probes_ask_plugins_that_are_configured() -> None:
    container = OBJECTS["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    assert container["livenessProbe"]["httpGet"] == {"path": "/health", "port": 8080}
    assert container["readinessProbe"]["httpGet"] == {"path": "/ready", "port": 8181}
    plugins = {line.split()[0] for line in COREFILE.splitlines() if line.startswith("    ")}
    assert {"health", "ready", "kubernetes"} <= plugins
    assert "forward" not in plugins
