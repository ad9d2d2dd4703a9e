"""Which of the chart's objects the API server gets, and which stand as processes."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.cilium.chart import Object

WORKLOADS = frozenset({"DaemonSet", "Deployment", "StatefulSet", "Job", "CronJob"})
"""Kinds that would start pods, of images that are out of reach."""

PROCESSES = {
    ("DaemonSet", "cilium"): "a process on each node; the pod beside it is empty and has the planned probes",
    ("Deployment", "cilium-operator"): "a process beside the API server",
    ("Deployment", "clustermesh-apiserver"): "processes beside the API server",
    ("Job", "clustermesh-apiserver-generate-certs"): "signed by the lab",
    ("Job", "hubble-generate-certs"): "signed by the lab",
    ("CronJob", "clustermesh-apiserver-generate-certs"): "not run: a lab ends before its certificates",
    ("CronJob", "hubble-generate-certs"): "not run: a lab ends before its certificates",
    ("Deployment", "hubble-relay"): "not run",
}
"""What stands for each workload of the chart. The hash at the end of a Job's name is left out."""


@dataclass(frozen=True)
class Rendered:
    """The chart's objects, sorted.

    Parameters
    ----------
    applied
        For the API server, in the order of installation.
    workloads
        The others.
    """

    applied: tuple[Object, ...]
    workloads: tuple[Object, ...]

    def has(self, kind: str, name: str) -> bool:
        """Say whether the chart has a workload of a name of :data:`PROCESSES`."""
        return any(_key(one) == (kind, name) for one in self.workloads)

    def workload(self, kind: str, name: str) -> Object:
        """Give a workload by the name of :data:`PROCESSES`.

        Raises
        ------
        LabError
            If the chart has none.
        """
        for one in self.workloads:
            if _key(one) == (kind, name):
                return one
        raise LabError(f"the chart renders no {kind} {name}", "do the Helm values switch it off?")

    def find(self, kind: str, name: str) -> Object | None:
        """Give an applied object, or None where the chart has none."""
        return next((one for one in self.applied if (one["kind"], one["metadata"]["name"]) == (kind, name)), None)

    def stands_as(self) -> tuple[tuple[str, str], ...]:
        """List each workload, ``kind name``, and what stands for it."""
        return tuple((" ".join(_key(one)), PROCESSES[_key(one)]) for one in self.workloads)


def sort(objects: Iterable[Object]) -> Rendered:
    """Sort the chart's objects.

    Raises
    ------
    LabError
        If there is a workload that nothing stands for.
    """
    applied: list[Object] = []
    workloads: list[Object] = []
    for one in objects:
        (workloads if one["kind"] in WORKLOADS else applied).append(one)
    if unknown := [" ".join(_key(one)) for one in workloads if _key(one) not in PROCESSES]:
        raise LabError(
            f"the lab has nothing to stand for the chart's {', '.join(unknown)}", "see lab/cilium/objects.py"
        )
    return Rendered(tuple(applied), tuple(workloads))


def empty(daemon_set: Object, image: str) -> Object:
    """Make the DaemonSet whose pods stand for the agents that run as processes.

    They are in the node's network, so that the planned probes ask the agent itself: a pod is ready when the agent is,
    the operator takes the taint off a node for it, and Services find it.

    Parameters
    ----------
    image
        Of the program that does nothing.
    """
    stand_in = copy.deepcopy(daemon_set)
    spec = stand_in["spec"]["template"]["spec"]
    (agent,) = spec["containers"]
    kept = {key: agent[key] for key in ("name", "ports", "startupProbe", "readinessProbe")}
    # The agent gets ready without a pull of images: asked at once and often, nothing waits for the next question.
    kept["startupProbe"] = {**agent["startupProbe"], "initialDelaySeconds": 0, "periodSeconds": 1}
    spec["containers"] = [{**kept, "image": image, "imagePullPolicy": "Never"}]
    for key in ("initContainers", "volumes"):
        spec.pop(key, None)
    return stand_in


def _key(one: Object) -> tuple[str, str]:
    kind, name = one["kind"], one["metadata"]["name"]
    return kind, name.rsplit("-", 1)[0] if kind == "Job" else name
