"""Compares ``hms mesh status -o json`` with what the processes of a lab say, asked directly: field by field."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ops.adapters.lab import program

if TYPE_CHECKING:
    from ops.adapters.lab import Lab

NUMBERS = {
    "nodes": "num-nodes",
    "identities": "num-identities",
    "endpoints": "num-endpoints",
    "services": "num-shared-services",
    "failures": "num-failures",
}
"""Fields of ours, and of Cilium's, which leaves out what is zero."""

NEVER = "0001-01-01T00:00:00.000Z"


def disagreements(told: dict[str, Any], lab: Lab) -> list[str]:
    """List the fields of each peer that differ from what kvstoremesh, or the agent of a node, says of it now.

    Parameters
    ----------
    told
        What the command wrote.
    """
    found = []
    for pair in told["pairs"]:
        said = {"kvstoremesh": _ask(lab, pair["from"], "clustermesh-apiserver", "kvstoremesh-dbg", "status")}
        ours = {"kvstoremesh": next(iter(pair["kvstoremesh"].values()))}
        for node, mine in pair["agents"].items():
            status = _ask(lab, node, "cilium-dbg", "status")
            said[node] = status["cluster-mesh"]["clusters"] or []
            ours[node] = mine
        for who, peers in said.items():
            real = next(each for each in peers if each["name"] == pair["to"])
            found += [f"{pair['from']} of {pair['to']}, {who}: {each}" for each in _fields(ours[who], real)]
    return found


def _ask(lab: Lab, space: str, name: str, *command: str) -> Any:
    return json.loads(lab.run(space, program(name), *command, "-o", "json"))


def _fields(ours: dict[str, Any], real: dict[str, Any]) -> list[str]:
    config = real.get("config") or {}
    wanted: dict[str, Any] = {
        "connected": real.get("connected", False),
        "ready": real.get("ready", False),
        "status": real.get("status", ""),
        **{field: real.get(theirs, 0) for field, theirs in NUMBERS.items()},
        "lastFailure": None if real["last-failure"] == NEVER else real["last-failure"].replace("Z", "+00:00"),
        "clusterId": config.get("cluster-id"),
        "synced": real.get("synced"),
    }
    differ = [
        f"{field} is {ours.get(field)!r}, not {value!r}" for field, value in wanted.items() if ours.get(field) != value
    ]
    return differ + [f"{field} is not compared" for field in ours if field not in wanted]
