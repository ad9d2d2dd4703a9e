"""Helm releases (``kubernetes:helm.sh/v3:Release``): chart, values, and what an installation waits for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from simulator.helm_values import Chart, check, find_chart, tabled
from simulator.kind import Autoname, Duration, Failure, Inputs, Kind, Outputs, Refused, Unfinished, get
from simulator.kubernetes.cilium_objects import make_cilium_objects
from simulator.kubernetes.cluster import (
    RELEASE,
    cilium_problems,
    cni_works,
    default_namespace,
    is_cilium,
    require_cluster,
    unreachable,
)
from simulator.kubernetes.custom import group_installed
from simulator.kubernetes.names import invalid, label_problem
from simulator.kubernetes.nodes import node_count
from simulator.kubernetes.objects import NAMESPACE, namespace_exists
from simulator.kubernetes.services import FIRST_NODE_PORT, LAST_NODE_PORT, OUT_OF_RANGE, refuse_taken_port
from simulator.values import UNKNOWN, known

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.world import Record

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_DEFAULT_TIMEOUT: Final = 300
_NOT_SIMULATED: Final = ("valueYamlFiles", "postrender", "devel")
_TIMED_OUT: Final = "timed out waiting for the condition"
_CHART_INPUTS: Final = ("chart", "version", "repositoryOpts.repo")
_NODE_PORT: Final = "clustermesh.apiserver.service.nodePort"


def _repository(inputs: Inputs) -> str | None:
    found = get(inputs, "repositoryOpts.repo")
    return str(found) if found else None


def _chart(inputs: Inputs) -> Chart | None:
    version = inputs.get("version")
    return find_chart(str(inputs.get("chart")), str(version) if version else None, _repository(inputs))


def _checks(inputs: Inputs) -> Iterable[Failure]:
    for name in _NOT_SIMULATED:
        if inputs.get(name) not in (None, False, []):
            yield Failure(name, "the simulator does not read this: give everything in `values`")
    release, namespace = inputs.get("name"), inputs.get("namespace")
    if isinstance(release, str) and (len(release) > 53 or not _NAME.fullmatch(release)):
        yield Failure(
            "name",
            f'invalid release name "{release}", must match regex {_NAME.pattern} and the length must not be longer '
            "than 53",
        )
    if isinstance(namespace, str) and namespace and (wrong := label_problem(namespace)):
        yield invalid("namespace", namespace, wrong)
    if any(get(inputs, path) is UNKNOWN for path in _CHART_INPUTS):
        return
    chart = _chart(inputs)
    if chart is None:
        version = f' version "{inputs["version"]}"' if inputs.get("version") else ""
        yield Failure(
            "chart",
            f'chart "{inputs.get("chart")}"{version} not found in {_repository(inputs) or "no"} repository; check the '
            "chart name and repository configuration.",
        )
        return
    values = inputs.get("values")
    if isinstance(values, Mapping) and tabled(chart.name, chart.version):
        yield from check(chart.name, chart.version, values)
        port = get(values, _NODE_PORT)
        if isinstance(port, int | float) and not FIRST_NODE_PORT <= port <= LAST_NODE_PORT:
            yield invalid(f"values.{_NODE_PORT}", port, OUT_OF_RANGE)


def _normalize(inputs: Inputs) -> Inputs:
    """Write into the inputs what the provider writes: the version it found, and how long it waits."""
    added: dict[str, Any] = {}
    if not any(get(inputs, path) is UNKNOWN for path in _CHART_INPUTS) and (chart := _chart(inputs)) is not None:
        added["version"] = chart.version
    if inputs.get("timeout") is None and inputs.get("skipAwait") in {None, False}:
        added["timeout"] = _DEFAULT_TIMEOUT
    return {**inputs, **added}


def namespace_of(context: Context, inputs: Inputs) -> str:
    """Give the namespace of a release."""
    return str(inputs.get("namespace") or default_namespace(context.config))


def _id(context: Context, inputs: Inputs) -> str:
    return f"{namespace_of(context, inputs)}/{inputs.get('name')}"


def _reachable(context: Context, _inputs: Inputs) -> None:
    if reason := unreachable(context):
        verb = "create" if context.old is None else "update"
        raise Refused("Unreachable", f"can't {verb} Helm Release with unreachable cluster: {reason}", status=503)


def _place(context: Context, inputs: Inputs) -> None:
    namespace = namespace_of(context, inputs)
    if not inputs.get("createNamespace") and not namespace_exists(context.world, context.scope, namespace):
        raise Refused("NotFound", f'create: failed to create: namespaces "{namespace}" not found', status=404)
    if context.old is None and not inputs.get("replace") and context.one(RELEASE, _id(context, inputs)) is not None:
        raise Refused("InUse", "cannot re-use a name that is still in use", status=409)


def _one_cilium(context: Context, inputs: Inputs) -> None:
    """Objects of the cluster belong to one release: a second Cilium under another name finds the first one's."""
    if not is_cilium(inputs.get("chart")):
        return
    for other in context.find(RELEASE):
        if is_cilium(other.outputs.get("chart")) and other.id != _id(context, inputs):
            raise Refused(
                "Conflict",
                'Unable to continue with install: ClusterRole "cilium" in namespace "" exists and cannot be imported '
                f"into the current release: invalid ownership metadata; it belongs to the release {other.id}",
                status=409,
            )


