"""Where a connectivity test runs: a lab, or clusters by their kubeconfigs."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.adapters.kubernetes import kubernetes_api
from ops.adapters.kubernetes_hubble import KubernetesAgents
from ops.adapters.kubernetes_station import KubernetesStation
from ops.adapters.lab import LabAgents, LabOutside, ThisMachine
from ops.errors import ClusterError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from infra.plan import FleetPlan
    from ops.adapters.kubernetes import KubernetesApi
    from ops.adapters.kubernetes_ports import Agents, Caller, Inventory, Outside, Pod, Station
    from ops.adapters.lab import Lab

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


@dataclass(frozen=True, kw_only=True)
class Access:
    """How a cluster is reached: a kubeconfig (content, file, or the user's own where None) and one of its contexts."""

    kubeconfig: Mapping[str, Any] | str | None = None
    context: str | None = None


@contextmanager
def lab_world(lab: Lab, plan: FleetPlan) -> Iterator[World]:
    """Open the clusters of a running lab.

    Raises
    ------
    RefusedError
        If it is the lab of another fleet, or has no pods.
    """
    record = lab.record()
    if record.fleet != plan.name:
        raise RefusedError(f"the lab in {lab.folder} is of the fleet {record.fleet!r}", "name its file with --fleet")
    if record.depth != "datapath":
        raise RefusedError(
            f"the lab in {lab.folder} has control planes only, so no pods to call from", "hms lab up --depth datapath"
        )
    accesses = {name: Access(kubeconfig=str(path)) for name, path in record.kubeconfigs.items()}
    with _opened(plan, accesses) as (_, stations):
        yield World(
            where=f"the lab in {lab.folder}",
            stations=stations,
            agents=LabAgents(lab),
            outside=LabOutside(lab),
            remarks=differences(lab),
        )


@contextmanager
def cluster_world(where: str, plan: FleetPlan, accesses: Mapping[str, Access]) -> Iterator[World]:
    """Open clusters by their kubeconfigs.

    Raises
    ------
    RefusedError
        If one of them is none of the fleet's.
    """
    for name in accesses:
        if name not in plan.clusters:
            raise RefusedError(f"the fleet {plan.name!r} has no cluster {name!r}", f"one of {', '.join(plan.clusters)}")
    with _opened(plan, accesses) as (apis, stations):
        yield World(where=where, stations=stations, agents=KubernetesAgents(apis), outside=ThisMachine())


def differences(lab: Lab) -> tuple[str, ...]:
    """Say what a lab does differently from the deployment, a line each."""
    return tuple(
        f"lab: {row['place']}: {row['lab']}, not {row['planned']} ({row['why']})" for row in lab.ask("differences")
    )


def probe_port(plan: FleetPlan, run: int) -> int:
    """Choose a port that no component listens on, and another in each run: two at once must not end each other's."""
    taken = {component.port for component in plan.fleet.components.values()}
    free = [port for port in _PORTS if port not in taken]
    return free[run % len(free)]


@contextmanager
def _opened(
    plan: FleetPlan, accesses: Mapping[str, Access]
) -> Iterator[tuple[dict[str, KubernetesApi], dict[str, Station]]]:
    apis: dict[str, KubernetesApi] = {}
    stations: dict[str, Station] = {}
    with ExitStack() as stack:
        for name, access in accesses.items():
            try:
                apis[name] = stack.enter_context(kubernetes_api(name, access.kubeconfig, access.context))
            except ClusterError as error:
                stations[name] = _Closed(error)
            else:
                stations[name] = KubernetesStation(apis[name], probe_port(plan, os.getpid()))
        yield apis, stations


class _Closed:
    """A cluster that there is no way to: it must not hide the others."""

    def __init__(self, error: ClusterError) -> None:
        self._error = error

    def look(self) -> Inventory:
        raise self._error

    def caller(self, pod: Pod) -> AbstractContextManager[Caller]:
        del pod
        raise self._error
