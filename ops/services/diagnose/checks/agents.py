"""Whether Cilium's agents answer and are content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case
    from ops.services.observe.cilium import Agent

_OF_PEERS = "remote-etcd-"
"""Controllers of connections to peers, which the mesh's own checks look at."""


def look(case: Case) -> Iterator[Finding]:
    """Find agents that do not answer, that say that they fail, or in which something fails again and again."""
    for name, (_, view) in case.clusters.items():
        for node, seen in view.agents.items():
            needs = frozenset({things.api(name), things.node(node), things.agent(node)})
            logs = case.commands.hms(f"logs cilium --cluster {name} --node {node}")
            if seen.failed:
                yield Finding(
                    about=(node, name),
                    saw=f"Cilium's agent on {node} of {name} does not answer: {seen.error}",
                    why="packets of its pods go on, but by what it last knew: no new pod gets an address there, and no "
                    "change of services, policies or peers arrives",
                    run=logs,
                    needs=needs,
                    breaks=frozenset({things.agent(node)}),
                )
            elif seen.value is not None:
                yield from _of_living(seen.value, (node, name), logs, needs)


def _of_living(agent: Agent, about: tuple[str, str], logs: str, needs: frozenset[str]) -> Iterator[Finding]:
    node, cluster = about
    if agent.state != "Ok":
        yield Finding(
            about=about,
            saw=f"Cilium's agent on {node} of {cluster} says {agent.state}: {agent.message}",
            why="what it does not manage does not reach the kernel of this node",
            run=logs,
            needs=needs,
            breaks=frozenset({things.agent(node)}),
        )
    problems = {name: text for name, text in agent.problems.items() if not name.startswith(_OF_PEERS)}
    if problems:
        told = "; ".join(f"{name}: {text}" for name, text in sorted(problems.items()))
        yield Finding(
            severity="warning",
            about=about,
            saw=f"in Cilium's agent on {node} of {cluster} {len(problems)} controllers fail: {told}",
            why="each tries again, and what it is for does not happen meanwhile",
            run=logs,
            needs=needs,
        )
    if agent.health not in {"Ok", "Disabled", ""}:
        yield Finding(
            severity="warning",
            about=about,
            saw=f"the health probes of Cilium's agent on {node} of {cluster} say {agent.health}",
            why="nobody is told when the ways between nodes break",
            run=logs,
            needs=needs,
        )


CHECK = Check(
    id="agents",
    title="Every agent of Cilium answers and is content",
    covers="a killed or failing agent, controllers that fail, health probes that do not run",
    look=look,
)
