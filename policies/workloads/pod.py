"""Where a workload describes its pods, and what holds for each of their containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.checks import each

if TYPE_CHECKING:
    from collections.abc import Callable

    from policies.rule import Resource, Results
    from policies.values import View

POD_PATHS = {
    "kubernetes:core/v1:Pod": "spec",
    "kubernetes:apps/v1:Deployment": "spec.template.spec",
    "kubernetes:apps/v1:StatefulSet": "spec.template.spec",
    "kubernetes:apps/v1:DaemonSet": "spec.template.spec",
    "kubernetes:apps/v1:ReplicaSet": "spec.template.spec",
    "kubernetes:batch/v1:Job": "spec.template.spec",
    "kubernetes:batch/v1:CronJob": "spec.jobTemplate.spec.template.spec",
}
"""Where a workload describes its pods."""

WORKLOADS = tuple(POD_PATHS)

_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def pod_of(resource: Resource) -> View:
    """Look at the pod that a workload makes."""
    return resource[POD_PATHS[resource.type]]


def containers(pod: View, check: Callable[[View], Results]) -> Results:
    """Apply a check to every container; a pod has at least one."""
    yield from each(pod["containers"], check, why="it runs nothing")
    for name in _CONTAINERS[1:]:
        yield from each(pod[name], check)


def setting(pod: View, container: View, path: str) -> View:
    """Give the setting that holds for a container: its own, or else the pod's."""
    own = container["securityContext"][path]
    return pod["securityContext"][path] if own.missing else own
