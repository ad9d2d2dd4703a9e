"""The Kubernetes objects of the HMS components."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.contracts import Identity
from components.workloads.cluster_workloads import deploy_workloads
from components.workloads.component import HmsComponent, HmsComponentArgs
from infra.load import load_fleet
from infra.planner import plan_fleet
from infra.workloads import plan_workloads
from tests.components.recording import Recording, Registered, record
from tests.components.test_mesh import fake_cluster
from tests.infra.fleets import fleet_data, planned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.contracts import Cluster
    from infra.plan import FleetPlan
    from infra.workloads import ComponentPlan

ROLE = "eks.amazonaws.com/role-arn"
POLICY = "kubernetes:cilium.io/v2:CiliumNetworkPolicy"


class Marker(pulumi.CustomResource):
    """Stands for a resource of a cloud."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Marker", name, {}, opts)


class FakeCloud:
    """A cloud as workloads use it."""

    provider: pulumi.ProviderResource

    def site(self) -> Any:
        raise NotImplementedError

    def cluster(self, plan: Any) -> Any:
        raise NotImplementedError

    def nodes(self, cluster: Any, *, after: pulumi.Resource) -> Sequence[pulumi.Resource]:
        raise NotImplementedError

    def storage_class(self, cluster: Cluster, *, after: Sequence[pulumi.Resource]) -> Any:
        return k8s.storage.v1.StorageClass(
            f"{cluster.plan.name}-storage",
            metadata=k8s.meta.v1.ObjectMetaArgs(name="hms-encrypted"),
            provisioner="test.csi",
            opts=pulumi.ResourceOptions(provider=cluster.provider, depends_on=list(after)),
        )

    def identity(self, cluster: Cluster, *, name: str, namespace: str, service_account: str) -> Identity:
        assert (namespace, name) == (f"hms-{service_account}", service_account)
        role = f"{cluster.plan.name}-{name}"
        return Identity(
            annotations={ROLE: f"arn:aws:iam::123456789012:role/{role}"},
            pod_labels={"azure.workload.identity/use": "true"},
            resources=[Marker(f"{role}-role")],
        )


def deployed(plan: FleetPlan) -> Recording:
    def program() -> None:
        for name in plan.clusters:
            cluster, cloud, ready = fake_cluster(plan, name), FakeCloud(), [Marker(f"{name}-ready")]
            stateful = plan_workloads(plan, name).keeps_state
            storage = cloud.storage_class(cluster, after=ready) if stateful else None
            deploy_workloads(plan, cluster, cloud, ready=ready, storage_class=storage)

    return record(program)


@pytest.fixture(scope="module")
def dev() -> FleetPlan:
    return plan_fleet(load_fleet(Path("fleets/dev.yaml")))


@pytest.fixture(scope="module")
def recording(dev: FleetPlan) -> Recording:
    return deployed(dev)


def workloads(recording: Recording) -> list[Registered]:
    return recording.of_type("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")


def pods(one: Registered) -> dict[str, Any]:
    spec: dict[str, Any] = one.inputs["spec"]["template"]["spec"]
    return spec


def objects(recording: Recording) -> list[Registered]:
    return [one for one in recording if one.type.startswith("kubernetes:") and not one.is_provider]


def test_the_components_that_run(recording: Recording) -> None:
    assert sorted(one.name for one in workloads(recording)) == [
        "aws-1-a2a-deployment",
        "aws-1-api-deployment",
        "aws-1-cdf-deployment",
        "aws-1-dev-deployment",
        "azure-1-api-deployment",
        "azure-1-doc-deployment",
        "azure-1-etl-statefulset",
        "azure-1-nfo-deployment",
        "azure-1-ops-deployment",
    ]


def test_every_object_is_where_it_belongs(recording: Recording) -> None:
    mine = [one for one in objects(recording) if "StorageClass" not in one.type]
    assert len(mine) > 80
    for one in mine:
        parent = recording.by_urn(one.parent)
        assert parent.type == "hms:workloads:Component", one.name
        cluster = "aws-1" if one.name.startswith("aws-1-") else "azure-1"
        assert recording.by_urn(one.provider).name == f"{cluster}-k8s", one.name
        assert recording.by_urn(one.deleted_with).name == cluster, one.name
        assert recording.waits_for(one, recording.named(f"{cluster}-ready")), one.name


