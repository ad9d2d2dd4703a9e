"""The real charts, rendered by the real Helm from our values: what Cilium is told in the end.

Helm is built and the charts are fetched once a machine (``toolchain``).
"""

from __future__ import annotations

import base64
import datetime as dt
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from infra.cilium import CaLeaves, helm_values, public_values
from infra.load import load_fleet
from infra.model import Authority
from infra.planner import plan_fleet
from infra.trust import plan_trust
from tests.infra.fleets import fleet_data, planned
from toolchain.charts import cilium_chart
from toolchain.tools import helm

if TYPE_CHECKING:
    from infra.clustermesh import Platform
    from infra.plan import FleetPlan

VERSIONS = ("1.19.6", "1.20.0")

PLATFORMS: dict[str, Platform] = {"aws-1": "eks", "azure-1": "aks"}

Objects = dict[tuple[str, str], dict[str, Any]]


def authority() -> CaLeaves[str]:
    """A CA as the program's tls resources make it: ECDSA P-256, SEC1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Cilium CA")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return CaLeaves(
        certificate=base64.b64encode(certificate.public_bytes(Encoding.PEM)).decode(),
        key=base64.b64encode(pem).decode(),
        bundle=certificate.public_bytes(Encoding.PEM).decode(),
    )


def render(values: dict[str, Any], version: str, folder: Path) -> Objects:
    """Render the chart; by kind and name."""
    (folder / "values.yaml").write_text(yaml.safe_dump(values))
    done = subprocess.run(
        [
            helm(),
            "template",
            "cilium",
            cilium_chart(version),
            "--namespace=kube-system",
            f"--values={folder / 'values.yaml'}",
            "--kube-version=1.35",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    objects = [one for one in yaml.safe_load_all(done.stdout) if one]
    return {(one["kind"], one["metadata"]["name"]): one for one in objects}


def secret(objects: Objects, name: str, key: str) -> str:
    return base64.b64decode(objects["Secret", name]["data"][key]).decode()


@pytest.fixture(scope="module", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def dev(version: str) -> FleetPlan:
    fleet = load_fleet(Path("fleets/dev.yaml"))
    return plan_fleet(fleet.model_copy(update={"mesh": fleet.mesh.model_copy(update={"cilium": version})}))


@pytest.fixture(scope="module")
def ca() -> CaLeaves[str]:
    return authority()


@pytest.fixture(scope="module")
def rendered(
    dev: FleetPlan, ca: CaLeaves[str], version: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Objects]:
    """Both clusters of ``dev``."""
    return {
        cluster: render(
            helm_values(dev, cluster, platform=platform, api_host=f"api.{cluster}.test", ca=ca),
            version,
            tmp_path_factory.mktemp(cluster),
        )
        for cluster, platform in PLATFORMS.items()
    }


SHARED = {
    "routing-mode": "tunnel",
    "tunnel-protocol": "geneve",
    "ipam": "cluster-pool",
    "mtu": "1400",
    "enable-wireguard": "true",
    "enable-encryption-strict-mode-egress": "true",
    "encryption-strict-egress-cidr": "10.128.0.0/9",
    "encryption-strict-egress-allow-remote-node-identities": "true",
    "enable-ipv4-masquerade": "true",
    "max-connected-clusters": "255",
    "clustermesh-cache-ttl": "15m",
    "policy-default-local-cluster": "true",
    "agent-not-ready-taint-key": "node.cilium.io/agent-not-ready",
    "enable-hubble": "true",
}
OWN = {
    "aws-1": {
        "cluster-name": "aws-1",
        "cluster-id": "1",
        "cluster-pool-ipv4-cidr": "10.128.128.0/17",
        "kube-proxy-replacement": "true",
        "enable-bpf-masquerade": "true",
    },
    "azure-1": {
        "cluster-name": "azure-1",
        "cluster-id": "2",
        "cluster-pool-ipv4-cidr": "10.129.0.0/17",
        "kube-proxy-replacement": "false",
        "enable-bpf-masquerade": "false",
        "bpf-lb-sock": "true",
        "bpf-lb-sock-hostns-only": "true",
    },
}


@pytest.mark.parametrize("cluster", ["aws-1", "azure-1"])
def test_what_the_agents_read(rendered: dict[str, Objects], cluster: str) -> None:
    config = rendered[cluster]["ConfigMap", "cilium-config"]["data"]
    expected = SHARED | OWN[cluster]
    assert {key: config.get(key) for key in expected} == expected
    assert not [key for key in config if "prometheus-serve-addr" in key]
    assert "enable-node-encryption" not in config or config["enable-node-encryption"] == "false"
    agent = rendered[cluster]["DaemonSet", "cilium"]["spec"]["template"]["spec"]["containers"][0]
    env = {entry["name"]: entry.get("value") for entry in agent["env"]}
    assert (env["KUBERNETES_SERVICE_HOST"], env["KUBERNETES_SERVICE_PORT"]) == (f"api.{cluster}.test", "443")


@pytest.mark.parametrize(("cluster", "peer"), [("aws-1", "azure-1"), ("azure-1", "aws-1")])
def test_the_clusters_know_each_other(
    rendered: dict[str, Objects], dev: FleetPlan, version: str, cluster: str, peer: str
) -> None:
    objects = rendered[cluster]
    local = yaml.safe_load(secret(objects, "cilium-clustermesh", peer))
    assert local["endpoints"] == ["https://clustermesh-apiserver.kube-system.svc:2379"]
    remote = yaml.safe_load(secret(objects, "cilium-kvstoremesh", peer))
    assert remote["endpoints"] == [f"https://{peer}.mesh.cilium.io:2379"]
    assert cluster not in objects["Secret", "cilium-kvstoremesh"]["data"]
    users = yaml.safe_load(objects["ConfigMap", "clustermesh-remote-users"]["data"]["users.yaml"])
    assert users == {"users": [{"name": f"remote-{peer}", "role": "remote"}]}
    addresses = list(dev.clusters[peer].mesh_addresses)
    pod = objects["Deployment", "clustermesh-apiserver"]["spec"]["template"]["spec"]
    if version == "1.19.6":
        assert [entry["ip"] for entry in pod["hostAliases"]] == addresses
    else:
        # In the secret alone, so that a new peer restarts nothing.
        assert remote["cilium-host-aliases"] == [{"hostname": f"{peer}.mesh.cilium.io", "ips": addresses}]
        assert "hostAliases" not in pod


def test_one_ca_in_both(rendered: dict[str, Objects], ca: CaLeaves[str]) -> None:
    for objects in rendered.values():
        held = objects["Secret", "cilium-ca"]["data"]
        assert (held["ca.crt"], held["ca.key"]) == (ca.certificate, ca.key)


@pytest.mark.parametrize("cluster", ["aws-1", "azure-1"])
def test_certificates_are_made_in_the_cluster(rendered: dict[str, Objects], cluster: str) -> None:
    objects = rendered[cluster]
    assert {name for kind, name in objects if kind == "CronJob"} == {
        "clustermesh-apiserver-generate-certs",
        "hubble-generate-certs",
    }
    # Helm signed nothing: the only secrets are the CA and the two that name the peers.
    assert {name for kind, name in objects if kind == "Secret"} == {
        "cilium-ca",
        "cilium-clustermesh",
        "cilium-kvstoremesh",
    }
    job = objects["CronJob", "clustermesh-apiserver-generate-certs"]
    assert f"remote-{cluster}" in str(job), "authMode cluster: each cluster is a user of its own"


def test_the_mesh_api_server_behind_each_load_balancer(rendered: dict[str, Objects], dev: FleetPlan) -> None:
    name = ("Service", "clustermesh-apiserver")
    eks, aks = rendered["aws-1"][name], rendered["azure-1"][name]
    assert eks["spec"]["type"] == "NodePort"
    assert [(port["port"], port["nodePort"]) for port in eks["spec"]["ports"]] == [(2379, 32001)]
    assert aks["spec"]["type"] == "LoadBalancer"
    assert aks["spec"]["loadBalancerSourceRanges"] == ["10.16.0.0/17", "10.17.0.0/17"]
    annotations = aks["metadata"]["annotations"]
    assert annotations["service.beta.kubernetes.io/azure-load-balancer-internal"] == "true"
    address = annotations["service.beta.kubernetes.io/azure-load-balancer-ipv4"]
    assert (address,) == dev.clusters["azure-1"].mesh_addresses


@pytest.mark.parametrize("cluster", ["aws-1", "azure-1"])
def test_public_values_render_as_they_are_printed(dev: FleetPlan, version: str, tmp_path: Path, cluster: str) -> None:
    objects = render(public_values(dev, cluster)[0], version, tmp_path)
    assert objects["ConfigMap", "cilium-config"]["data"]["cluster-name"] == cluster
    assert ("Secret", "cilium-ca") not in objects


def test_eni_profile(version: str, ca: CaLeaves[str], tmp_path: Path) -> None:
    plan = planned(
        fleet_data(
            {"east": "aws", "west": "aws"},
            {"east-1": ("east", 1), "west-1": ("west", 2)},
            mesh={"cilium": version, "profile": "eni"},
        )
    )
    role = "arn:aws:iam::123456789012:role/op"
    values = helm_values(plan, "east-1", platform="eks", api_host="api.test", ca=ca, operator_role_arn=role)
    objects = render(values, version, tmp_path)
    config = objects["ConfigMap", "cilium-config"]["data"]
    expected = {
        "ipam": "eni",
        "routing-mode": "native",
        "aws-enable-prefix-delegation": "true",
        "enable-endpoint-routes": "true",
        "enable-ipv4-masquerade": "false",
        "enable-bpf-masquerade": "false",
        "kube-proxy-replacement": "true",
        "enable-wireguard": "true",
        "mtu": "1500",
    }
    assert {key: config.get(key) for key in expected} == expected
    assert '"fleet":"test"' in config["eni-tags"]
    account = objects["ServiceAccount", "cilium-operator"]["metadata"]
    assert account["annotations"] == {"eks.amazonaws.com/role-arn": role}
    operator = objects["Deployment", "cilium-operator"]["spec"]["template"]["spec"]["containers"][0]
    assert operator["command"] == ["cilium-operator-aws"]


def test_the_chart_refuses_an_eni_cluster_with_the_bug(version: str, ca: CaLeaves[str], tmp_path: Path) -> None:
    plan = planned(fleet_data({"east": "aws"}, {"east-1": ("east", 128)}, mesh={"cilium": version, "profile": "eni"}))
    values = helm_values(plan, "east-1", platform="eks", api_host="api.test", ca=ca, operator_role_arn="arn")
    with pytest.raises(AssertionError, match="issues/21330"):
        render(values, version, tmp_path)


STAGES = (
    Authority(),
    Authority(next="created"),
    Authority(next="trusted"),
    Authority(next="promoted"),
    Authority(generation=2),
)

READERS = {("DaemonSet", "cilium"), ("Deployment", "clustermesh-apiserver"), ("Deployment", "hubble-relay")}
"""Workloads whose pods read the trust bundle."""


@pytest.fixture(scope="module")
def stages(dev: FleetPlan, version: str, tmp_path_factory: pytest.TempPathFactory) -> list[Objects]:
    """One cluster in each stage of a rotation of the CA, as the program would have it."""
    made = {generation: authority() for generation in (1, 2)}
    found = []
    for stage in STAGES:
        trust = plan_trust(stage)
        mesh = dev.fleet.mesh.model_copy(update={"ca": stage})
        plan = plan_fleet(dev.fleet.model_copy(update={"mesh": mesh}))
        bundle = "".join(made[generation].bundle for generation in trust.trusted)
        ca = replace(made[trust.signing], bundle=bundle)
        values = helm_values(plan, "aws-1", platform="eks", api_host="api.test", ca=ca)
        found.append(render(values, version, tmp_path_factory.mktemp("stage")))
    return found


def bundles(pod: dict[str, Any]) -> list[str]:
    """Where a pod finds a CA: the path of each, from the bundle; any other source gives an error."""
    sources = [source for volume in pod.get("volumes", ()) for source in volume.get("projected", {}).get("sources", ())]
    items = [(source, item) for source in sources for item in next(iter(source.values())).get("items", ())]
    assert not [item for source, item in items if "secret" in source and item["key"] == "ca.crt"]
    return [item["path"] for source, item in items if source.get("configMap", {}).get("name") == "cilium-root-ca.crt"]


def test_every_side_of_a_connection_trusts_the_bundle(stages: list[Objects]) -> None:
    pods = {key: stages[0][key]["spec"]["template"]["spec"] for key in READERS}
    assert bundles(pods["DaemonSet", "cilium"]) == [
        "common-etcd-client-ca.crt",
        "local-etcd-client-ca.crt",
        "client-ca.crt",
    ]
    mesh = bundles(pods["Deployment", "clustermesh-apiserver"])
    assert mesh == ["ca.crt", "ca.crt", "common-etcd-client-ca.crt"]
    assert bundles(pods["Deployment", "hubble-relay"]) == ["hubble-server-ca.crt"]
    (etcd,) = [one for one in pods["Deployment", "clustermesh-apiserver"]["containers"] if one["name"] == "etcd"]
    assert "--trusted-ca-file=/var/lib/etcd-secrets/ca.crt" in etcd["args"]


def test_the_bundle_holds_the_cas_of_the_stage(stages: list[Objects]) -> None:
    held = [one["ConfigMap", "cilium-root-ca.crt"]["data"]["ca.crt"] for one in stages]
    signing = [secret(one, "cilium-ca", "ca.crt") for one in stages]
    assert [text.count("BEGIN CERTIFICATE") for text in held] == [1, 1, 2, 2, 1]
    assert all(text.startswith(own) for text, own in zip(held, signing, strict=True))
    assert signing[0] == signing[1] == signing[2] != signing[3] == signing[4]


def test_a_step_rolls_only_what_has_to_read_the_bundle_anew(stages: list[Objects]) -> None:
    rolled = [
        {
            key
            for key in before
            if key[0] in {"DaemonSet", "Deployment"}
            and before[key]["spec"]["template"] != after[key]["spec"]["template"]
        }
        for before, after in pairwise(stages)
    ]
    assert rolled == [set(), READERS, set(), READERS]


def test_certgen_runs_anew_when_another_ca_signs_and_only_then(stages: list[Objects]) -> None:
    jobs = [{name for kind, name in one if kind == "Job"} for one in stages]
    assert {len(names) for names in jobs} == {2}
    assert jobs[0] == jobs[1] == jobs[2]
    assert jobs[3] == jobs[4]
    assert not jobs[2] & jobs[3]
