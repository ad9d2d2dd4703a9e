from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s
import pytest

from simulator.registry import load
from simulator.world import Record
from tests.simulator.engine import Run, needs_engine, serving
from tests.simulator.kubernetes_manifests import cilium, pod, policy
from tests.simulator.kubernetes_names import CA, CA_KEY, EKS_HOST
from tests.simulator.kubernetes_world import kubeconfig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from simulator.server import Server

pytestmark = [needs_engine, pytest.mark.e2e]
PASSWORD = "marked-fake-password"
LABELS = {"app": "api"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    for one in serving(tmp_path, [load("kubernetes")]):
        world = one.world
        cluster = {
            "name": "aws-1",
            "endpoint": f"https://{EKS_HOST}",
            "version": "1.35",
            "certificateAuthority": {"data": CA},
            "bootstrapSelfManagedAddons": False,
        }
        group = {"clusterName": "aws-1", "scalingConfig": {"desiredSize": 3}, "status": "ACTIVE"}
        with world.transaction():
            world.put(Record("aws:eks/cluster:Cluster", "us-east-1", "aws-1", outputs=cluster))
            world.put(Record("aws:eks/nodeGroup:NodeGroup", "us-east-1", "aws-1:main", outputs=group))
        yield one


def program(*, image: str = "api:1", password: str = PASSWORD) -> None:
    provider = k8s.Provider("cluster", kubeconfig=pulumi.Output.secret(kubeconfig()), cluster_identifier="aws-1")
    opts = pulumi.ResourceOptions(provider=provider)
    release = cilium()
    mesh = k8s.helm.v3.Release(
        "cilium",
        name="cilium",
        namespace="kube-system",
        chart="cilium",
        version="1.19.6",
        repository_opts=k8s.helm.v3.RepositoryOptsArgs(repo="https://helm.cilium.io"),
        skip_await=True,
        values={**release["values"], "tls": {"ca": {"cert": CA, "key": pulumi.Output.secret(CA_KEY)}}},
        opts=opts,
    )
    after = pulumi.ResourceOptions(provider=provider, depends_on=[mesh])
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = k8s.core.v1.Namespace("hms-api", metadata={"name": "hms-api", "labels": restricted}, opts=after)
    place = {"name": "api", "namespace": namespace.metadata.name}
    account = k8s.core.v1.ServiceAccount("api", metadata=place, opts=opts)
    k8s.core.v1.Secret("api", metadata=place, string_data={"password": password}, opts=opts)
    k8s.core.v1.Service(
        "api", metadata=place, spec={"selector": LABELS, "ports": [{"port": 80, "targetPort": "http"}]}, opts=opts
    )
    k8s.apiextensions.CustomResource(
        "api",
        api_version="cilium.io/v2",
        kind="CiliumNetworkPolicy",
        metadata={"name": "api", "namespace": namespace.metadata.name},
        spec=policy()["spec"],
        opts=opts,
    )
    spec = pod()
    spec["containers"][0]["image"] = image
    spec["serviceAccountName"] = account.metadata.name
    template = {"metadata": {"labels": LABELS}, "spec": spec}
    deployed = k8s.apps.v1.Deployment(
        "api",
        metadata=place,
        spec={"replicas": 3, "selector": {"matchLabels": LABELS}, "template": template},
        opts=opts,
    )
    pulumi.export("ready", deployed.status.ready_replicas)
    pulumi.export("revision", mesh.status.revision)


def test_the_real_engine_on_a_simulated_cluster(server: Server, tmp_path: Path) -> None:
    run = Run(server, tmp_path, program)
    assert run.preview()["create"] == 9  # with the stack and the provider
    assert run.up()["create"] == 9
    assert {name: value.value for name, value in run.stack.outputs().items()} == {"ready": 3, "revision": 1}
    assert run.up() == {"same": 9}
    assert dict(run.stack.refresh().summary.resource_changes or {}) == {"same": 9}
    stored = "".join(path.read_text() for path in (tmp_path / "backend").rglob("*.json"))
    assert "api:1" in stored
    for secret in (CA_KEY, PASSWORD, "current-context", "bWFya2VkLWZha2UtcGFzc3dvcmQ="):
        assert secret not in stored

    run.program = lambda: program(image="api:2", password="marked-fake-other")
    counts = run.up()
    assert counts["update"] == 1  # the deployment
    assert counts.get("replace") or counts.get("create-replacement")  # a secret is not changed in place
    run.program = lambda: program(image="")
    assert "image: Required value" in run.refused()

    run.program = program
    run.stack.destroy()
    assert {record.token.partition(":")[0] for record in server.world.records()} == {"aws"}
