"""All that can be seen of one fleet at a moment: facts as they were read. What is wrong with them is not said here.

Every part was read by itself, so that a dead part, or a dead cluster, never hides another: it has a value or the error
that stood in its way (:class:`ops.services.observe.seen.Seen`). Nothing in here is secret.

========================================  =====================================================================
part                                      read from
========================================  =====================================================================
api, nodes, pods, workloads, services,    the cluster's API server
node_ports, hooks, policies, warnings, config, peers,
certificates, cilium_nodes, endpoints,
operator
agents                                    ``cilium-dbg status -o json`` on each node
addresses                                 ``cilium-dbg bpf ipcache list -o json`` on each node: the kernel's own table
mesh_servers                              ``kvstoremesh-dbg status -o json`` in each mesh API server
ways                                      ``kvstoremesh-dbg troubleshoot`` in each mesh API server
========================================  =====================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ops.services.observe.seen import UNSEEN, Seen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ops.services.observe.cilium import Agent, Certificate, CiliumConfig, CiliumNode, Endpoint, Entry, Operator
    from ops.services.observe.kubernetes import ApiServer, Hook, Node, Pod, Policy, Service, Warn, Workload
    from ops.services.observe.mesh import ConfiguredPeers, MeshServer, Way


@dataclass(frozen=True, kw_only=True)
class ClusterView:
    """One cluster.

    Parameters
    ----------
    node_ports
        Which service (``namespace/name``) has a port of all nodes.
    agents
        By node: every node that Kubernetes has, whether an agent answers there or not.
    addresses
        By node, and by prefix: ``10.128.0.7/32``.
    mesh_servers, ways
        By pod. ``ways`` has the way to each peer, tried anew by kvstoremesh's own diagnosis, with its certificates,
        from its place; nothing where kvstoremesh does not answer.
    """

    name: str
    api: Seen[ApiServer] = UNSEEN
    nodes: Seen[tuple[Node, ...]] = UNSEEN
    pods: Seen[tuple[Pod, ...]] = UNSEEN
    workloads: Seen[tuple[Workload, ...]] = UNSEEN
    services: Seen[tuple[Service, ...]] = UNSEEN
    node_ports: Seen[Mapping[int, str]] = UNSEEN
    hooks: Seen[tuple[Hook, ...]] = UNSEEN
    policies: Seen[tuple[Policy, ...]] = UNSEEN
    warnings: Seen[tuple[Warn, ...]] = UNSEEN
    config: Seen[CiliumConfig] = UNSEEN
    peers: Seen[ConfiguredPeers] = UNSEEN
    certificates: Seen[tuple[Certificate, ...]] = UNSEEN
    cilium_nodes: Seen[tuple[CiliumNode, ...]] = UNSEEN
    operator: Seen[Operator] = UNSEEN
    endpoints: Seen[tuple[Endpoint, ...]] = UNSEEN
    agents: Mapping[str, Seen[Agent]] = field(default_factory=dict)
    addresses: Mapping[str, Seen[Mapping[str, Entry]]] = field(default_factory=dict)
    mesh_servers: Mapping[str, Seen[MeshServer]] = field(default_factory=dict)
    ways: Mapping[str, Mapping[str, Seen[Way]]] = field(default_factory=dict)

    @property
    def unreachable(self) -> str:
        """Why the API server does not answer; empty if it does."""
        return self.api.error if self.api.failed else ""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One fleet at a moment.

    Parameters
    ----------
    where
        Where it was seen: ``the lab in .state/lab/lab``, ``its stacks``, ``your contexts``.
    taken
        When reading began, on the clock of this machine.
    seconds
        How long reading took.
    clusters
        In the order of the fleet file.
    remarks
        What a reader has to know of this place, such as what a lab does differently.
    """

    fleet: str
    where: str
    taken: datetime
    seconds: float
    clusters: Mapping[str, ClusterView]
    remarks: tuple[str, ...] = ()
