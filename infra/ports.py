"""The ports that the mesh needs between sites, and nothing more.

Source: Cilium's system requirements page and, for the two protocols without a fixed port, its chart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MESH_API_PORT = 2379
"""TCP port of a cluster's mesh API server on its load balancer."""

FIRST_MESH_NODE_PORT = 32000
"""Node port of the mesh API server is this plus the cluster id: two clusters with one node port reach themselves."""

Protocol = Literal["tcp", "udp", "icmp"]


@dataclass(frozen=True, kw_only=True)
class Port:
    """One opening of a firewall.

    Parameters
    ----------
    name
        Short name, part of resource names.
    protocol
        ``icmp`` has no port; ``port`` is then the ICMP type, -1 for any.
    port
        Port number, or ICMP type.
    why
        What it carries, for the rule's description.
    """

    name: str
    protocol: Protocol
    port: int
    why: str


GENEVE = Port(name="geneve", protocol="udp", port=6081, why="Cilium overlay between nodes")
WIREGUARD = Port(name="wireguard", protocol="udp", port=51871, why="Cilium WireGuard between nodes")
HEALTH = Port(name="health", protocol="tcp", port=4240, why="Cilium health checks")
HUBBLE = Port(name="hubble", protocol="tcp", port=4244, why="Hubble relay to the agents")
# Echo for Cilium's health, and 'fragmentation needed' (type 3 code 4), without which large packets vanish.
ICMP_ECHO = Port(name="icmp-echo", protocol="icmp", port=8, why="Cilium health checks")
ICMP_UNREACHABLE = Port(name="icmp-unreachable", protocol="icmp", port=3, why="path MTU discovery")
MESH_API = Port(name="mesh-api", protocol="tcp", port=MESH_API_PORT, why="ClusterMesh API server")
# Native routing carries the pods' own packets between nodes where encryption is off; with it on they are WireGuard's.


def node_ports(*, overlay: bool, encrypted: bool) -> tuple[Port, ...]:
    """Give the openings from nodes to nodes.

    Geneve stays open with WireGuard on: without node encryption, host to remote-pod traffic is plain geneve
    (Cilium's WireGuard page, table of what is encrypted).
    """
    return (
        *((GENEVE,) if overlay else ()),
        *((WIREGUARD,) if encrypted else ()),
        HEALTH,
        HUBBLE,
        ICMP_ECHO,
        ICMP_UNREACHABLE,
    )
