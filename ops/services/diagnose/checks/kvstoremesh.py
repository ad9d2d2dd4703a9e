"""Whether somebody reads the peers in every cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find clusters whose kvstoremesh does not answer though the mesh API server around it does."""
    for name in case.meshed:
        found = case.clusters[name][1].mesh_servers
        dead = {server: seen.error for server, seen in found.items() if seen.failed}
        if not dead:
            continue
        alone = len(dead) == len(found)
        told = "; ".join(f"{server}: {error}" for server, error in dead.items())
        yield Finding(
            severity="error" if alone else "warning",
            about=(name,),
            saw=f"kvstoremesh of {name} does not answer: {told}",
            why="nothing copies what peers share into this cluster: its agents go on with what they know, and hear of "
            "nothing new"
            if alone
            else "its other replicas do the work",
            run=case.commands.hms(f"logs clustermesh-apiserver --container kvstoremesh --cluster {name}"),
            needs=frozenset({things.api(name), things.mesh(name), things.copier(name)}),
            breaks=frozenset({things.copier(name), *(things.way(name, other) for other in case.meshed)})
            if alone
            else frozenset(),
        )


CHECK = Check(
    id="kvstoremesh",
    title="Every cluster's kvstoremesh works",
    covers="a killed kvstoremesh, one of its replicas that fails",
    look=look,
)
