"""A lab's life: begun with what the machine can, looked at, ended with all that it left."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.adapters.kubernetes import kubernetes_api
from ops.adapters.lab import program
from ops.errors import ClusterError, MissingError, RefusedError
from ops.services.at_once import at_once
from ops.services.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from infra.plan import FleetPlan
    from lab.doctor import Check
    from lab.plan import Depth
    from ops.adapters.lab import Lab
    from ops.adapters.state import StateFolder


MESH_SERVER = "mesh API server"
"""Stands among a cluster's peers where it does not answer itself."""


def choose_depth(wanted: Depth | None, checks: tuple[Check, ...]) -> Depth:
    """Give the depth asked for, or else the deepest that the machine can.

    Raises
    ------
    MissingError
        If the machine cannot; with all that it lacks.
    """
    lacking = [check for check in checks if check.needed is not None and not check.found]
    if wanted != "datapath":
        barring = [check for check in lacking if check.needed == "control"]
        if not barring:
            return "datapath" if wanted is None and not lacking else "control"
        lacking = barring
    if lacking:
        raise MissingError(
            f"this machine cannot run a lab{' with nodes' if wanted == 'datapath' else ''}; nothing was started",
            "hms lab doctor shows everything",
            details=tuple(f"  {check.name}: {check.said}; {check.costs}" for check in lacking),
        )
    return "datapath"


def begin(  # noqa: PLR0913 - a lab, its place, and what it is made from
    lab: Lab,
    state: StateFolder,
    plan: FleetPlan,
    fleet: Path,
    *,
    depth: Depth,
    nodes: int,
    progress: Callable[[str], None],
) -> None:
    """Start a lab; one of the same fleet that runs already is left as it is.

    Raises
    ------
    RefusedError
        If the folder holds another fleet.
    """
    if state.backend.exists() and not lab.folder.exists():
        raise RefusedError(f"{state.path} holds a fleet without a lab", "name another folder with --state")
    state.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with state.hold():
        if lab.alive() and not lab.described():
            progress("an earlier start was cut off: ending what it left")
            lab.down()
        elif lab.alive():
            record = lab.record()
            if record.fleet != plan.name:
                raise RefusedError(f"the lab in {lab.folder} is of the fleet {record.fleet!r}", "hms lab down first")
            progress("it runs already")
            return
        # What was deployed into a lab that is gone is gone with it.
        forget(state)
        lab.up(fleet, clusters=tuple(plan.clusters), depth=depth, nodes=nodes, progress=progress)


def end(lab: Lab, state: StateFolder) -> bool:
    """End a lab, and forget what was deployed into it. Says whether there was one."""
    if not lab.folder.exists():
        return False
    with state.hold():
        lab.down()
        forget(state)
    for folder in ("home", "tmp"):
        shutil.rmtree(state.path / folder, ignore_errors=True)
    for file in ("running", ".gitignore"):
        (state.path / file).unlink(missing_ok=True)
    with suppress(OSError):
        # What is not ours in it stays.
        state.path.rmdir()
    return True


def forget(state: StateFolder) -> None:
    """Remove what the engine and the simulated clouds know."""
    for folder in (state.backend, state.workspace):
        shutil.rmtree(folder, ignore_errors=True)
    for file in (state.passphrase, *state.path.glob(f"{state.world.stem}.*")):
        file.unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True)
class ClusterStatus:
    """How a cluster of a lab does.

    Parameters
    ----------
    api
        ``ready``, or why its API server does not answer.
    nodes
        Whether each node is ready.
    agents
        ``Ok``, or what the agent of each node says.
    mesh
        What the mesh API server and all agents say of each peer: ``ready``, or why not; and why the mesh API server
        itself does not answer, under :data:`MESH_SERVER`.
    """

    name: str
    api: str
    nodes: dict[str, bool]
    agents: dict[str, str]
    mesh: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return vars(self)


def status(lab: Lab) -> tuple[ClusterStatus, ...]:
    """Ask all clusters of a lab, all at once.

    Raises
    ------
    RefusedError
        If no lab runs.
    """
    record = lab.record()
    with at_once(len(record.kubeconfigs)) as pool:
        return tuple(pool.map(lambda item: _cluster(lab, *item), record.kubeconfigs.items()))


