"""Logs of pods, through the API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.cilium import NAMESPACE
from infra.network_policies import NAME_LABEL
from ops.adapters.log_ports import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.adapters.kubernetes import KubernetesApi

CILIUM = {
    "cilium": "k8s-app=cilium",
    "cilium-operator": "io.cilium/app=operator",
    "clustermesh-apiserver": "k8s-app=clustermesh-apiserver",
    "hubble-relay": "k8s-app=hubble-relay",
    "coredns": "k8s-app=kube-dns",
}
"""What runs in Cilium's namespace, and the label of its pods (chart 1.19.6; cluster DNS on both clouds)."""


class KubernetesLogs:
    """The logs of one cluster."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def sources(self, component: str) -> tuple[Source, ...]:
        """List the containers of a component's pods that have been placed on a node."""
        if component in CILIUM:
            pods = self._api.get(f"/api/v1/namespaces/{NAMESPACE}/pods", labelSelector=CILIUM[component])["items"]
        else:
            selector = f"app.kubernetes.io/part-of=hms,{NAME_LABEL}={component}"
            pods = self._api.get("/api/v1/pods", labelSelector=selector)["items"]
        return tuple(
            Source(
                cluster=self._api.name,
                namespace=pod["metadata"]["namespace"],
                pod=pod["metadata"]["name"],
                container=container["name"],
                node=pod["spec"]["nodeName"],
            )
            for pod in sorted(pods, key=lambda each: str(each["metadata"]["name"]))
            if pod["spec"].get("nodeName")
            for container in pod["spec"]["containers"]
        )

    def lines(self, source: Source, *, tail: int, follow: bool) -> Iterator[str]:
        """Give the last lines of a container's log, and those to come where it is followed."""
        path = f"/api/v1/namespaces/{source.namespace}/pods/{source.pod}/log"
        query = {"container": source.container, "tailLines": str(tail)}
        return self._api.lines(path, endless=follow, **query, **({"follow": "true"} if follow else {}))