def test_components_are_at_the_top_whatever_the_stack_builds(recording: Recording) -> None:
    assert {one.parent for one in recording.of_type("hms:workloads:Component")} == {recording.stack}


def test_namespaces_are_restricted(recording: Recording) -> None:
    namespaces = recording.of_type("kubernetes:core/v1:Namespace")
    assert len(namespaces) == 12
    for one in namespaces:
        labels = one.inputs["metadata"]["labels"]
        for mode in ("enforce", "audit", "warn"):
            assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
            assert labels[f"pod-security.kubernetes.io/{mode}-version"] == "v1.35"


def test_only_namespaces_with_a_crossing_flow_are_global(recording: Recording) -> None:
    known = {
        one.name: one.inputs["metadata"]["annotations"]["clustermesh.cilium.io/global"]
        for one in recording.of_type("kubernetes:core/v1:Namespace")
    }
    assert {name for name, value in known.items() if value == "false"} == {
        "azure-1-doc-namespace",
        "azure-1-etl-namespace",
    }


def test_pods_are_as_the_restricted_standard_wants_them(recording: Recording) -> None:
    for one in workloads(recording):
        spec = pods(one)
        context = spec["securityContext"]
        assert (context["runAsNonRoot"], context["runAsUser"]) == (True, 10001), one.name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        assert "hostNetwork" not in spec
        (container,) = spec["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {volume["name"] for volume in spec["volumes"]} == {"tmp"}
        assert container["resources"]["requests"] == container["resources"]["limits"]
        assert set(container["resources"]["limits"]) == {"cpu", "memory"}


def test_probes_ask_the_component(recording: Recording, dev: FleetPlan) -> None:
    for one in workloads(recording):
        (container,) = pods(one)["containers"]
        (port,) = container["ports"]
        component = dev.fleet.components[container["name"]]
        assert port["containerPort"] == component.port
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert container[probe]["httpGet"] == {"path": component.health, "port": port["name"]}


def test_replicas_spread_over_zones_and_nodes(recording: Recording) -> None:
    for one in workloads(recording):
        spread = pods(one)["topologySpreadConstraints"]
        assert [entry["topologyKey"] for entry in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
        for entry in spread:
            assert entry["labelSelector"] == one.inputs["spec"]["selector"]


def test_a_drain_takes_one_pod_at_a_time(recording: Recording) -> None:
    budgets = recording.of_type("kubernetes:policy/v1:PodDisruptionBudget")
    assert len(budgets) == len(workloads(recording))
    for one in budgets:
        assert one.inputs["spec"]["maxUnavailable"] == 1
        assert "minAvailable" not in one.inputs["spec"]


def test_the_environment_says_where_and_whom_to_call(recording: Recording) -> None:
    (container,) = pods(recording.named("azure-1-nfo-deployment"))["containers"]
    env = {entry["name"]: entry["value"] for entry in container["env"]}
    assert env == {
        "HMS_COMPONENT": "nfo",
        "HMS_CLUSTER": "azure-1",
        "HMS_SITE": "azure",
        "HMS_PORT": "8085",
        "HMS_CDF_ADDRESS": "cdf.hms-cdf.svc.cluster.local:8083",
        "HMS_DOC_ADDRESS": "doc.hms-doc.svc.cluster.local:8086",
        "HMS_ETL_ADDRESS": "etl.hms-etl.svc.cluster.local:8087",
    }


def test_accounts_carry_the_cloud_identity(recording: Recording) -> None:
    account = recording.named("aws-1-api-account")
    assert account.inputs["automountServiceAccountToken"] is False
    assert account.inputs["metadata"]["annotations"] == {ROLE: "arn:aws:iam::123456789012:role/aws-1-api"}
    deployment = recording.named("aws-1-api-deployment")
    assert pods(deployment)["serviceAccountName"] == account.inputs["metadata"]["name"] == "api"
    labels = deployment.inputs["spec"]["template"]["metadata"]["labels"]
    assert labels["azure.workload.identity/use"] == "true"
    assert recording.named("aws-1-api-role").urn in deployment.dependencies


def test_every_namespace_denies_by_default_and_before_any_pod(recording: Recording) -> None:
    for namespace in recording.of_type("kubernetes:core/v1:Namespace"):
        prefix = namespace.name.removesuffix("-namespace")
        deny = recording.named(f"{prefix}-policy-default-deny", POLICY)
        assert deny.inputs["metadata"]["namespace"] == namespace.inputs["metadata"]["name"]
        assert deny.inputs["spec"] == {"endpointSelector": {}, "ingress": [{}], "egress": [{}]}
    for one in workloads(recording):
        component = recording.by_urn(one.parent)
        policies = {child.urn for child in recording.children(component) if child.type == POLICY}
        assert len(policies) >= 3, one.name
        assert policies <= one.dependencies, one.name


def test_a_service_comes_after_its_pods(recording: Recording) -> None:
    # The engine works on four resources a core: that many services waiting for pods would keep it from making any.
    for one in workloads(recording):
        service = next(
            child for child in recording.children(recording.by_urn(one.parent)) if child.name.endswith("-service")
        )
        assert one.urn in service.dependencies, service.name


def test_both_ends_of_a_flow_are_written_with_their_clusters(recording: Recording) -> None:
    caller = recording.named("aws-1-cdf-policy-allow-to-nfo").inputs["spec"]["egress"][0]
    called = recording.named("azure-1-nfo-policy-allow-from-cdf").inputs["spec"]["ingress"][0]
    key = "io.cilium.k8s.policy.cluster"
    assert caller["toEndpoints"][0]["matchExpressions"] == [{"key": key, "operator": "In", "values": ["azure-1"]}]
    assert called["fromEndpoints"][0]["matchExpressions"] == [{"key": key, "operator": "In", "values": ["aws-1"]}]
    assert caller["toPorts"] == called["toPorts"] == [{"ports": [{"port": "8085", "protocol": "TCP"}]}]


def test_services_span_the_mesh_where_a_flow_needs_it(recording: Recording) -> None:
    def annotations(name: str) -> dict[str, str]:
        return dict(recording.named(name).inputs["metadata"].get("annotations") or {})

    prefix = "service.cilium.io"
    for cluster in ("aws-1", "azure-1"):
        assert annotations(f"{cluster}-api-service") == {
            f"{prefix}/global": "true",
            f"{prefix}/shared": "true",
            f"{prefix}/affinity": "local",
        }
    assert annotations("aws-1-cdf-service")[f"{prefix}/affinity"] == "none"
    assert annotations("azure-1-doc-service") == {}


def test_a_stub_is_namespace_denial_and_service_alone(recording: Recording) -> None:
    stub = recording.named("aws-1-nfo", "hms:workloads:Component")
    assert sorted(one.name for one in recording.children(stub)) == [
        "aws-1-nfo-namespace",
        "aws-1-nfo-policy-default-deny",
        "aws-1-nfo-service",
    ]
    metadata = recording.named("aws-1-nfo-service").inputs["metadata"]
    assert (metadata["name"], metadata["namespace"]) == ("nfo", "hms-nfo")
    assert metadata["annotations"] == {
        "service.cilium.io/global": "true",
        "service.cilium.io/shared": "false",
        "service.cilium.io/affinity": "none",
        # Pulumi would wait ten minutes for endpoints that are in another cluster.
        "pulumi.com/skipAwait": "true",
    }


def test_services_select_the_pods(recording: Recording) -> None:
    for one in workloads(recording):
        labels = one.inputs["spec"]["template"]["metadata"]["labels"]
        service = recording.named(f"{recording.by_urn(one.parent).name}-service").inputs["spec"]
        assert service["selector"].items() <= labels.items()
        (port,) = service["ports"]
        assert port["targetPort"] == pods(one)["containers"][0]["ports"][0]["name"]


def test_a_component_with_state(recording: Recording) -> None:
    one = recording.named("azure-1-etl-statefulset")
    assert pods(one)["securityContext"]["fsGroup"] == 10001
    mounts = {mount["name"]: mount["mountPath"] for mount in pods(one)["containers"][0]["volumeMounts"]}
    assert mounts == {"tmp": "/tmp", "data": "/var/lib/hms"}  # noqa: S108 - the pod's own
    (claim,) = one.inputs["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data"
    assert claim["spec"]["storageClassName"] == "hms-encrypted"
    assert claim["spec"]["resources"] == {"requests": {"storage": "20Gi"}}
    assert recording.named("azure-1-storage").urn in one.dependencies
    peers = recording.named("azure-1-etl-peers")
    assert peers.inputs["spec"]["clusterIP"] == "None"
    assert one.inputs["spec"]["serviceName"] == peers.inputs["metadata"]["name"]
    assert peers.urn in one.dependencies
    assert len(recording.of_type("kubernetes:storage.k8s.io/v1:StorageClass")) == 1


@pytest.mark.parametrize(("protect", "policy"), [(True, "Retain"), (False, "Delete")])
def test_data_outlives_a_protected_fleet_only(protect: bool, policy: str) -> None:  # noqa: FBT001 - a pytest parameter
    component = {"image": "registry.test/hms:1", "clusters": ["aws-1"], "port": 8080, "state": {"size": "1Gi"}}
    data = fleet_data({"aws": "aws"}, {"aws-1": ("aws", 1)}, protect=protect, components={"etl": component})
    claims = deployed(planned(data)).named("aws-1-etl-statefulset").inputs["spec"]
    assert claims["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": policy, "whenScaled": "Retain"}


def test_the_fleet_file_has_the_last_word_on_the_environment() -> None:
    component = {
        "image": "registry.test/hms:1",
        "clusters": ["aws-1"],
        "port": 8080,
        "env": {"HMS_SITE": "mine", "LEVEL": "debug"},
    }
    data = fleet_data({"aws": "aws"}, {"aws-1": ("aws", 1)}, components={"api": component})
    (container,) = pods(deployed(planned(data)).named("aws-1-api-deployment"))["containers"]
    env = {entry["name"]: entry["value"] for entry in container["env"]}
    assert (env["HMS_SITE"], env["LEVEL"]) == ("mine", "debug")


@pytest.mark.parametrize(
    ("name", "identity", "message"), [("ops", False, "identity: "), ("etl", True, "storage_class: ")]
)
def test_a_component_that_would_not_start_is_refused(
    dev: FleetPlan,
    name: str,
    identity: bool,  # noqa: FBT001 - a pytest parameter
    message: str,
) -> None:
    plan = next(one for one in plan_workloads(dev, "azure-1").components if one.name == name)

    def program() -> None:
        HmsComponent(
            "x",
            HmsComponentArgs(
                plan=plan,
                cluster=fake_cluster(dev, "azure-1"),
                identity=Identity(annotations={}, pod_labels={}, resources=[]) if identity else None,
                ready=[],
                storage_class=None,
            ),
        )

    with pytest.raises(ValueError, match=message):
        record(program)


def test_an_image_without_a_version_is_refused_where_it_runs(dev: FleetPlan) -> None:
    components = plan_workloads(dev, "azure-1").components
    plan = next(one for one in components if one.name == "ops")
    moving = replace(plan, spec=plan.spec.model_copy(update={"image": "registry.test/ops:latest"}))
    identity = Identity(annotations={}, pod_labels={}, resources=[])

    def build(plan: ComponentPlan) -> None:
        HmsComponentArgs(
            plan=plan, cluster=fake_cluster(dev, "azure-1"), identity=identity, ready=[], storage_class=None
        )

    with pytest.raises(ValueError, match=r"plan: the image 'registry.test/ops:latest' of 'ops' .*; give it a tag"):
        record(lambda: build(moving))
    record(lambda: build(replace(moving, runs=False)))