def status_tables(found: tuple[ClusterStatus, ...]) -> tuple[Table, ...]:
    """Give it as tables: clusters, and what is wrong."""

    def of(states: Iterable[bool]) -> str:
        good = list(states)
        return f"{sum(good)} of {len(good)}" if good else "-"

    clusters = Table(
        title="Clusters of the lab",
        head=("cluster", "API server", "nodes ready", "agents ok", "peers ready"),
        rows=tuple(
            (
                each.name,
                each.api,
                of(each.nodes.values()),
                of(text == "Ok" for text in each.agents.values()),
                of(text == "ready" for peer, text in each.mesh.items() if peer != MESH_SERVER),
            )
            for each in found
        ),
    )
    wrong = Table(
        title="Not as it should be",
        head=("cluster", "what", "says"),
        rows=tuple(
            row
            for each in found
            for row in (
                *((each.name, f"node {node}", "not ready") for node, ready in each.nodes.items() if not ready),
                *((each.name, f"agent on {node}", text) for node, text in each.agents.items() if text != "Ok"),
                *(
                    (each.name, peer if peer == MESH_SERVER else f"peer {peer}", text)
                    for peer, text in each.mesh.items()
                    if text != "ready"
                ),
            )
        ),
    )
    return tuple(table for table in (clusters, wrong) if table.rows)


def differences_table(rows: list[dict[str, str]]) -> Table:
    """Say what the lab does differently from the deployment."""
    return Table(
        title="What the lab does differently from the deployment",
        head=("what", "deployment", "lab", "why"),
        rows=tuple((row["place"], row["planned"], row["lab"], row["why"]) for row in rows),
    )


def doctor_table(checks: tuple[Check, ...]) -> Table:
    """Say what the machine has and lacks, and what that costs."""
    return Table(
        title="This machine",
        head=("what", "", "seen", "without it"),
        rows=tuple(
            (check.name, "good" if check.found else "lacks", check.said, "" if check.found else check.costs)
            for check in sorted(checks, key=lambda check: check.found)
        ),
    )


def _cluster(lab: Lab, name: str, kubeconfig: Path) -> ClusterStatus:
    try:
        with kubernetes_api(name, str(kubeconfig)) as api:
            items = api.get("/api/v1/nodes")["items"]
    except ClusterError as error:
        return ClusterStatus(name=name, api=error.message, nodes={}, agents={}, mesh={})
    nodes = {
        node["metadata"]["name"]: any(
            each["type"] == "Ready" and each["status"] == "True"
            for each in node.get("status", {}).get("conditions", ())
        )
        for node in items
    }
    agents: dict[str, str] = {}
    mesh: dict[str, str] = {}
    for node in nodes:
        told = _told(lab, node, program("cilium-dbg"), "status", "-o", "json")
        agents[node] = told["error"] if "error" in told else str(told.get("cilium", {}).get("state", "unknown"))
        for peer, text in _peers((told.get("cluster-mesh") or {}).get("clusters") or ()).items():
            # A peer is ready once it is for every node.
            mesh[peer] = text if mesh.get(peer, "ready") == "ready" else mesh[peer]
    # Agents know their peers through the mesh API server, and do not notice that it is dead.
    if mesh or not nodes:
        told = _told(lab, name, program("clustermesh-apiserver"), "kvstoremesh-dbg", "status", "-o", "json")
        if "error" in told:
            mesh[MESH_SERVER] = told["error"]
        else:
            copied = _peers(told)
            for peer in mesh or copied:
                if mesh.get(peer, "ready") == "ready":
                    mesh[peer] = copied.get(peer, "the mesh API server copies nothing of it")
    return ClusterStatus(name=name, api="ready", nodes=nodes, agents=agents, mesh=mesh)


def _told(lab: Lab, space: str, *command: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(lab.run(space, *command))
    except ClusterError as error:
        return {"error": error.message}


def _peers(clusters: Iterable[dict[str, Any]]) -> dict[str, str]:
    return {str(each["name"]): "ready" if each.get("ready") else _why_not(each) for each in clusters}


def _why_not(peer: dict[str, Any]) -> str:
    """Say why a peer is not ready; of one that is connected the status tells of the connection alone."""
    return "connected, but not synchronised" if peer.get("connected") else str(peer.get("status") or "not ready")