def _cilium_admits(context: Context, inputs: Inputs) -> None:
    values = inputs.get("values") or {}
    if not is_cilium(inputs.get("chart")):
        return
    monitors = ("prometheus", "operator.prometheus", "envoy.prometheus", "hubble.relay.prometheus")
    wanted = any(get(values, f"{path}.serviceMonitor.enabled") is True for path in monitors)
    trusted = get(values, "prometheus.serviceMonitor.trustCRDsExist") is True
    if wanted and not trusted and not group_installed(context, "monitoring.coreos.com"):
        raise Refused(
            "RenderFailed",
            "execution error at (cilium/templates/validate.yaml): Service Monitor requires monitoring.coreos.com/v1 "
            "CRDs",
        )
    port = get(values, _NODE_PORT)
    if known(port) and get(values, "clustermesh.useAPIServer") is True:
        refuse_taken_port(context, "clustermesh-apiserver", [int(port)])


def _waiting_for(context: Context, cluster: Record, inputs: Inputs) -> list[str]:
    """Tell what Helm waits for in vain; empty if everything gets ready."""
    values = inputs.get("values") or {}
    nodes = node_count(context.world, cluster)
    if nodes == 0:
        return ["no nodes available to schedule pods"]
    if not is_cilium(inputs.get("chart")):
        return [] if cni_works(context.world, cluster) else ["nodes are not ready: cni plugin not initialized"]
    problems = [f"cilium-agent: {problem}" for problem in cilium_problems(context.world, cluster, values)]
    replicas = get(values, "operator.replicas")
    replicas = 2 if replicas is None else int(replicas)
    if replicas > nodes:
        problems.append(
            f"cilium-operator: 0/{nodes} nodes are available: {nodes} node(s) didn't match pod anti-affinity rules "
            f"(operator.replicas={replicas})"
        )
    return problems


def _compute(context: Context, inputs: Inputs) -> Outputs:
    cluster, chart = require_cluster(context), _chart(inputs)
    namespace, name = namespace_of(context, inputs), str(inputs["name"])
    if not namespace_exists(context.world, context.scope, namespace):
        made = {"metadata": {"name": namespace}, "apiVersion": "v1", "kind": "Namespace"}
        context.implicit(NAMESPACE, namespace, made)
    balancer = make_cilium_objects(context, cluster, namespace, inputs) if is_cilium(inputs.get("chart")) else ""
    problems: list[str] = []
    if inputs.get("skipAwait") is not True:
        problems = _waiting_for(context, cluster, inputs)
        if balancer:
            problems.append(f"service {namespace}/clustermesh-apiserver has no address: {balancer}")
    revision = int(get(context.old.outputs, "status.revision") or 0) + 1 if context.old else 1
    outputs: Outputs = {
        "namespace": namespace,
        "status": {
            "status": "failed" if problems else "deployed",
            "revision": revision,
            "chart": chart.name if chart else str(inputs.get("chart")),
            "version": chart.version if chart else str(inputs.get("version")),
            "appVersion": chart.app_version if chart else "",
            "name": name,
            "namespace": namespace,
        },
    }
    if not problems:
        return outputs
    if inputs.get("atomic") is True:
        done = "uninstalled" if context.old is None else "rolled back"
        raise Refused(
            "Failed",
            f"release {name} failed, and has been {done} due to atomic being set: {_TIMED_OUT}: {'; '.join(problems)}",
            status=504,
        )
    raise Unfinished(
        outputs,
        f'Helm release "{namespace}/{name}" was created, but failed to initialize completely. Use Helm CLI to '
        f"investigate: failed to become available within allocated timeout. Error: Helm Release {namespace}/{name}: "
        f"{_TIMED_OUT}",
        *problems,
    )


def _delete(context: Context) -> None:
    """Helm has to ask the cluster; the provider does not give up on it even where it is told to (#2675)."""
    if reason := unreachable(context):
        raise Refused(
            "Unreachable", f'can\'t delete Helm Release with unreachable cluster. Reason: "{reason}"', status=503
        )


def _read(context: Context) -> Outputs:
    if reason := unreachable(context):
        raise Refused("Unreachable", f"can't read Helm Release with unreachable cluster: {reason}", status=503)
    return {}


KIND: Final = Kind(
    token=RELEASE,
    immutable=("name", "namespace"),
    checks=(_checks,),
    normalize=_normalize,
    admits=(_reachable, _place, _one_cilium, _cilium_admits),
    make_id=_id,
    compute=_compute,
    on_delete=_delete,
    on_read=_read,
    autoname=Autoname("name", digits=8),
    delete_before_replace=False,
    exists=("InUse", "cannot re-use a name that is still in use"),
    duration=Duration(create=60.0, update=60.0, delete=20.0),
)
