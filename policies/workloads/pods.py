"""Pods keep the restricted Pod Security Standard and run what was named."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from typing import TYPE_CHECKING

from infra.predicates import image_is_pinned
from policies.checks import demand, each, is_false, is_set, is_true, mistyped, one_of
from policies.frameworks import CIS_AKS, CIS_EKS, PSS
from policies.rule import Resource, Results, Violation, resource_rule
from policies.values import Kind, View

if TYPE_CHECKING:
    from collections.abc import Callable

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

_TYPES = tuple(POD_PATHS)
_STANDARD = "https://kubernetes.io/docs/concepts/security/pod-security-standards/"
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_VOLUMES = ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret")


def pod_of(resource: Resource) -> View:
    """Look at the pod that a workload makes."""
    return resource[POD_PATHS[resource.type]]


def containers(pod: View, check: Callable[[View], Results]) -> Results:
    """Apply a check to every container; a pod has at least one."""
    yield from each(pod["containers"], check, why="it runs nothing")
    for name in _CONTAINERS[1:]:
        yield from each(pod[name], check)


def _either(pod: View, container: View, path: str) -> View:
    """Give the setting that holds for a container: its own, or else the pod's."""
    own = container["securityContext"][path]
    return pod["securityContext"][path] if own.missing else own


@resource_rule(
    id="pod-not-privileged",
    family="workloads",
    title="No container is privileged, or may become it",
    severity="critical",
    frameworks=((PSS, "restricted"), (CIS_EKS, "4.2.1"), (CIS_AKS, "4.2.1"), (CIS_AKS, "4.2.5")),
    types=_TYPES,
    remediation="Leave privileged out and set allowPrivilegeEscalation to false on every container.",
    link=_STANDARD,
)
def pod_not_privileged(resource: Resource) -> Results:
    def plain(container: View) -> Results:
        context = container["securityContext"]
        yield from is_false(context["privileged"], "it would be root on the node")
        yield from is_false(context["allowPrivilegeEscalation"], "it could become root", optional=False)

    yield from containers(pod_of(resource), plain)


@resource_rule(
    id="pod-no-host",
    family="workloads",
    title="No pod shares the node's network, processes, ports or files",
    severity="critical",
    frameworks=((PSS, "restricted"), (CIS_AKS, "4.2.2"), (CIS_AKS, "4.2.3"), (CIS_AKS, "4.2.4"), (CIS_EKS, "4.2.4")),
    types=_TYPES,
    remediation="Leave hostNetwork, hostPID, hostIPC, hostPort and hostPath out; what needs them needs an exception.",
    link=_STANDARD,
)
def pod_no_host(resource: Resource) -> Results:
    pod = pod_of(resource)
    yield from _described(pod)
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        yield from is_false(pod[name], "network policies and isolation would not hold for it")

    def own_ports(container: View) -> Results:
        yield from each(
            container["ports"],
            lambda port: demand(
                port["hostPort"], Kind.NUMBER, lambda one: one == 0, "it opens the node", optional=True
            ),
        )

    yield from containers(pod, own_ports)
    yield from each(pod["volumes"], _own_volume)


def _described(pod: View) -> Results:
    if not pod.unknown and not pod.is_a(Kind.OBJECT):
        yield mistyped(pod, Kind.OBJECT)


def _own_volume(volume: View) -> Results:
    for name, inside in volume.entries():
        if name != "name" and name not in _VOLUMES and not inside.missing:
            yield Violation(path=inside.path, message="is no volume of the restricted standard")


@resource_rule(
    id="pod-not-root",
    family="workloads",
    title="Every container runs as a user other than root",
    severity="high",
    frameworks=((PSS, "restricted"),),
    types=_TYPES,
    remediation="Set runAsNonRoot to true and runAsUser to 1 or more in the pod's securityContext.",
    link=_STANDARD,
)
def pod_not_root(resource: Resource) -> Results:
    pod = pod_of(resource)

    def other(container: View) -> Results:
        yield from is_true(_either(pod, container, "runAsNonRoot"), "the image could choose root")
        yield from demand(
            _either(pod, container, "runAsUser"), Kind.NUMBER, lambda user: user > 0, "that is root", optional=True
        )

    yield from containers(pod, other)


