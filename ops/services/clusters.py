"""Where the clusters of a fleet are: in a lab, or wherever kubeconfigs lead."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.adapters.cilium_lab import CiliumLab
from ops.adapters.cilium_pods import CiliumPods
from ops.adapters.kubernetes import kubernetes_api
from ops.adapters.kubernetes_logs import KubernetesLogs
from ops.adapters.lab_logs import LabLogs
from ops.errors import ClusterError, RefusedError
from ops.services.at_once import at_once
from ops.services.observe.look import Sight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future

    from infra.plan import FleetPlan
    from ops.adapters.kubernetes import KubernetesApi
    from ops.adapters.lab import Lab
    from ops.adapters.log_ports import Logs


@dataclass(frozen=True, kw_only=True)
class Access:
    """How a cluster is reached: a kubeconfig (content, file, or the user's own where None) and one of its contexts."""

    kubeconfig: Mapping[str, Any] | str | None = None
    context: str | None = None


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """Clusters of a fleet, opened.

    Parameters
    ----------
    where
        What they are, for the reader: ``the lab in .state/lab/lab``.
    apis
        By name, in the order of the fleet file; an error where there is no way to one: it must not hide the others.
    lab
        The lab that they run in, if they do.
    remarks
        What a reader has to know of this place, such as what a lab does differently.
    """

    where: str
    apis: Mapping[str, KubernetesApi | ClusterError]
    lab: Lab | None = None
    remarks: tuple[str, ...] = ()

    def sights(self) -> dict[str, Sight | ClusterError]:
        """Give what :func:`ops.services.observe.look.look` looks through."""
        return {
            name: api if isinstance(api, ClusterError) else Sight(objects=api, cilium=self._cilium(api))
            for name, api in self.apis.items()
        }

    def logs(self) -> dict[str, Logs | ClusterError]:
        """Give the logs of each cluster."""
        return {
            name: api if isinstance(api, ClusterError) else self._logs(name, api) for name, api in self.apis.items()
        }

    def _logs(self, name: str, api: KubernetesApi) -> Logs:
        pods = KubernetesLogs(api)
        return pods if self.lab is None else LabLogs(self.lab.folder, name, pods)

    def _cilium(self, api: KubernetesApi) -> CiliumLab | CiliumPods:
        return CiliumPods(api) if self.lab is None else CiliumLab(self.lab, api)


@contextmanager
def lab_clusters(lab: Lab, plan: FleetPlan, *, seconds: float) -> Iterator[Clusters]:
    """Open the clusters of a running lab.

    Parameters
    ----------
    seconds
        To wait for an answer of an API server.

    Raises
    ------
    RefusedError
        As :func:`lab_accesses`.
    """
    with _opened(plan, lab_accesses(lab, plan), seconds) as apis:
        yield Clusters(where=f"the lab in {lab.folder}", apis=apis, lab=lab, remarks=differences(lab))


def lab_accesses(lab: Lab, plan: FleetPlan) -> dict[str, Access]:
    """Say how the clusters of a running lab are reached.

    Raises
    ------
    RefusedError
        If it does not run, or is the lab of another fleet.
    """
    record = lab.record()
    if record.fleet != plan.name:
        raise RefusedError(f"the lab in {lab.folder} is of the fleet {record.fleet!r}", "name its file with --fleet")
    return {name: Access(kubeconfig=str(path)) for name, path in record.kubeconfigs.items()}


@contextmanager
def named_clusters(
    where: str, plan: FleetPlan, accesses: Mapping[str, Access], *, seconds: float
) -> Iterator[Clusters]:
    """Open clusters by their kubeconfigs.

    Parameters
    ----------
    seconds
        To wait for an answer of an API server.

    Raises
    ------
    RefusedError
        If one of them is none of the fleet's.
    """
    for name in accesses:
        if name not in plan.clusters:
            raise RefusedError(f"the fleet {plan.name!r} has no cluster {name!r}", f"one of {', '.join(plan.clusters)}")
    with _opened(plan, accesses, seconds) as apis:
        yield Clusters(where=where, apis=apis)


def differences(lab: Lab) -> tuple[str, ...]:
    """Say what a lab does differently from the deployment, a line each."""
    return tuple(
        f"lab: {row['place']}: {row['lab']}, not {row['planned']} ({row['why']})" for row in lab.ask("differences")
    )


@contextmanager
def _opened(
    plan: FleetPlan, accesses: Mapping[str, Access], seconds: float
) -> Iterator[dict[str, KubernetesApi | ClusterError]]:
    """Open all at once: a kubeconfig may name a program that asks a cloud for a token, and that takes its time."""
    names = [name for name in plan.clusters if name in accesses]
    with ExitStack() as stack:
        pool = stack.enter_context(at_once(len(names)))
        until = time.monotonic() + seconds
        opening = {name: pool.submit(_entered, name, accesses[name], seconds) for name in names}
        apis: dict[str, KubernetesApi | ClusterError] = {}
        for name, future in opening.items():
            # Also one that is ready too late: its keys lie in files until it is closed.
            stack.callback(future.add_done_callback, _close)
            try:
                apis[name] = future.result(timeout=max(0.0, until - time.monotonic()))[0]
            except ClusterError as error:
                apis[name] = error
            except TimeoutError:
                apis[name] = ClusterError(f"{name}: its kubeconfig gave no credentials within {seconds:.0f} s")
        yield apis


def _entered(name: str, access: Access, seconds: float) -> tuple[KubernetesApi, ExitStack]:
    stack = ExitStack()
    return stack.enter_context(kubernetes_api(name, access.kubeconfig, access.context, patience=seconds)), stack


def _close(opened: Future[tuple[KubernetesApi, ExitStack]]) -> None:
    if opened.exception() is None:
        opened.result()[1].close()
