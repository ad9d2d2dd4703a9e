"""The lab beside the simulated clouds: its file, and which of its clusters stands for a simulated one."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from simulator.kind import Refused
from simulator.kubernetes.cluster import find_cluster
from simulator.kubernetes.live.client import ApiServer, api_server
from simulator.variables import LAB

if TYPE_CHECKING:
    from simulator.context import Context

_VERSION: Final = 1


@dataclass(frozen=True)
class LabCluster:
    """A real cluster of the lab.

    Attributes
    ----------
    name
        In the fleet.
    server
        Its API server.
    control
        Socket of the lab's supervisor.
    runs_pods
        Whether it has nodes; a lab of control planes alone has none.
    """

    name: str
    server: ApiServer
    control: Path
    runs_pods: bool


def lab_cluster(context: Context) -> LabCluster | None:
    """Give the real cluster behind a provider; ``None`` where no lab runs, or its simulated cluster is gone.

    Raises
    ------
    Refused
        The lab has no such cluster, or its file cannot be used.
    """
    record = find_cluster(context.world, context.scope) if os.environ.get(LAB) else None
    return None if record is None else cluster_named(str(record.outputs.get("name")))


def cluster_named(name: str) -> LabCluster | None:
    """Give the real cluster by its name in the cloud; ``None`` where no lab runs.

    Raises
    ------
    Refused
        The lab has no such cluster, or its file cannot be used.
    """
    path = os.environ.get(LAB)
    if not path:
        return None
    document = _read(Path(path))
    try:
        clusters: dict[str, Any] = document["clusters"]
        found = next((key for key, one in clusters.items() if name in one["names"]), None)
        if found is None:
            known = ", ".join(sorted(str(one) for entry in clusters.values() for one in entry["names"]))
            raise Refused(
                "LabUnavailable",
                f"the lab of {path} has no cluster {name!r}, only {known}; start it for this fleet with hms lab up",
                status=503,
            )
        return LabCluster(
            name=found,
            server=api_server(Path(clusters[found]["kubeconfig"])),
            control=Path(document["control"]),
            runs_pods=document["depth"] != "control",
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise _unusable(path, f"{type(error).__name__} {error}") from None
    except (OSError, ValueError) as error:
        raise _unusable(path, str(error)) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text())
        version = document.get("version")
    except (OSError, ValueError, AttributeError) as error:
        raise _unusable(path, str(error)) from None
    if version != _VERSION:
        raise _unusable(path, f"its version is {version}, not {_VERSION}")
    return document


def _unusable(path: Path | str, why: str) -> Refused:
    return Refused("LabUnavailable", f"the lab's file {path} cannot be used: {why}; run hms lab up", status=503)