@resource_rule(
    id="pod-drops-capabilities",
    family="workloads",
    title="Every container drops all capabilities",
    severity="high",
    frameworks=((PSS, "restricted"),),
    types=_TYPES,
    remediation="Set capabilities.drop to ['ALL'], and add nothing but NET_BIND_SERVICE.",
    link=_STANDARD,
)
def pod_drops_capabilities(resource: Resource) -> Results:
    def dropped(container: View) -> Results:
        capabilities = container["securityContext.capabilities"]
        drop = capabilities["drop"]
        yield from each(
            drop, lambda one: demand(one, Kind.TEXT, bool, "name them"), why="it keeps what the runtime gives"
        )
        names = [view.text() for view in drop.elements()]
        if names and None not in names and "ALL" not in names:
            yield Violation(path=drop.path, message="lacks ALL: it keeps what it does not name")
        yield from each(
            capabilities["add"],
            lambda one: one_of(one, ("NET_BIND_SERVICE",), "no other is of the restricted standard"),
        )

    yield from containers(pod_of(resource), dropped)


@resource_rule(
    id="pod-seccomp",
    family="workloads",
    title="Every container is under a seccomp profile",
    severity="medium",
    frameworks=((PSS, "restricted"),),
    types=_TYPES,
    remediation="Set seccompProfile.type to RuntimeDefault in the pod's securityContext.",
    link=_STANDARD,
)
def pod_seccomp(resource: Resource) -> Results:
    pod = pod_of(resource)
    yield from containers(
        pod,
        lambda container: one_of(
            _either(pod, container, "seccompProfile.type"),
            ("RuntimeDefault", "Localhost"),
            "it could make any call to the kernel",
        ),
    )


@resource_rule(
    id="pod-read-only-root",
    family="workloads",
    title="No container writes into its image",
    severity="medium",
    types=_TYPES,
    remediation="Set readOnlyRootFilesystem to true, and mount an emptyDir where it has to write.",
    link="https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
)
def pod_read_only_root(resource: Resource) -> Results:
    yield from containers(
        pod_of(resource),
        lambda one: is_true(one["securityContext.readOnlyRootFilesystem"], "what breaks in could stay"),
    )


@resource_rule(
    id="pod-limited",
    family="workloads",
    title="Every container has limits of CPU and memory",
    severity="medium",
    types=_TYPES,
    remediation="Set resources.limits.cpu and resources.limits.memory.",
    link="https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
)
def pod_limited(resource: Resource) -> Results:
    def limited(container: View) -> Results:
        for name in ("cpu", "memory"):
            yield from demand(
                container["resources.limits"][name], Kind.TEXT, bool, "one container could starve the whole node"
            )

    yield from containers(pod_of(resource), limited)


@resource_rule(
    id="image-pinned",
    family="workloads",
    title="Images have a fixed tag or a digest",
    severity="high",
    types=_TYPES,
    remediation="Name a version; :latest, and no tag at all, change under your feet.",
    link="https://kubernetes.io/docs/concepts/containers/images/",
)
def image_pinned(resource: Resource) -> Results:
    yield from containers(
        pod_of(resource),
        lambda one: demand(one["image"], Kind.TEXT, image_is_pinned, "nobody could say what runs"),
    )


@resource_rule(
    id="pod-own-account",
    family="workloads",
    title="Every pod has a service account of its own, and no token unless it asks for one",
    severity="medium",
    frameworks=((CIS_EKS, "4.1.5"), (CIS_EKS, "4.1.6"), (CIS_AKS, "4.1.5"), (CIS_AKS, "4.1.6")),
    types=(*_TYPES, "kubernetes:core/v1:ServiceAccount"),
    remediation="Set serviceAccountName, and automountServiceAccountToken to false.",
    link="https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
)
def pod_own_account(resource: Resource) -> Results:
    token = "a token for the API server would lie in every container"  # noqa: S105 - words
    if resource.type not in POD_PATHS:
        yield from is_false(resource["automountServiceAccountToken"], token, optional=False)
        return
    pod = pod_of(resource)
    yield from is_set(pod["serviceAccountName"], "it would share 'default' with all others")
    yield from demand(
        pod["serviceAccountName"], Kind.TEXT, lambda name: name != "default", "others share it", optional=True
    )
    yield from is_false(pod["automountServiceAccountToken"], token, optional=False)
