"""Things that work or do not: the words in which findings say what they need and what they break."""

from __future__ import annotations


def api(cluster: str) -> str:
    """Name the Kubernetes API server of a cluster."""
    return f"API server of {cluster}"


def node(name: str) -> str:
    """Name a node: its power, and its place in the network."""
    return f"node {name}"


def agent(node: str) -> str:
    """Name Cilium's agent of a node."""
    return f"agent of {node}"


def operator(cluster: str) -> str:
    """Name Cilium's operator of a cluster."""
    return f"operator of {cluster}"


def mesh(cluster: str) -> str:
    """Name the mesh API server of a cluster: what peers read."""
    return f"mesh API server of {cluster}"


def copier(cluster: str) -> str:
    """Name the kvstoremesh of a cluster: what reads peers."""
    return f"kvstoremesh of {cluster}"


def link(name: str) -> str:
    """Name a link."""
    return f"link {name}"


def way(source: str, target: str) -> str:
    """Name what a cluster gets to know of another."""
    return f"way from {source} to {target}"


def pods(cluster: str, namespace: str, workload: str) -> str:
    """Name the pods of a workload."""
    return f"pods of {namespace}/{workload} in {cluster}"


def both_ways(first: str, second: str) -> frozenset[str]:
    """Name what two clusters get to know of each other."""
    return frozenset((way(first, second), way(second, first)))
