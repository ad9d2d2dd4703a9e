"""The parts of a cluster that can be asked for, named as in :class:`ops.services.observe.snapshot.ClusterView`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.services.observe import read_cilium, read_hooks, read_kubernetes
from ops.services.observe.read_certificates import certificates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ops.adapters.cilium_ports import Objects

OBJECTS: Mapping[str, Callable[[Objects], Any]] = {
    "nodes": read_kubernetes.nodes,
    "pods": read_kubernetes.pods,
    "workloads": read_kubernetes.workloads,
    "services": read_kubernetes.services,
    "node_ports": read_kubernetes.node_ports,
    "hooks": read_hooks.hooks,
    "policies": read_kubernetes.policies,
    "warnings": read_kubernetes.warnings,
    "config": read_cilium.config,
    "peers": read_cilium.peers,
    "certificates": certificates,
    "cilium_nodes": read_cilium.cilium_nodes,
    "operator": read_cilium.operator,
    "endpoints": read_cilium.endpoints,
}
"""Read from the API server, in this order where not all fit at once. ``api`` is always read, and first."""

ALL = frozenset((*OBJECTS, "agents", "addresses", "mesh_servers", "ways"))
"""Those, and what is read beside Cilium's programs."""
