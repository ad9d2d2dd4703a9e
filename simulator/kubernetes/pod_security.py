"""Pod security admission: what the standards ``baseline`` and ``restricted`` forbid, in the admission plugin's words.

Source: the Pod Security Standards page of Kubernetes, and ``k8s.io/pod-security-admission/policy``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from simulator.kind import Failure, get
from simulator.kubernetes.pods import Object, child, items, one_of

LEVELS: Final = ("privileged", "baseline", "restricted")
_VERSION: Final = re.compile(r"latest|v1\.\d+")
_PREFIX: Final = "pod-security.kubernetes.io/"
_SAFE_CAPABILITIES: Final = frozenset(
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
        "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    }
)  # fmt: skip
_SAFE_VOLUMES: Final = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
_SAFE_SYSCTLS: Final = frozenset(
    {
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    }
)  # fmt: skip


def check_labels(labels: object) -> Iterable[Failure]:
    """Refuse levels that do not exist on a namespace."""
    if not isinstance(labels, Mapping):
        return
    for mode in ("enforce", "audit", "warn"):
        yield from one_of(labels.get(_PREFIX + mode), LEVELS, f'metadata.labels["{_PREFIX}{mode}"]')
        wanted = labels.get(f"{_PREFIX}{mode}-version")
        if isinstance(wanted, str) and not _VERSION.fullmatch(wanted):
            yield Failure(
                f'metadata.labels["{_PREFIX}{mode}-version"]',
                f'Invalid value: "{wanted}": must be "latest" or "v1.x"',
            )


def _containers(pod: Object) -> list[Object]:
    lists = ("initContainers", "containers", "ephemeralContainers")
    return [container for name in lists for _, container in items(pod.get(name), name)]


def _named(names: Sequence[object], noun: str = "container") -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"{noun}s {quoted}" if len(names) > 1 else f"{noun} {quoted}"


def _bad(pod: Object, path: str, wrong: Any) -> list[object]:  # noqa: ANN401 - a predicate of any value
    return [container.get("name") for container in _containers(pod) if wrong(get(container, path))]


def _host(pod: Object) -> Iterator[str]:
    shared = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name) is True]
    if shared:
        yield f"host namespaces ({', '.join(shared)})"
    paths = [volume.get("name") for _, volume in items(pod.get("volumes"), "") if volume.get("hostPath") is not None]
    if paths:
        yield f"hostPath volumes ({_named(paths, 'volume')})"
    for container in _containers(pod):
        ports = [port.get("hostPort") for _, port in items(container.get("ports"), "") if port.get("hostPort")]
        if ports:
            numbers = ", ".join(str(port) for port in ports)
            noun = "hostPorts" if len(ports) > 1 else "hostPort"
            yield f'hostPort (container "{container.get("name")}" uses {noun} {numbers})'
    probed = [
        container.get("name")
        for container in _containers(pod)
        for probe in ("livenessProbe", "readinessProbe", "startupProbe")
        for handler in ("httpGet", "tcpSocket")
        if get(container, f"{probe}.{handler}.host")
    ]
    if probed:
        yield f"hostProbesAndHostLifecycle ({_named(probed)} uses probe or lifecycle host)"


def _baseline(pod: Object) -> Iterator[str]:
    yield from _host(pod)
    if bad := _bad(pod, "securityContext.privileged", lambda value: value is True):
        yield f"privileged ({_named(bad)} must not set securityContext.privileged=true)"
    for container in _containers(pod):
        added = get(container, "securityContext.capabilities.add") or ()
        if extra := [name for name in added if name not in _SAFE_CAPABILITIES]:
            names = ", ".join(f'"{name}"' for name in extra)
            yield (
                f'non-default capabilities (container "{container.get("name")}" must not include {names} in '
                "securityContext.capabilities.add)"
            )
    if bad := _bad(pod, "securityContext.procMount", lambda value: value not in {None, "", "Default"}):
        yield f'procMount ({_named(bad)} must not set securityContext.procMount to "Unmasked")'
    if bad := _bad(pod, "securityContext.seccompProfile.type", lambda value: value == "Unconfined"):
        yield f'seccompProfile ({_named(bad)} must not set securityContext.seccompProfile.type to "Unconfined")'
    if get(pod, "securityContext.seccompProfile.type") == "Unconfined":
        yield 'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")'
    sysctls = [item.get("name") for _, item in items(child(pod, "securityContext").get("sysctls"), "")]
    if unsafe := [str(name) for name in sysctls if name not in _SAFE_SYSCTLS]:
        yield f"forbidden sysctls ({', '.join(unsafe)})"


def _restricted(pod: Object) -> Iterator[str]:
    if bad := _bad(pod, "securityContext.allowPrivilegeEscalation", lambda value: value is not False):
        yield (
            f"allowPrivilegeEscalation != false ({_named(bad)} must set securityContext.allowPrivilegeEscalation=false)"
        )
    undropped = [
        container.get("name")
        for container in _containers(pod)
        if "ALL" not in (get(container, "securityContext.capabilities.drop") or ())
    ]
    parts = [f'{_named(undropped)} must set securityContext.capabilities.drop=["ALL"]'] if undropped else []
    for container in _containers(pod):
        added = get(container, "securityContext.capabilities.add") or ()
        if extra := [name for name in added if name != "NET_BIND_SERVICE"]:
            names = ", ".join(f'"{name}"' for name in extra)
            parts.append(
                f'container "{container.get("name")}" must not include {names} in securityContext.capabilities.add'
            )
    if parts:
        yield f"unrestricted capabilities ({'; '.join(parts)})"
    wrong = [
        (volume.get("name"), next(name for name in volume if name not in _SAFE_VOLUMES | {"name"}))
        for _, volume in items(pod.get("volumes"), "")
        if any(name not in _SAFE_VOLUMES | {"name"} and value is not None for name, value in volume.items())
    ]
    if wrong:
        told = ", ".join(f'volume "{name}" uses restricted volume type "{kind}"' for name, kind in wrong)
        yield f"restricted volume types ({told})"
    yield from _identity(pod)
    pod_profile = get(pod, "securityContext.seccompProfile.type")
    fine = {"RuntimeDefault", "Localhost"}
    if pod_profile not in fine and (
        bad := _bad(pod, "securityContext.seccompProfile.type", lambda value: value not in fine)
    ):
        yield (
            f"seccompProfile (pod or {_named(bad)} must set securityContext.seccompProfile.type to "
            '"RuntimeDefault" or "Localhost")'
        )


def _identity(pod: Object) -> Iterator[str]:
    whole = get(pod, "securityContext.runAsNonRoot")
    if refused := _bad(pod, "securityContext.runAsNonRoot", lambda value: value is False):
        yield f"runAsNonRoot != true ({_named(refused)} must not set securityContext.runAsNonRoot=false)"
    elif whole is not True and (unset := _bad(pod, "securityContext.runAsNonRoot", lambda value: value is not True)):
        yield f"runAsNonRoot != true (pod or {_named(unset)} must set securityContext.runAsNonRoot=true)"
    root = _bad(pod, "securityContext.runAsUser", lambda value: value == 0)
    where = [*(["pod"] if get(pod, "securityContext.runAsUser") == 0 else []), *([_named(root)] if root else [])]
    if where:
        yield f"runAsUser=0 ({' and '.join(where)} must not set runAsUser=0)"


def violations(pod: Object, level: str) -> list[str]:
    """Tell what of a pod's specification a level forbids; empty if the pod is admitted.

    Parameters
    ----------
    pod
        The ``spec``, wholly known.
    level
        One of `LEVELS`.
    """
    if level == "privileged":
        return []
    if level == "baseline":
        return list(_baseline(pod))
    # Three checks of the stricter level stand in for those of the milder one.
    replaced = ("hostPath volumes", "non-default capabilities", "seccompProfile")
    return [*(line for line in _baseline(pod) if not line.startswith(replaced)), *_restricted(pod)]


def enforced(labels: Mapping[str, Any]) -> tuple[str, str]:
    """Give the level that a namespace enforces, and its version."""
    return str(labels.get(f"{_PREFIX}enforce") or "privileged"), str(
        labels.get(f"{_PREFIX}enforce-version") or "latest"
    )


def refusal(pod: Object, labels: Mapping[str, Any]) -> str | None:
    """Why a namespace with these labels does not take this pod, or ``None``."""
    level, version = enforced(labels)
    found = violations(pod, level)
    return f'violates PodSecurity "{level}:{version}": {", ".join(found)}' if found else None
