"""The real chart, rendered for the lab: its objects, who stands for its pods, and its certificates."""

from __future__ import annotations

import base64
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.cilium import helm_values
from infra.load import load_fleet
from infra.planner import plan_fleet
from lab import differences
from lab.cilium import certificates, chart, objects
from lab.cilium.certificates import Authority
from lab.errors import LabError
from tests.infra.test_helm_template import authority

if TYPE_CHECKING:
    from lab.cilium.chart import Object
    from lab.cilium.objects import Rendered

FLEETS = Path(__file__).resolve().parents[2] / "fleets"

CA = authority()

REQUEST = {"version": "1.19.6", "name": "cilium", "namespace": "kube-system", "kube_version": "v1.36.3"}


def values(cluster: str, fleet: str = "dev") -> dict[str, Any]:
    plan = plan_fleet(load_fleet(FLEETS / f"{fleet}.yaml"))
    eni = plan.mesh.profile == "eni"
    target = differences.Target(
        kernel=differences.Kernel(wireguard=False, geneve=False),
        depth="control" if eni else "datapath",
        api_host="10.16.0.16",
    )
    planned = helm_values(
        plan,
        cluster,
        platform="eks" if plan.sites[plan.clusters[cluster].site].cloud == "aws" else "aks",
        api_host="api.example",
        ca=CA,
        operator_role_arn="arn:aws:iam::000000000000:role/operator" if eni else None,
    )
    return differences.apply(planned, target)[0]


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    return objects.sort(chart.render(values("aws-1"), **REQUEST))


def config(found: Rendered) -> dict[str, str]:
    one = found.find("ConfigMap", "cilium-config")
    assert one is not None
    data: dict[str, str] = one["data"]
    return data


def certificate(secret: Object) -> x509.Certificate:
    return x509.load_pem_x509_certificate(base64.b64decode(secret["data"]["tls.crt"]))


def common_name(found: x509.Certificate) -> object:
    return found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


def test_the_differences_reach_the_agent(rendered: Rendered) -> None:
    told = config(rendered)
    assert (told["tunnel-protocol"], told["enable-l7-proxy"], told["mtu"]) == ("vxlan", "false", "1400")
    assert told.get("enable-wireguard", "false") == "false"
    assert "enable-encryption-strict-mode-egress" not in told


def test_every_cluster_of_a_fleet_renders_with_somebody_for_every_workload() -> None:
    for fleet in ("dev", "eni"):
        for cluster in plan_fleet(load_fleet(FLEETS / f"{fleet}.yaml")).clusters:
            found = objects.sort(chart.render(values(cluster, fleet), **REQUEST))
            assert {name for name, _ in found.stands_as()} <= {" ".join(key) for key in objects.PROCESSES}
            assert config(found)["ipam"] == "cluster-pool"


def test_no_pod_of_the_chart_is_applied(rendered: Rendered) -> None:
    assert not {one["kind"] for one in rendered.applied} & objects.WORKLOADS
    assert {("Service", "clustermesh-apiserver"), ("Secret", "cilium-kvstoremesh"), ("ConfigMap", "cilium-config")} <= {
        (one["kind"], one["metadata"]["name"]) for one in rendered.applied
    }


def test_envoy_is_switched_off_not_left_out(rendered: Rendered) -> None:
    assert not rendered.has("DaemonSet", "cilium-envoy")


def test_a_workload_that_nobody_stands_for_is_refused() -> None:
    stranger = {"kind": "DaemonSet", "metadata": {"name": "cilium-envoy"}}
    with pytest.raises(LabError, match="nothing to stand for the chart's DaemonSet cilium-envoy"):
        objects.sort([stranger])


def test_a_workload_that_the_chart_does_not_have_is_named(rendered: Rendered) -> None:
    with pytest.raises(LabError, match="no DaemonSet cilium-envoy"):
        rendered.workload("DaemonSet", "cilium-envoy")


def test_values_that_the_chart_refuses_are_told_without_the_key() -> None:
    wrong = values("aws-1")
    wrong["kubeProxyReplacement"] = wrong["tls"]["ca"]["key"]
    with pytest.raises(LabError, match="refuses the values") as refused:
        chart.render(wrong, **REQUEST)
    assert CA.key not in refused.value.message


