"""What the API server checks in a pod's specification beyond its schema (``pkg/apis/core/validation``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from simulator.kind import Failure
from simulator.kubernetes.names import (
    check_labels,
    check_selector,
    invalid,
    label_problem,
    port_name_problem,
    port_problem,
    quantity,
    subdomain_problem,
)
from simulator.values import UNKNOWN, has_unknown

_ENV: Final = re.compile(r"[^=\x00-\x1f\x7f]+")
_HANDLERS: Final = ("exec", "grpc", "httpGet", "tcpSocket")
_LISTS: Final = ("initContainers", "containers")
_RESTART: Final = ("Always", "OnFailure", "Never")

Object = Mapping[str, Any]


def items(value: object, path: str) -> Iterator[tuple[str, Object]]:
    """Give the objects of a list with their paths; what is unknown is left out."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, Mapping):
                yield f"{path}[{index}]", item


def child(value: Object, name: str) -> Object:
    """Give an object's object; empty where it is absent or unknown."""
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


def one_of(value: object, allowed: Sequence[str], path: str) -> Iterator[Failure]:
    """Check an enum that the schema does not name."""
    if isinstance(value, str) and value not in allowed:
        words = ", ".join(f'"{word}"' for word in sorted(allowed))
        yield Failure(path, f'Unsupported value: "{value}": supported values: {words}')


def unique(
    objects: Iterator[tuple[str, Object]], key: str, problem: Callable[[str], str | None] | None = None
) -> Iterator[Failure]:
    """Check that every object has the key, that it is well formed, and that no two have the same."""
    seen: set[str] = set()
    for path, item in objects:
        name = item.get(key)
        if name is None or name == "":
            yield Failure(f"{path}.{key}", "Required value")
        elif isinstance(name, str):
            if problem is not None and (wrong := problem(name)):
                yield invalid(f"{path}.{key}", name, wrong)
            if name in seen:
                yield Failure(f"{path}.{key}", f'Duplicate value: "{name}"')
            seen.add(name)


def at_least(value: object, low: int, path: str) -> Iterator[Failure]:
    """Check a number that must not be below."""
    if isinstance(value, int | float) and value < low:
        yield invalid(path, value, f"must be greater than or equal to {low}")


def check_resources(resources: object, path: str) -> Iterator[Failure]:
    """Check quantities, and that no request exceeds its limit."""
    if not isinstance(resources, Mapping):
        return
    limits, requests = child(resources, "limits"), child(resources, "requests")
    for kind, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            if amount is not UNKNOWN and quantity(amount) is None:
                yield invalid(
                    f"{path}.{kind}.{name}", amount, "quantities must match the regular expression of a quantity"
                )
    for name, amount in requests.items():
        asked, most = quantity(amount), quantity(limits.get(name))
        if asked is not None and most is not None and asked > most:
            yield invalid(
                f"{path}.requests", f"{amount}", f"must be less than or equal to {name} limit of {limits[name]}"
            )


def _probe(probe: object, path: str, *, kind: str) -> Iterator[Failure]:
    if not isinstance(probe, Mapping):
        return
    handlers = [name for name in _HANDLERS if probe.get(name) is not None]
    if not handlers:
        yield Failure(path, "Required value: must specify a handler type")
    for extra in handlers[1:]:
        yield Failure(f"{path}.{extra}", "Forbidden: may not specify more than 1 handler type")
    for name in ("httpGet", "tcpSocket"):
        port = child(probe, name).get("port")
        wrong = port_name_problem(port) if isinstance(port, str) else port_problem(port)
        if wrong:
            yield invalid(f"{path}.{name}.port", port, wrong)
    for name in ("periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold"):
        yield from at_least(probe.get(name), 1, f"{path}.{name}")
    yield from at_least(probe.get("initialDelaySeconds"), 0, f"{path}.initialDelaySeconds")
    success = probe.get("successThreshold")
    if kind != "readinessProbe" and isinstance(success, int | float) and success > 1:
        yield invalid(f"{path}.successThreshold", success, "must be 1")


