"""The real Pulumi engine on a simulated cluster whose objects go to an API server too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from simulator.registry import load
from simulator.variables import LAB
from simulator.world import Record
from tests.simulator.engine import Run, needs_engine, serving
from tests.simulator.fake_api import ready, serving_api
from tests.simulator.kubernetes_manifests import deployment
from tests.simulator.kubernetes_names import CA, EKS_HOST
from tests.simulator.kubernetes_world import kubeconfig

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [needs_engine, pytest.mark.e2e]
PASSWORD = "marked-fake-password"
DEPLOYED = "/apis/apps/v1/namespaces/hms-api/deployments/api"


def program() -> None:
    provider = k8s.Provider("cluster", kubeconfig=pulumi.Output.secret(kubeconfig()), cluster_identifier="aws-1")
    opts = pulumi.ResourceOptions(provider=provider)
    namespace = k8s.core.v1.Namespace("hms-api", metadata={"name": "hms-api"}, opts=opts)
    place = {"name": "api", "namespace": namespace.metadata.name}
    k8s.core.v1.Secret("api", metadata=place, string_data={"password": PASSWORD}, opts=opts)
    deployed = k8s.apps.v1.Deployment("api", metadata=place, spec={**deployment()["spec"], "replicas": 0}, opts=opts)
    pulumi.export("uid", deployed.metadata.uid)


def test_up_again_refresh_drift_and_destroy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lab").mkdir()
    with serving_api(tmp_path / "lab") as (api, lab):
        monkeypatch.setenv(LAB, str(lab))

        def controller(live: dict[str, Any]) -> None:
            ready(live)
            if live["kind"] == "Secret":
                live["data"] = {"password": "bWFya2VkLWZha2UtcGFzc3dvcmQ="}

        api.controller = controller
        for server in serving(tmp_path, [load("kubernetes")]):
            cluster = {
                "name": "aws-1",
                "endpoint": f"https://{EKS_HOST}",
                "version": "1.35",
                "certificateAuthority": {"data": CA},
            }
            with server.world.transaction():
                server.world.put(Record("aws:eks/cluster:Cluster", "us-east-1", "aws-1", outputs=cluster))
            run = Run(server, tmp_path, program)
            assert run.up()["create"] == 5  # with the stack and the provider
            assert run.stack.outputs()["uid"].value == api.objects[DEPLOYED]["metadata"]["uid"]
            stored = "".join(path.read_text() for path in (tmp_path / "backend").rglob("*.json"))
            assert PASSWORD not in stored
            assert "bWFya2VkLWZha2UtcGFzc3dvcmQ=" not in stored
            assert run.up() == {"same": 5}

            # What nobody declared may change as it likes.
            api.objects[DEPLOYED]["metadata"] |= {"resourceVersion": "999", "annotations": {"other": "1"}}
            api.objects[DEPLOYED]["status"]["observedGeneration"] = 7
            assert dict(run.stack.refresh().summary.resource_changes or {}) == {"same": 5}

            live = api.objects[DEPLOYED]
            live["spec"]["replicas"] = 2
            del live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:replicas"]
            assert (run.stack.refresh().summary.resource_changes or {})["update"] == 1
            assert run.up()["update"] == 1
            assert api.objects[DEPLOYED]["spec"]["replicas"] == 0

            del api.objects[DEPLOYED]
            assert (run.stack.refresh().summary.resource_changes or {})["delete"] == 1
            assert run.up()["create"] == 1

            run.stack.destroy()
            assert api.objects == {}
