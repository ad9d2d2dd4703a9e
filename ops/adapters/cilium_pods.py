"""Cilium's programs in the pods that the chart makes: commands go through the API server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.cilium import NAMESPACE
from ops.adapters.cilium_ports import Container

if TYPE_CHECKING:
    from ops.adapters.kubernetes import KubernetesApi


class CiliumPods:
    """Cilium in one cluster."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def agents(self) -> dict[str, Container]:
        """Give the agent's container of each node that has one; the newest where an old one is still going."""
        return {found.node: found for found in self._containers("cilium", "cilium-agent")}

    def mesh_servers(self) -> tuple[Container, ...]:
        """Give the container of kvstoremesh in each replica of the mesh API server."""
        return self._containers("clustermesh-apiserver", "kvstoremesh")

    def run(self, container: Container, *command: str, seconds: float) -> str:
        """Run a command in a container."""
        return self._api.run(NAMESPACE, container.pod, container.name, list(command), seconds=seconds)

    def _containers(self, app: str, container: str) -> tuple[Container, ...]:
        pods = self._api.get(f"/api/v1/namespaces/{NAMESPACE}/pods", labelSelector=f"k8s-app={app}")["items"]
        return tuple(
            Container(pod=pod["metadata"]["name"], node=pod["spec"].get("nodeName", ""), name=container)
            for pod in sorted(pods, key=_age)
            if any(each["name"] == container for each in pod["spec"]["containers"])
        )


def _age(pod: dict[str, Any]) -> tuple[bool, str, str]:
    """Sort what is on its way out first, then by age."""
    metadata = pod["metadata"]
    return "deletionTimestamp" not in metadata, str(metadata.get("creationTimestamp", "")), str(metadata["name"])