def test_the_pod_that_stands_for_an_agent_asks_the_agent(rendered: Rendered) -> None:
    planned = rendered.workload("DaemonSet", "cilium")
    empty = objects.empty(planned, "pause")
    spec = empty["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    (agent,) = planned["spec"]["template"]["spec"]["containers"]
    assert container["readinessProbe"] == agent["readinessProbe"]
    assert container["startupProbe"]["httpGet"] == agent["startupProbe"]["httpGet"]
    assert (spec["hostNetwork"], container["image"], container["imagePullPolicy"]) == (True, "pause", "Never")
    assert empty["spec"]["selector"] == planned["spec"]["selector"]
    assert not {"volumes", "initContainers"} & spec.keys()
    assert "volumes" in planned["spec"]["template"]["spec"], "the planned one must stay whole"


def test_the_certificates_are_those_that_certgen_is_told_to_make(rendered: Rendered) -> None:
    found = {one.name: one for one in certificates.wanted(rendered)}
    names = {name: one.common_name for name, one in found.items()}
    assert names == {
        "clustermesh-apiserver-server-cert": "clustermesh-apiserver.cilium.io",
        "clustermesh-apiserver-admin-cert": "admin-aws-1",
        "clustermesh-apiserver-remote-cert": "remote-aws-1",
        "clustermesh-apiserver-local-cert": "local-aws-1",
        "hubble-server-certs": "*.aws-1.hubble-grpc.cilium.io",
        "hubble-relay-client-certs": "*.hubble-relay.cilium.io",
        "hubble-relay-server-certs": "*.hubble-relay.cilium.io",
    }
    assert "*.mesh.cilium.io" in found["clustermesh-apiserver-server-cert"].hosts
    assert {one.validity for one in found.values()} == {dt.timedelta(days=365)}


def test_certificates_come_from_the_fleets_own_ca_and_have_their_names_and_usages(rendered: Rendered) -> None:
    own = Authority.of(rendered)
    assert base64.b64encode(own.pem).decode() == CA.certificate
    for one, secret in zip(
        certificates.wanted(rendered), certificates.secrets(certificates.wanted(rendered), own), strict=True
    ):
        signed = certificate(secret)
        signed.verify_directly_issued_by(own.certificate)
        assert common_name(signed) == one.common_name
        usages = signed.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert (ExtendedKeyUsageOID.SERVER_AUTH in usages) == ("server auth" in one.usages)
        assert (ExtendedKeyUsageOID.CLIENT_AUTH in usages) == ("client auth" in one.usages)
        assert signed.not_valid_after_utc - dt.datetime.now(dt.UTC) > dt.timedelta(days=364)
        key = load_pem_private_key(base64.b64decode(secret["data"]["tls.key"]), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert key.public_key() == signed.public_key()


def test_a_certgen_job_that_has_run_signs_nothing_again(rendered: Rendered) -> None:
    assert certificates.wanted(rendered, rendered) == ()
    other = values("aws-1")
    other["tls"]["ca"] = {"cert": (stranger := authority()).certificate, "key": stranger.key}
    assert certificates.wanted(objects.sort(chart.render(other, **REQUEST)), rendered) == (), "the CA is in no Job"
    other["certgen"]["extraVolumes"][0]["name"] = "signed-by-ca-2"
    assert len(certificates.wanted(objects.sort(chart.render(other, **REQUEST)), rendered)) == 7


def test_only_the_jobs_that_changed_sign(rendered: Rendered) -> None:
    other = values("aws-1")
    other["hubble"]["tls"]["auto"]["certValidityDuration"] = 300
    found = certificates.wanted(objects.sort(chart.render(other, **REQUEST)), rendered)
    assert {one.name for one in found} == {
        "hubble-server-certs",
        "hubble-relay-client-certs",
        "hubble-relay-server-certs",
    }


def test_an_expired_certificate_ended_in_the_past(rendered: Rendered) -> None:
    (first, *_) = certificates.secrets(certificates.wanted(rendered), Authority.of(rendered), expired=True)
    signed = certificate(first)
    assert signed.not_valid_before_utc < signed.not_valid_after_utc < dt.datetime.now(dt.UTC)


def test_another_ca_signs_and_the_meshs_own_stays_the_trusted_one(rendered: Rendered) -> None:
    own, stranger = Authority.of(rendered), Authority.new()
    (first, *_) = certificates.secrets(certificates.wanted(rendered), stranger, trusted=own.pem)
    certificate(first).verify_directly_issued_by(stranger.certificate)
    assert stranger.certificate.subject == own.certificate.subject
    with pytest.raises(InvalidSignature):
        certificate(first).verify_directly_issued_by(own.certificate)
    assert base64.b64decode(first["data"]["ca.crt"]) == own.pem


def test_a_cluster_without_the_meshs_ca_gets_one_of_its_own() -> None:
    alone = values("aws-1")
    del alone["tls"]
    found = objects.sort(chart.render(alone, **REQUEST))
    assert Authority.of(found).pem != Authority.of(found).pem
