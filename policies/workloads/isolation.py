"""Pods keep the restricted Pod Security Standard: nothing of the node is theirs."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from policies.checks import demand, each, is_false, is_true, mistyped, one_of
from policies.frameworks import CIS_AKS, CIS_EKS, PSS
from policies.rule import Metadata, Resource, Results, Violation
from policies.values import Kind, View
from policies.workloads.pod import WORKLOADS, containers, pod_of, setting

_STANDARD = "https://kubernetes.io/docs/concepts/security/pod-security-standards/"
_VOLUMES = ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret")
_SAFE_SYSCTLS = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
)
"""What the standard's baseline allows."""


@Metadata(
    over=Resource,
    id="pod-not-privileged",
    family="workloads",
    title="No container is privileged, or may become it",
    severity="critical",
    frameworks=((PSS, "restricted"), (CIS_EKS, "4.2.1"), (CIS_AKS, "4.2.1"), (CIS_AKS, "4.2.5")),
    types=WORKLOADS,
    remediation="Leave privileged out and set allowPrivilegeEscalation to false on every container.",
    link=_STANDARD,
)
def pod_not_privileged(resource: Resource) -> Results:
    def plain(container: View) -> Results:
        context = container["securityContext"]
        yield from is_false(context["privileged"], "it would be root on the node")
        yield from is_false(context["allowPrivilegeEscalation"], "it could become root", optional=False)

    yield from containers(pod_of(resource), plain)


@Metadata(
    over=Resource,
    id="pod-no-host",
    family="workloads",
    title="No pod shares the node's network, processes, ports or files",
    severity="critical",
    frameworks=((PSS, "restricted"), (CIS_AKS, "4.2.2"), (CIS_AKS, "4.2.3"), (CIS_AKS, "4.2.4"), (CIS_EKS, "4.2.4")),
    types=WORKLOADS,
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


@Metadata(
    over=Resource,
    id="pod-not-root",
    family="workloads",
    title="Every container runs as a user other than root",
    severity="high",
    frameworks=((PSS, "restricted"),),
    types=WORKLOADS,
    remediation="Set runAsNonRoot to true and runAsUser to 1 or more in the pod's securityContext.",
    link=_STANDARD,
)
def pod_not_root(resource: Resource) -> Results:
    pod = pod_of(resource)

    def other(container: View) -> Results:
        yield from is_true(setting(pod, container, "runAsNonRoot"), "the image could choose root")
        yield from demand(
            setting(pod, container, "runAsUser"), Kind.NUMBER, lambda user: user > 0, "that is root", optional=True
        )

    yield from containers(pod, other)


@Metadata(
    over=Resource,
    id="pod-drops-capabilities",
    family="workloads",
    title="Every container drops all capabilities",
    severity="high",
    frameworks=((PSS, "restricted"),),
    types=WORKLOADS,
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


@Metadata(
    over=Resource,
    id="pod-seccomp",
    family="workloads",
    title="Every container is under a seccomp profile",
    severity="medium",
    frameworks=((PSS, "restricted"),),
    types=WORKLOADS,
    remediation="Set seccompProfile.type to RuntimeDefault in the pod's securityContext.",
    link=_STANDARD,
)
def pod_seccomp(resource: Resource) -> Results:
    pod = pod_of(resource)
    yield from containers(
        pod,
        lambda container: one_of(
            setting(pod, container, "seccompProfile.type"),
            ("RuntimeDefault", "Localhost"),
            "it could make any call to the kernel",
        ),
    )


@Metadata(
    over=Resource,
    id="pod-keeps-guards",
    family="workloads",
    title="No pod loosens AppArmor, SELinux, /proc or the kernel's parameters",
    severity="high",
    frameworks=((PSS, "baseline"),),
    types=WORKLOADS,
    remediation="Leave appArmorProfile, seLinuxOptions, procMount and sysctls out.",
    link=_STANDARD,
)
def pod_keeps_guards(resource: Resource) -> Results:
    pod = pod_of(resource)

    def guarded(container: View) -> Results:
        yield from one_of(
            setting(pod, container, "appArmorProfile.type"),
            ("RuntimeDefault", "Localhost"),
            "nothing would bound what it opens",
            optional=True,
        )
        for name in ("user", "role"):
            yield from demand(
                setting(pod, container, f"seLinuxOptions.{name}"),
                Kind.TEXT,
                lambda text: not text,
                "it could leave its domain",
                optional=True,
            )
        yield from one_of(
            container["securityContext.procMount"], ("Default",), "it would see what the kernel hides", optional=True
        )

    yield from containers(pod, guarded)
    yield from each(
        pod["securityContext.sysctls"],
        lambda one: one_of(one["name"], _SAFE_SYSCTLS, "it is the node's, or of no namespace"),
    )