def _ports(container: Object, path: str) -> Iterator[Failure]:
    names: set[str] = set()
    for at, port in items(container.get("ports"), f"{path}.ports"):
        number = port.get("containerPort")
        if number in {None, 0}:
            yield Failure(f"{at}.containerPort", "Required value")
        elif wrong := port_problem(number):
            yield invalid(f"{at}.containerPort", number, wrong)
        yield from one_of(port.get("protocol"), ("TCP", "UDP", "SCTP"), f"{at}.protocol")
        name = port.get("name")
        if isinstance(name, str):
            if wrong := port_name_problem(name):
                yield invalid(f"{at}.name", name, wrong)
            if name in names:
                yield Failure(f"{at}.name", f'Duplicate value: "{name}"')
            names.add(name)


def _container(container: Object, path: str, volumes: set[str] | None) -> Iterator[Failure]:
    if container.get("image") in {None, ""}:
        yield Failure(f"{path}.image", "Required value")
    yield from one_of(container.get("imagePullPolicy"), ("Always", "IfNotPresent", "Never"), f"{path}.imagePullPolicy")
    yield from _ports(container, path)
    for at, variable in items(container.get("env"), f"{path}.env"):
        name = variable.get("name")
        if isinstance(name, str) and not _ENV.fullmatch(name):
            yield invalid(f"{at}.name", name, "a valid environment variable name must consist only of printable ASCII")
        if variable.get("value") is not None and variable.get("valueFrom") is not None:
            yield invalid(f"{at}.valueFrom", "", "may not be specified when `value` is not empty")
    yield from _mounts(container, path, volumes)
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield from _probe(container.get(kind), f"{path}.{kind}", kind=kind)
    yield from check_resources(container.get("resources"), f"{path}.resources")
    security = child(container, "securityContext")
    if security.get("privileged") is True and security.get("allowPrivilegeEscalation") is False:
        yield invalid(
            f"{path}.securityContext", "", "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        )
    yield from _security(security, f"{path}.securityContext")


def _mounts(container: Object, path: str, volumes: set[str] | None) -> Iterator[Failure]:
    mounted: set[str] = set()
    for at, mount in items(container.get("volumeMounts"), f"{path}.volumeMounts"):
        name, where = mount.get("name"), mount.get("mountPath")
        if volumes is not None and isinstance(name, str) and name not in volumes:
            yield Failure(f"{at}.name", f'Not found: "{name}"')
        if isinstance(where, str) and where in mounted:
            yield invalid(f"{at}.mountPath", where, "must be unique")
        if isinstance(where, str):
            mounted.add(where)


def _security(security: Object, path: str) -> Iterator[Failure]:
    for name in ("runAsUser", "runAsGroup", "fsGroup"):
        value = security.get(name)
        if isinstance(value, int | float) and not 0 <= value <= 2**31 - 1:
            yield invalid(f"{path}.{name}", value, "must be between 0 and 2147483647, inclusive")
    profile = child(security, "seccompProfile")
    yield from one_of(profile.get("type"), ("Localhost", "RuntimeDefault", "Unconfined"), f"{path}.seccompProfile.type")
    yield from one_of(security.get("fsGroupChangePolicy"), ("Always", "OnRootMismatch"), f"{path}.fsGroupChangePolicy")


def _volumes(pod: Object, path: str) -> Iterator[Failure]:
    yield from unique(items(pod.get("volumes"), f"{path}.volumes"), "name", label_problem)
    for at, volume in items(pod.get("volumes"), f"{path}.volumes"):
        sources = [name for name, value in volume.items() if name != "name" and value is not None]
        if not sources:
            yield Failure(at, "Required value: must specify a volume type")
        for extra in sources[1:]:
            yield Failure(f"{at}.{extra}", "Forbidden: may not specify more than 1 volume type")
        size = child(volume, "emptyDir").get("sizeLimit")
        if size is not None and size is not UNKNOWN and quantity(size) is None:
            yield invalid(
                f"{at}.emptyDir.sizeLimit", size, "quantities must match the regular expression of a quantity"
            )


def _scheduling(pod: Object, path: str) -> Iterator[Failure]:
    for at, spread in items(pod.get("topologySpreadConstraints"), f"{path}.topologySpreadConstraints"):
        yield from at_least(spread.get("maxSkew"), 1, f"{at}.maxSkew")
        yield from one_of(
            spread.get("whenUnsatisfiable"), ("DoNotSchedule", "ScheduleAnyway"), f"{at}.whenUnsatisfiable"
        )
        yield from check_selector(spread.get("labelSelector"), f"{at}.labelSelector")
        if spread.get("minDomains") is not None and spread.get("whenUnsatisfiable") == "ScheduleAnyway":
            yield invalid(
                f"{at}.minDomains", spread["minDomains"], "can only use minDomains if whenUnsatisfiable=DoNotSchedule"
            )
    for at, toleration in items(pod.get("tolerations"), f"{path}.tolerations"):
        yield from one_of(toleration.get("operator"), ("Equal", "Exists"), f"{at}.operator")
        yield from one_of(toleration.get("effect"), ("", "NoSchedule", "PreferNoSchedule", "NoExecute"), f"{at}.effect")
        if toleration.get("operator") == "Exists" and toleration.get("value"):
            yield invalid(f"{at}.operator", toleration["value"], "value must be empty when `operator` is 'Exists'")
    yield from check_labels(pod.get("nodeSelector"), f"{path}.nodeSelector")


def _mountable(pod: Object, extra: Sequence[str]) -> set[str] | None:
    """Names of the volumes; ``None`` where not all of them are known."""
    volumes = pod.get("volumes")
    given = (
        [child({"": volume}, "").get("name", UNKNOWN) for volume in volumes] if isinstance(volumes, list) else volumes
    )
    return None if has_unknown(given) else {str(name) for name in given or ()} | set(extra)


def check_pod(
    pod: object,
    path: str,
    *,
    restart: Sequence[str] = _RESTART,
    default_restart: str = "Always",
    claims: Sequence[str] = (),
) -> Iterator[Failure]:
    """Check a pod's specification.

    Parameters
    ----------
    pod
        The ``spec`` of a pod or a pod template; may hold `UNKNOWN`.
    path
        Where it stands.
    restart, default_restart
        Restart policies that the owner allows, and what holds where none is given.
    claims
        Volumes that the owner adds (claim templates of a StatefulSet).
    """
    if not isinstance(pod, Mapping):
        return
    policy = pod.get("restartPolicy", default_restart)
    yield from one_of(policy, restart, f"{path}.restartPolicy")
    if pod.get("containers") in (None, []):
        yield Failure(f"{path}.containers", "Required value")
    containers = [found for name in _LISTS for found in items(pod.get(name), f"{path}.{name}")]
    yield from unique(iter(containers), "name", label_problem)
    volumes = _mountable(pod, claims)
    for at, container in containers:
        yield from _container(container, at, volumes)
        if pod.get("hostNetwork") is True:
            yield from _host_ports(container, at)
    yield from _volumes(pod, path)
    yield from _scheduling(pod, path)
    yield from _security(child(pod, "securityContext"), f"{path}.securityContext")
    yield from at_least(pod.get("terminationGracePeriodSeconds"), 0, f"{path}.terminationGracePeriodSeconds")
    dns = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
    yield from one_of(pod.get("dnsPolicy"), dns, f"{path}.dnsPolicy")
    account = pod.get("serviceAccountName")
    if isinstance(account, str) and account and (wrong := subdomain_problem(account)):
        yield invalid(f"{path}.serviceAccountName", account, wrong)


def _host_ports(container: Object, path: str) -> Iterator[Failure]:
    for at, port in items(container.get("ports"), f"{path}.ports"):
        host = port.get("hostPort")
        if host is not None and host is not UNKNOWN and host != port.get("containerPort"):
            yield invalid(
                f"{at}.containerPort", port.get("containerPort"), "must match `hostPort` when `hostNetwork` is true"
            )
