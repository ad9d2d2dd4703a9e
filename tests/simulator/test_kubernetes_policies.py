from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator.kind import Refused
from simulator.kubernetes.policies import invalidity
from simulator.values import UNKNOWN
from tests.simulator.kubernetes_manifests import changed, cilium, policy
from tests.simulator.kubernetes_names import EKS_HOST, POLICY, RELEASE
from tests.simulator.kubernetes_world import Kube

if TYPE_CHECKING:
    from pathlib import Path

CLUSTERWIDE = "kubernetes:cilium.io/v2:CiliumClusterwideNetworkPolicy"
DEFINITION = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"

FULL = policy(
    description="all of it",
    enableDefaultDeny={"ingress": True, "egress": True},
    ingress=[
        {
            "fromEndpoints": [
                {
                    "matchLabels": {"app": "dev"},
                    "matchExpressions": [
                        {"key": "io.cilium.k8s.policy.cluster", "operator": "In", "values": ["aws-1"]}
                    ],
                }
            ],
            "toPorts": [{"ports": [{"port": "8080", "protocol": "TCP"}]}],
        },
        {"fromEntities": ["kube-apiserver", "host"]},
        {"icmps": [{"fields": [{"type": 8, "family": "IPv4"}, {"type": "EchoReply"}]}]},
    ],
    ingressDeny=[{"fromCIDRSet": [{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}]}],
    egress=[
        {
            "toEndpoints": [{"matchLabels": {"k8s:k8s-app": "kube-dns"}}],
            "toPorts": [
                {
                    "ports": [{"port": "53", "protocol": "ANY"}],
                    "rules": {"dns": [{"matchPattern": "*"}, {"matchName": "a.b"}]},
                }
            ],
        },
        {"toFQDNs": [{"matchName": "example.com"}], "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]},
        {"toCIDR": ["192.0.2.0/24"]},
    ],
    egressDeny=[{"toEntities": ["world"]}],
)


@pytest.fixture
def kube(tmp_path: Path) -> Kube:
    made = Kube(tmp_path)
    made.ready_eks()
    return made


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("spec", None, "spec"),
        ("status", {}, "status"),
        ("specs", [], "specs"),
        ("spec/ingres", [], "spec.ingres"),
        ("spec/endpointSelector", None, "spec"),
        ("spec/nodeSelector", {}, "spec"),
        ("spec/endpointSelector/matchLabel", {}, "spec.endpointSelector.matchLabel"),
        ("spec/endpointSelector/matchLabels/app", 1, "spec.endpointSelector.matchLabels.app"),
        ("spec/enableDefaultDeny/ingress", "yes", "spec.enableDefaultDeny.ingress"),
        ("spec/ingress/0/toEndpoints", [], "spec.ingress[0].toEndpoints"),
        (
            "spec/ingress/0/fromEndpoints/0/matchExpressions/0/operator",
            "Is",
            "spec.ingress[0].fromEndpoints[0].matchExpressions[0].operator",
        ),
        (
            "spec/ingress/0/fromEndpoints/0/matchExpressions/0/key",
            None,
            "spec.ingress[0].fromEndpoints[0].matchExpressions[0].key",
        ),
        ("spec/ingress/0/toPorts/0/ports/0/port", 8080, "spec.ingress[0].toPorts[0].ports[0].port"),
        ("spec/ingress/0/toPorts/0/ports/0/port", "80800", "spec.ingress[0].toPorts[0].ports[0].port"),
        ("spec/ingress/0/toPorts/0/ports/0/protocol", "tcp", "spec.ingress[0].toPorts[0].ports[0].protocol"),
        ("spec/ingress/1/fromEntities/0", "internet", "spec.ingress[1].fromEntities[0]"),
        ("spec/ingress/2/icmps/0/fields/0/family", "IPv5", "spec.ingress[2].icmps[0].fields[0].family"),
        ("spec/ingress/2/icmps/0/fields/0/type", "Ping", "spec.ingress[2].icmps[0].fields[0].type"),
        ("spec/ingressDeny/0/fromCIDRSet/0/cidr", "10.0.0.0/40", "spec.ingressDeny[0].fromCIDRSet[0].cidr"),
        ("spec/ingressDeny/0/fromCIDRSet/0/except/0", "ten", "spec.ingressDeny[0].fromCIDRSet[0].except[0]"),
        ("spec/ingressDeny/0/fromCIDRSet/0/cidrGroupRef", "g", "spec.ingressDeny[0].fromCIDRSet[0]"),
        ("spec/ingressDeny/0/toPorts", [{"rules": {}}], "spec.ingressDeny[0].toPorts[0].rules"),
        ("spec/egress/0/toPorts/0/rules/dns/0/matchName", "x", "spec.egress[0].toPorts[0].rules.dns[0]"),
        ("spec/egress/0/toPorts/0/rules/dns/1/matchName", "a b", "spec.egress[0].toPorts[0].rules.dns[1].matchName"),
        ("spec/egress/0/toPorts/0/rules/http", [{}], "spec.egress[0].toPorts[0].rules"),
        ("spec/egress/1/toFQDNs/0", {}, "spec.egress[1].toFQDNs[0]"),
        ("spec/egress/2/toCIDR/0", "192.0.2.0/33", "spec.egress[2].toCIDR[0]"),
        ("spec/egressDeny/0/toFQDNs", [], "spec.egressDeny[0].toFQDNs"),
        ("spec/egressDeny/0/toEntities/0", "cluster-mash", "spec.egressDeny[0].toEntities[0]"),
        ("kind", "CiliumNetworkPolicies", "kind"),
        ("apiVersion", "cilium.io/v3", "apiVersion"),
        ("metadata/name", "API", "metadata.name"),
    ],
)
def test_what_the_api_server_refuses_in_a_policy(kube: Kube, path: str, value: object, where: str) -> None:
    assert kube.refusals(POLICY, FULL) == {}
    assert where in kube.refusals(POLICY, changed(kube.whole(POLICY, FULL), path, value))


