"""What a cloud waits for inside its cluster before it calls something of its own made: nodes, an add-on's pods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from simulator.kind import Unfinished, get
from simulator.kubernetes.live.lab import cluster_named
from simulator.kubernetes.live.ready import conditions, lacks
from simulator.kubernetes.live.waiting import deadline, turns

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs
    from simulator.kubernetes.live.client import ApiServer
    from simulator.world import Record

_CORE_DNS: Final = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"


@dataclass(frozen=True)
class Gate:
    """Something that a cloud makes on its own, and calls made once it works in the cluster.

    Parameters
    ----------
    open
        Whether it works, as the cluster's API server tells.
    reason
        Why it does not, in the cloud's words.
    outputs
        What the cloud says of it then.
    concerns
        Whether it is to be waited for at all.
    """

    open: Callable[[ApiServer, threading.Event], bool]
    reason: str
    outputs: Outputs
    concerns: Callable[[Inputs], bool] = lambda _: True

    def put(self, context: Context, inputs: Inputs) -> Outputs:
        """Wait.

        Raises
        ------
        Refused
            The cluster's API server does not answer.
        Unfinished
            It did not work in time.
        """
        cluster = cluster_named(str(inputs["clusterName"])) if self.concerns(inputs) else None
        if cluster is None or not cluster.runs_pods:
            return {}
        for _ in turns(context, deadline(context, inputs)):
            if self.open(cluster.server, context.stop):
                return {}
        raise Unfinished(self.outputs, self.reason)

    def read(self, context: Context, record: Record) -> Record:  # noqa: ARG002 - the interface
        """Give what the cloud knows."""
        return record

    def delete(self, context: Context, inputs: Inputs) -> None:
        """Leave the cluster as it is: its nodes and CoreDNS are the lab's."""


def _nodes_are_ready(server: ApiServer, stop: threading.Event) -> bool:
    found = (server.get("/api/v1/nodes", stop=stop) or {}).get("items") or []
    return bool(found) and all(get(conditions(node).get("Ready", {}), "status") == "True" for node in found)


def _core_dns_runs(server: ApiServer, stop: threading.Event) -> bool:
    def fetch(path: str, query: dict[str, str] | None = None) -> dict[str, Any] | None:
        return server.get(path, stop=stop, query=query)

    live = server.get(_CORE_DNS, stop=stop)
    return live is not None and not lacks(live, fetch, created=True)


NODES: Final = Gate(
    _nodes_are_ready,
    "NodeCreationFailure: Unhealthy nodes in the kubernetes cluster",
    {"status": "CREATE_FAILED"},
)
CORE_DNS: Final = Gate(
    _core_dns_runs,
    "InsufficientNumberOfReplicas: The add-on is unhealthy because it doesn't have the desired number of replicas.",
    {},
    concerns=lambda inputs: inputs["addonName"] == "coredns",
)
