"""Where a program runs: the lab itself, one network namespace of it, or all namespaces of a node."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Space:
    """A place for programs.

    Parameters
    ----------
    name
        Shown in messages.
    prefix
        Command that enters it and runs what follows.
    """

    name: str
    prefix: tuple[str, ...] = ()


LAB = Space("lab")
"""The lab's own mount and process namespaces, with nothing but a loopback for network."""


def network_space(namespace: str) -> Space:
    """Give a network namespace that was made by ``ip netns add``; mounts and processes are the lab's."""
    return Space(namespace, ("nsenter", f"--net=/run/netns/{namespace}", "--"))


def node_space(name: str, pid: int) -> Space:
    """Give all namespaces of a node by the process identifier of its first process."""
    return Space(name, ("nsenter", "--target", str(pid), "--net", "--mount", "--uts", "--pid", "--"))