def test_a_policy_without_any_rule_is_refused(kube: Kube) -> None:
    assert "spec" in kube.refusals(POLICY, changed(policy(), "spec/ingress", None))


def test_only_a_clusterwide_policy_selects_nodes(kube: Kube) -> None:
    nodes = changed(changed(policy(), "spec/endpointSelector", None), "spec/nodeSelector", {"matchLabels": {"a": "b"}})
    assert "spec.nodeSelector" in kube.refusals(POLICY, nodes)
    wide = {"apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy", **nodes, "metadata": {"name": "n"}}
    assert kube.create(CLUSTERWIDE, wide).id == "n"
    assert "metadata.namespace" in kube.refusals(CLUSTERWIDE, changed(wide, "metadata/namespace", "hms-api"))


def test_a_preview_that_does_not_know_says_nothing(kube: Kube) -> None:
    unknown = policy(ingress=[{"fromEndpoints": UNKNOWN, "toPorts": [{"ports": [{"port": UNKNOWN}]}]}], egress=UNKNOWN)
    assert kube.refusals(POLICY, unknown) == {}
    assert kube.refusals(POLICY, {"metadata": {"name": "a"}, "spec": UNKNOWN}) == {}


def test_a_policy_is_stored_and_enforced(kube: Kube) -> None:
    made = kube.create(POLICY, FULL)
    assert made.id == "hms-api/api"
    assert made.outputs["status"]["conditions"][0]["status"] == "True"
    assert made.outputs["metadata"]["namespace"] == "hms-api"
    updated = kube.update(made, changed(FULL, "spec/description", "changed"))
    record = kube.read(updated)
    assert record is not None
    assert record.outputs["spec"]["description"] == "changed"
    kube.delete(made)
    assert kube.read(made) is None


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"ingress": []}, "at least one of Ingress"),
        ({"ingress": [{"fromEndpoints": [{}], "fromCIDR": ["10.0.0.0/8"]}]}, "combining FromEndpoints and FromCIDR"),
        ({"egress": [{"toEndpoints": [{}], "toFQDNs": [{"matchName": "a"}]}]}, "combining ToEndpoints and ToFQDNs"),
        (
            {"ingress": [{"toPorts": [{"ports": [{"port": "53"}], "rules": {"dns": [{"matchName": "a"}]}}]}]},
            "not allowed on ingress",
        ),
        ({"egress": [{"toPorts": [{"rules": {"dns": [{"matchName": "a"}]}}]}]}, "port 53 must be specified"),
        (
            {"egress": [{"toPorts": [{"ports": [{"port": "80", "protocol": "UDP"}], "rules": {"http": [{}]}}]}]},
            "only apply to TCP",
        ),
        (
            {"egress": [{"toPorts": [{"ports": [{"port": "0", "protocol": "TCP"}], "rules": {"http": [{}]}}]}]},
            "when a port is 0",
        ),
        (
            {
                "egress": [
                    {"toPorts": [{"ports": [{"port": "53", "endPort": 54}], "rules": {"dns": [{"matchName": "a"}]}}]}
                ]
            },
            "port ranges",
        ),
        ({"egress": [{"toPorts": [{"ports": [{"protocol": "TCP"}]}]}]}, "port must be specified"),
        ({"egress": [{"icmps": [{}], "toPorts": [{}]}]}, "without ToPorts"),
    ],
)
def test_what_only_cilium_finds_is_stored_and_not_enforced(kube: Kube, spec: dict[str, Any], problem: str) -> None:
    whole = {"endpointSelector": {}, **spec}
    assert problem in str(invalidity(whole))
    made = kube.create(POLICY, {"metadata": {"name": "api", "namespace": "hms-api"}, "spec": whole})
    (condition,) = made.outputs["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("Valid", "False")


def test_the_mesh_is_an_entity_since_1_20(kube: Kube, tmp_path: Path) -> None:
    mesh = policy(egress=[{"toEntities": ["cluster-mesh"]}])
    with pytest.raises(Refused, match='Unsupported value: "cluster-mesh"'):
        kube.create(POLICY, mesh)
    new = Kube(tmp_path / "new")
    new.eks()
    new.create(RELEASE, cilium(version="1.20.0"))
    new.nodes()
    new.namespace("hms-api")
    new.create(POLICY, mesh)


NO_MATCH = 'no matches for kind "CiliumNetworkPolicy" in version "cilium.io/v2"'


def test_the_kind_exists_once_ciliums_operator_runs(tmp_path: Path) -> None:
    kube = Kube(tmp_path)
    kube.eks()
    kube.namespace("hms-api")
    with pytest.raises(Refused, match=NO_MATCH):
        kube.create(POLICY, policy())
    release = kube.create(RELEASE, cilium())
    with pytest.raises(Refused, match=NO_MATCH):  # the operator writes the definitions, and has no node to run on
        kube.create(POLICY, policy())
    kube.nodes()
    made = kube.create(POLICY, policy())
    kube.delete(made)
    kube.delete(release)
    with pytest.raises(Refused, match=NO_MATCH):
        kube.create(POLICY, policy())


def test_an_operator_that_cannot_reach_the_api_server_writes_no_definitions(tmp_path: Path) -> None:
    kube = Kube(tmp_path)
    kube.eks()
    kube.create(RELEASE, cilium(values={"k8sServiceHost": f"https://{EKS_HOST}"}))
    kube.nodes()
    kube.namespace("hms-api")
    with pytest.raises(Refused, match=NO_MATCH):
        kube.create(POLICY, policy())


def test_a_namespace_and_a_free_name_are_needed_here_too(kube: Kube) -> None:
    with pytest.raises(Refused, match='namespaces "hms-dev" not found'):
        kube.create(POLICY, changed(policy(), "metadata/namespace", "hms-dev"))
    kube.create(POLICY, policy())
    with pytest.raises(Refused, match=r'ciliumnetworkpolicies.cilium.io "api" already exists'):
        kube.create(POLICY, policy(), name="second")


# --- other custom resources

SCHEMA = {
    "type": "object",
    "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]}},
}
WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA}}],
    },
}
WIDGET = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 1}}


