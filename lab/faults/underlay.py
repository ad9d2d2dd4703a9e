"""Faults of links and nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.faults.fault import Fault

if TYPE_CHECKING:
    from lab.clusters import RunningCluster
    from lab.running import RunningLab

SMALL_MTU = 1300
"""Octets that a link carries whose MTU is wrong: less than Cilium's packets, more than a handshake."""


def of_node(lab: RunningLab, name: str) -> RunningCluster:
    """Give the cluster of a node.

    Raises
    ------
    LabError
        If there is no such node.
    """
    for cluster in lab.clusters.values():
        if name in cluster.nodes:
            return cluster
    raise LabError(f"the lab has no node {name}", f"nodes: {', '.join(node.name for node in lab.plan.nodes) or 'none'}")


def _node_off(lab: RunningLab, name: str) -> None:
    of_node(lab, name).stop_node(name)


def _node_on(lab: RunningLab, name: str) -> None:
    cluster = of_node(lab, name)
    if not cluster.nodes[name].running:
        cluster.start_node(name)


def _agent_off(lab: RunningLab, name: str) -> None:
    of_node(lab, name).release.agent(name).kill()


def _agent_on(lab: RunningLab, name: str) -> None:
    agent = of_node(lab, name).release.agent(name)
    if not lab.processes.running(agent.program):
        agent.start()
        agent.wait()


FAULTS = (
    Fault(
        name="link",
        target="link",
        means="the link is cut: its last tunnel is down",
        break_=lambda lab, name: lab.networks.cut(name),
        mend=lambda lab, name: lab.networks.mend(name),
    ),
    Fault(
        name="mtu",
        target="link",
        means=f"the link carries {SMALL_MTU} octets, less than planned; what is larger vanishes",
        break_=lambda lab, name: lab.networks.narrow(name, SMALL_MTU),
        mend=lambda lab, name: lab.networks.mend(name),
    ),
    Fault(name="node", target="node", means="the node has lost its power", break_=_node_off, mend=_node_on),
    Fault(name="agent", target="node", means="Cilium's agent is dead and stays so", break_=_agent_off, mend=_agent_on),
)
