"""What Cilium's agents dropped, and why: Hubble's memory of each node."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING, Any

from infra.cilium import NAMESPACE
from ops.adapters.kubernetes_ports import Drop
from ops.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ops.adapters.kubernetes import KubernetesApi

_SLACK = 5
"""Seconds that clocks may differ, and that an agent may take to note something."""


def drops_command(since: float) -> list[str]:
    """Give the arguments of ``hubble`` that list the TCP packets dropped since a time."""
    return ["observe", "--verdict", "DROPPED", *_tcp(since)]


def reached_command(since: float, *, source: str, port: int) -> list[str]:
    """Give the arguments of ``hubble`` that list the TCP packets from an address to a port that were let through."""
    return ["observe", "--verdict", "FORWARDED", "--from-ip", source, "--to-port", str(port), *_tcp(since)]


def _tcp(since: float) -> list[str]:
    # How long ago, and not at what time: the node's clock may be another.
    ago = math.ceil(time.time() - since) + _SLACK
    return ["--protocol", "tcp", "--since", f"{ago}s", "--output", "jsonpb"]


def read_drops(text: str) -> tuple[Drop, ...]:
    """Read Hubble's answer: a flow a line (``jsonpb``); lines about anything else are passed over."""
    drops = (
        Drop(
            source=flow["IP"].get("source", ""),
            destination=flow["IP"].get("destination", ""),
            port=int(flow["l4"]["TCP"]["destination_port"]),
            node=str(flow.get("node_name", "")).rpartition("/")[2],
            direction=str(flow.get("traffic_direction", "")).lower(),
            reason=str(flow.get("drop_reason_desc", "")),
        )
        for flow in _flows(text)
        if flow.get("verdict") == "DROPPED"
    )
    # A SYN that gets no answer is sent again.
    return tuple(dict.fromkeys(drops))


def read_reached(text: str) -> frozenset[str]:
    """Read where packets went from Hubble's answer."""
    return frozenset(flow["IP"].get("destination", "") for flow in _flows(text) if flow.get("verdict") == "FORWARDED")


def _flows(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        flow = (json.loads(line).get("flow") or {}) if line.startswith("{") else {}
        if "IP" in flow and "destination_port" in flow.get("l4", {}).get("TCP", {}):
            yield flow


class KubernetesAgents:
    """Agents in pods, as the chart deploys them."""

    def __init__(self, apis: Mapping[str, KubernetesApi]) -> None:
        self._apis = apis

    def drops(self, cluster: str, node: str, since: float) -> tuple[Drop, ...]:
        """Ask Hubble in the agent's container."""
        return read_drops(self._ask(cluster, node, drops_command(since)))

    def reached(self, cluster: str, node: str, since: float, *, source: str, port: int) -> frozenset[str]:
        """Ask Hubble in the agent's container."""
        return read_reached(self._ask(cluster, node, reached_command(since, source=source, port=port)))

    def _ask(self, cluster: str, node: str, command: list[str]) -> str:
        api = self._apis[cluster]
        pods = api.get(
            f"/api/v1/namespaces/{NAMESPACE}/pods",
            labelSelector="k8s-app=cilium",
            fieldSelector=f"spec.nodeName={node}",
        )["items"]
        if not pods:
            raise ClusterError(f"{cluster}: no agent runs on {node}")
        name = pods[0]["metadata"]["name"]
        return api.run(NAMESPACE, name, "cilium-agent", ["hubble", *command])