def test_a_custom_resource_needs_its_definition_and_goes_with_it(kube: Kube) -> None:
    token = "kubernetes:example.com/v1:Widget"
    with pytest.raises(Refused, match=r'no matches for kind "Widget" in version "example.com/v1"'):
        kube.create(token, WIDGET)
    definition = kube.create(DEFINITION, WIDGETS)
    with pytest.raises(Refused, match=r"spec.size: Required value"):
        kube.create(token, changed(WIDGET, "spec/size", None))
    made = kube.create(token, WIDGET)
    assert made.id == "default/w"
    kube.delete(definition)
    assert kube.read(made) is None


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("metadata/name", "widget", "metadata.name"),
        ("spec/versions/0/storage", False, "spec.versions"),
        ("spec/versions/0/schema", None, "spec.versions[0].schema.openAPIV3Schema"),
        ("spec/versions/0/schema/openAPIV3Schema/type", "objekt", "spec.versions[0].schema.openAPIV3Schema"),
    ],
)
def test_what_is_wrong_with_a_definition(kube: Kube, path: str, value: object, where: str) -> None:
    assert kube.refusals(DEFINITION, WIDGETS) == {}
    assert where in kube.refusals(DEFINITION, changed(WIDGETS, path, value))


def test_a_chart_brings_definitions(kube: Kube) -> None:
    token, group = "kubernetes:external-secrets.io/v1:ExternalSecret", "external-secrets.io/v1"
    secret = {"apiVersion": group, "kind": "ExternalSecret", "metadata": {"name": "s"}, "spec": {}}
    with pytest.raises(Refused, match="no matches for kind"):
        kube.create(token, secret)
    repository = {"repo": "https://charts.external-secrets.io"}
    kube.create(
        RELEASE,
        {
            "name": "es",
            "namespace": "kube-system",
            "chart": "external-secrets",
            "version": "2.9.0",
            "repositoryOpts": repository,
        },
    )
    assert kube.create(token, secret).id == "default/s"
