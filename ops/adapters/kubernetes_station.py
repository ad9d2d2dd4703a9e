"""A cluster to call from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.network_policies import NAME_LABEL
from infra.workloads import namespace_of
from ops.adapters.kubernetes_caller import pod_caller
from ops.adapters.kubernetes_ports import Inventory, Place, Pod

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Any

    from ops.adapters.kubernetes import KubernetesApi
    from ops.adapters.kubernetes_caller import PodCaller

_OURS = f"app.kubernetes.io/part-of=hms,{NAME_LABEL}"
"""Selects what belongs to a component."""


class KubernetesStation:
    """A cluster of the fleet.

    Parameters
    ----------
    port
        Where what calls listens in its pod.
    """

    def __init__(self, api: KubernetesApi, port: int) -> None:
        self._api = api
        self._port = port

    def look(self) -> Inventory:
        """See which pods of components are ready, which services there are, and the nodes."""
        pods = self._api.get("/api/v1/pods", labelSelector=_OURS)["items"]
        services = self._api.get("/api/v1/services", labelSelector=_OURS)["items"]
        nodes = self._api.get("/api/v1/nodes")["items"]
        return Inventory(
            pods=tuple(sorted(map(self._pod, filter(_is_ready, pods)), key=lambda pod: pod.name)),
            services={
                component: service["spec"]["clusterIP"]
                for service in services
                if (component := service["metadata"]["labels"][NAME_LABEL]) == service["metadata"]["name"]
            },
            nodes={
                node["metadata"]["name"]: address["address"]
                for node in nodes
                for address in node.get("status", {}).get("addresses", ())
                if address["type"] == "InternalIP"
            },
        )

    def caller(self, pod: Pod) -> AbstractContextManager[PodCaller]:
        """Put what calls into a pod."""
        return pod_caller(self._api, pod, self._port)

    def _pod(self, pod: dict[str, Any]) -> Pod:
        return Pod(
            place=Place(cluster=self._api.name, component=pod["metadata"]["labels"][NAME_LABEL]),
            namespace=pod["metadata"]["namespace"],
            name=pod["metadata"]["name"],
            node=pod["spec"].get("nodeName", ""),
            address=pod["status"].get("podIP", ""),
        )


def _is_ready(pod: dict[str, Any]) -> bool:
    """Whether a component's pod is ready, and not on its way out."""
    conditions = pod.get("status", {}).get("conditions", ())
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    mine = pod["metadata"]["namespace"] == namespace_of(pod["metadata"]["labels"][NAME_LABEL])
    return ready and mine and "deletionTimestamp" not in pod["metadata"]
