"""Where a connectivity test runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.adapters.kubernetes_hubble import KubernetesAgents
from ops.adapters.kubernetes_station import KubernetesStation
from ops.adapters.lab import LabAgents, LabOutside, ThisMachine
from ops.errors import ClusterError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from infra.plan import FleetPlan
    from ops.adapters.kubernetes_ports import Agents, Caller, Inventory, Outside, Pod, Station
    from ops.services.clusters import Clusters

_PORTS = range(18080, 19080)
"""Where what calls may listen in its pod."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Where a test runs.

    Parameters
    ----------
    where
        What it is, for the report: ``the lab in .state/lab/lab``.
    stations
        Clusters to call from, by their names in the fleet.
    outside
        A place from which nothing may be reached.
    remarks
        What a reader has to know of this place, such as what a lab does differently.
    """

    where: str
    stations: Mapping[str, Station]
    agents: Agents
    outside: Outside
    remarks: tuple[str, ...] = ()


def world_of(clusters: Clusters, plan: FleetPlan) -> World:
    """Make a world of clusters that are open.

    Raises
    ------
    RefusedError
        If it is a lab without pods.
    """
    lab = clusters.lab
    if lab is not None and lab.record().depth != "datapath":
        raise RefusedError(
            f"the lab in {lab.folder} has control planes only, so no pods to call from", "hms lab up --depth datapath"
        )
    apis = {name: api for name, api in clusters.apis.items() if not isinstance(api, ClusterError)}
    port = probe_port(plan, os.getpid())
    return World(
        where=clusters.where,
        stations={
            name: _Closed(api) if isinstance(api, ClusterError) else KubernetesStation(api, port)
            for name, api in clusters.apis.items()
        },
        agents=KubernetesAgents(apis) if lab is None else LabAgents(lab),
        outside=ThisMachine() if lab is None else LabOutside(lab),
        remarks=clusters.remarks,
    )


def probe_port(plan: FleetPlan, run: int) -> int:
    """Choose a port that no component listens on, and another in each run: two at once must not end each other's."""
    taken = {component.port for component in plan.fleet.components.values()}
    free = [port for port in _PORTS if port not in taken]
    return free[run % len(free)]


class _Closed:
    """A cluster that there is no way to: it must not hide the others."""

    def __init__(self, error: ClusterError) -> None:
        self._error = error

    def look(self) -> Inventory:
        raise self._error

    def caller(self, pod: Pod) -> AbstractContextManager[Caller]:
        del pod
        raise self._error
