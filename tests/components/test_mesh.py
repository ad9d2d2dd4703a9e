"""The mesh's CA and Cilium's release."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.azure.network import MESH_SUBNET as AZURE_MESH_SUBNET
from components.exports import TrustExports
from components.fleet import deploy
from components.mesh.cilium import Cilium, CiliumArgs
from components.mesh.trust import Trust, TrustArgs
from infra.clustermesh import MESH_SUBNET
from infra.load import load_fleet
from infra.planner import plan_fleet
from infra.scopes import scope_of
from tests.components.mock_outputs import outputs_of
from tests.components.recording import Recording, Registered, record
from tests.infra.fleets import fleet_data, planned

if TYPE_CHECKING:
    from infra.plan import ClusterPlan, FleetPlan

RELEASE = "kubernetes:helm.sh/v3:Release"


@dataclass(kw_only=True)
class FakeCluster:
    """A cluster as the contract has it, without one."""

    plan: ClusterPlan
    platform: Literal["eks", "aks"]
    resource: pulumi.Resource
    operator_role_arn: pulumi.Output[str] | None
    provider: k8s.Provider
    kubeconfig: pulumi.Output[str]
    api_host: pulumi.Output[str]
    oidc_issuer: pulumi.Output[str]


def fake_cluster(plan: FleetPlan, name: str, *, role: str | None = None) -> FakeCluster:
    own = plan.clusters[name]
    return FakeCluster(
        plan=own,
        platform="eks" if plan.sites[own.site].cloud == "aws" else "aks",
        resource=pulumi.ComponentResource("test:index:Cluster", name, {}),
        operator_role_arn=None if role is None else pulumi.Output.from_input(role),
        provider=k8s.Provider(f"{name}-k8s", kubeconfig=pulumi.Output.secret("{}"), cluster_identifier=name),
        kubeconfig=pulumi.Output.secret("{}"),
        api_host=pulumi.Output.from_input(f"api.{name}.test"),
        oidc_issuer=pulumi.Output.from_input("https://issuer.test"),
    )


@pytest.fixture(scope="module")
def dev() -> FleetPlan:
    return plan_fleet(load_fleet(Path("fleets/dev.yaml")))


def trust_args(plan: FleetPlan) -> TrustArgs:
    return TrustArgs(fleet=plan.name, plan=plan.mesh.trust, protect=plan.fleet.protect)


def deployed(plan: FleetPlan, *clusters: str, role: str | None = None) -> Recording:
    def program() -> None:
        trust = Trust("mesh", trust_args(plan)).exports()
        for name in clusters:
            cluster = fake_cluster(plan, name, role=role)
            Cilium(f"{name}-cilium", CiliumArgs(plan=plan, cluster=cluster, trust=trust))

    return record(program)


@pytest.fixture(scope="module")
def recording(dev: FleetPlan) -> Recording:
    return deployed(dev, "aws-1", "azure-1")


def release(recording: Recording, cluster: str) -> Registered:
    return recording.named(f"{cluster}-cilium-release", RELEASE)


def test_the_ca(recording: Recording) -> None:
    key = recording.named("mesh-key")
    assert (key.inputs["algorithm"], key.inputs["ecdsaCurve"]) == ("ECDSA", "P256")
    certificate = recording.named("mesh-certificate")
    assert certificate.inputs["isCaCertificate"] is True
    assert certificate.inputs["validityPeriodHours"] == 87_600
    assert "cert_signing" in certificate.inputs["allowedUses"]
    assert certificate.inputs["setSubjectKeyId"] is True
    assert "earlyRenewalHours" not in certificate.inputs
    assert {recording.by_urn(one.parent).type for one in (key, certificate)} == {"hms:mesh:Trust"}


def test_the_ca_key_is_secret_wherever_it_is(recording: Recording) -> None:
    assert recording.named("mesh-certificate").is_secret("privateKeyPem")
    assert "privateKeyPem" in recording.named("mesh-key").additional_secret_outputs
    trust = recording.named("mesh", "hms:mesh:Trust")
    assert recording.secret_outputs[trust.urn] == {"privateKey"}
    for cluster in ("aws-1", "azure-1"):
        one = release(recording, cluster)
        assert one.is_secret("values.tls.ca.key")
        assert {"values", "manifest"} <= set(one.additional_secret_outputs)


def test_a_key_that_arrives_unmarked_is_secret_in_the_release(dev: FleetPlan) -> None:
    def program() -> None:
        plain = TrustExports(
            ca_certificate=pulumi.Output.from_input("CERTIFICATE"),
            ca_private_key=pulumi.Output.from_input("KEY"),
            ca_bundle=pulumi.Output.from_input("CERTIFICATE"),
        )
        Cilium("c", CiliumArgs(plan=dev, cluster=fake_cluster(dev, "aws-1"), trust=plain))

    assert record(program).named("c-release").is_secret("values.tls.ca.key")


@pytest.mark.parametrize("protect", [True, False])
def test_the_ca_is_protected_with_the_fleet(protect: bool) -> None:  # noqa: FBT001 - a pytest parameter
    plan = planned(fleet_data({"aws": "aws"}, {"aws-1": ("aws", 1)}, protect=protect))
    recording = record(lambda: Trust("mesh", trust_args(plan)))
    assert [recording.named(name).protect for name in ("mesh-key", "mesh-certificate")] == [protect, protect]


STAGES = {
    "settled": ({}, [""], "", [""]),
    "created": ({"next": "created"}, ["", "-2"], "", [""]),
    "trusted": ({"next": "trusted"}, ["", "-2"], "", ["", "-2"]),
    "promoted": ({"next": "promoted"}, ["", "-2"], "-2", ["-2", ""]),
    "settled again": ({"generation": 2}, ["-2"], "-2", ["-2"]),
}
"""Of a rotation of the CA: the file, and by the ends of their names the CAs that exist, sign, and are trusted."""


@pytest.mark.parametrize("stage", STAGES)
def test_the_cas_of_a_stage(stage: str) -> None:
    ca, exist, signs, trusted = STAGES[stage]
    plan = planned(fleet_data({"aws": "aws"}, {"aws-1": ("aws", 1)}, protect=True, mesh={"ca": ca}))
    recording = deployed(plan, "aws-1")
    made = {one.name: one for one in recording if one.type.startswith("tls:")}
    assert set(made) == {f"mesh-{what}{end}" for what in ("key", "certificate") for end in exist}
    # What does not sign may go: the last step of a rotation takes it away.
    assert {name for name, one in made.items() if one.protect} == {f"mesh-key{signs}", f"mesh-certificate{signs}"}
    names = {end: made[f"mesh-certificate{end}"].inputs["subject"]["commonName"] for end in exist}
    assert names == {end: "Cilium CA" + (" 2" if end else "") for end in exist}
    certificates = {end: made[f"mesh-certificate{end}"] for end in exist}
    pem = {end: outputs_of(one.type, one.name, one.inputs)["certPem"] for end, one in certificates.items()}
    assert all(recording.waits_for(one, made[f"mesh-key{end}"]) for end, one in certificates.items())
    assert len(set(pem.values())) == len(exist)
    values = release(recording, "aws-1").inputs["values"]
    assert base64.b64decode(values["tls"]["ca"]["cert"]).decode() == pem[signs]
    assert values["tls"]["caBundle"]["content"] == "".join(pem[end] for end in trusted)
    assert recording.waits_for(release(recording, "aws-1"), made[f"mesh-key{signs}"])


@pytest.mark.parametrize("cluster", ["aws-1", "azure-1"])
def test_the_release(recording: Recording, cluster: str) -> None:
    one = release(recording, cluster)
    assert {key: one.inputs[key] for key in ("name", "namespace", "chart", "version", "atomic")} == {
        "name": "cilium",
        "namespace": "kube-system",
        "chart": "cilium",
        "version": "1.19.6",
        "atomic": False,
    }
    assert one.inputs["repositoryOpts"] == {"repo": "https://helm.cilium.io"}
    assert one.inputs["timeout"] > 0
    assert recording.by_urn(one.parent).type == "hms:mesh:Cilium"
    assert recording.by_urn(one.provider).name == f"{cluster}-k8s"
    assert recording.by_urn(one.deleted_with).name == cluster


def test_only_a_cluster_with_nodes_is_awaited(recording: Recording) -> None:
    assert release(recording, "aws-1").inputs["skipAwait"] is True
    assert release(recording, "azure-1").inputs["skipAwait"] is False


def test_the_values_carry_what_only_the_deployment_knows(recording: Recording) -> None:
    values = release(recording, "azure-1").inputs["values"]
    assert values["k8sServiceHost"] == "api.azure-1.test"
    assert base64.b64decode(values["tls"]["ca"]["cert"]).startswith(b"-----BEGIN CERTIFICATE-----")
    assert base64.b64decode(values["tls"]["ca"]["key"]).startswith(b"-----BEGIN PRIVATE KEY-----")
    assert values["tls"]["caBundle"]["content"] == base64.b64decode(values["tls"]["ca"]["cert"]).decode()
    assert recording.waits_for(release(recording, "azure-1"), recording.named("mesh-certificate"))


def test_the_summary_shows_the_values_without_secrets(recording: Recording) -> None:
    component = recording.named("aws-1-cilium", "hms:mesh:Cilium")
    outputs = recording.outputs[component.urn]
    assert outputs["summary"]["MTU"] == 1400
    assert "tls" not in outputs["summary"]
    assert recording.secret_outputs[component.urn] == frozenset()


def test_a_cluster_outside_the_mesh_has_a_ca_of_its_own_and_no_key_of_the_meshs() -> None:
    """Certgen's own would stand in a Secret that Helm refuses to take over once the cluster joins."""
    data = fleet_data({"aws": "aws"}, {"aws-1": ("aws", 1), "aws-2": ("aws", 2)}, protect=True)
    data["clusters"]["aws-2"]["meshed"] = False
    plan = planned(data)
    recording = record(lambda: deploy(plan, scope_of(plan)))
    key, certificate = recording.named("aws-2-ca-key"), recording.named("aws-2-ca-certificate")
    assert (key.protect, certificate.protect) == (False, False), "it goes when the cluster joins"
    (inside, outside) = (release(recording, name).inputs["values"]["tls"] for name in ("aws-1", "aws-2"))
    assert outside["ca"]["cert"] != inside["ca"]["cert"]
    assert outside["ca"]["key"] != inside["ca"]["key"]
    assert outside["caBundle"]["content"] == base64.b64decode(outside["ca"]["cert"]).decode()
    assert not recording.waits_for(release(recording, "aws-2"), recording.named("mesh-key"))
    assert release(recording, "aws-2").is_secret("values.tls.ca.key")


def test_the_operator_of_the_eni_profile_has_its_role() -> None:
    plan = planned(fleet_data({"aws": "aws"}, {"aws-1": ("aws", 1)}, mesh={"profile": "eni"}))
    recording = deployed(plan, "aws-1", role="arn:aws:iam::123456789012:role/op")
    assert release(recording, "aws-1").inputs["values"]["eni"]["iamRole"] == "arn:aws:iam::123456789012:role/op"
    with pytest.raises(ValueError, match="cluster: Cilium's operator on 'aws-1' needs a role"):
        deployed(plan, "aws-1")


def test_azure_calls_the_mesh_subnet_by_the_name_in_the_values() -> None:
    assert MESH_SUBNET == AZURE_MESH_SUBNET
