"""Whether the Kubernetes API servers answer, and where not, whether more than them is dead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.ports import MESH_API_PORT
from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find API servers that do not answer, and whole clusters of which nothing does."""
    for name, (_, view) in case.clusters.items():
        if not view.api.failed:
            continue
        listening = case.ears()
        nodes = case.nodes[name]
        answer = sum(any(heard.answers(address) for heard in listening.values()) for address in nodes.values())
        mesh = any(
            heard.ports.get((address, MESH_API_PORT)) == "open"
            for heard in listening.values()
            for address in case.plan.clusters[name].mesh_addresses
        )
        if nodes and listening and not answer and not mesh:
            yield Finding(
                about=(name,),
                saw=f"nothing of {name} answers: not its API server ({view.api.error}), none of its {len(nodes)} nodes "
                f"({', '.join(nodes)}), nor its mesh API server; tried from {', '.join(sorted(listening))}",
                why="the cluster is off, or cut off from everything; services fall back to the backends of others, but "
                "those that it alone has are gone",
                run=case.commands.kubectl(name, "version --request-timeout 5s"),
                needs=frozenset({things.api(name)}),
                breaks=frozenset(_all_of(case, name)),
            )
            continue
        rest = f"; {answer} of its {len(nodes)} nodes answer over the network" if nodes and listening else ""
        yield Finding(
            about=(name,),
            saw=f"the API server of {name} does not answer: {view.api.error}{rest}",
            why="pods and traffic go on, but nothing is scheduled, scaled, replaced or deployed, and the mesh hears of "
            "no change in this cluster",
            run=case.commands.kubectl(name, "get --raw /livez?verbose --request-timeout 5s"),
            needs=frozenset({things.api(name)}),
            breaks=frozenset({things.api(name), things.operator(name)}),
        )


def _all_of(case: Case, cluster: str) -> Iterator[str]:
    yield from (things.api(cluster), things.operator(cluster), things.mesh(cluster), things.copier(cluster))
    for node in case.nodes[cluster]:
        yield from (things.node(node), things.agent(node))
    for other in case.meshed:
        yield from things.both_ways(cluster, other)


CHECK = Check(
    id="api-servers",
    title="Every Kubernetes API server answers",
    covers="a stopped or unreachable API server, a whole cluster that is down",
    look=look,
)
