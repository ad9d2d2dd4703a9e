"""Custom resources and their definitions.

A custom resource exists only where somebody installed its definition: a chart, or a CustomResourceDefinition object.
Cilium's definitions come neither way: its operator writes them when it starts, so they wait for a node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]

from simulator.helm_values import CHARTS, find_chart
from simulator.kind import Duration, Failure, Inputs, Kind, Outputs, get
from simulator.kubernetes import policies
from simulator.kubernetes.cluster import RELEASE, cilium_problems, cilium_release, require_cluster
from simulator.kubernetes.names import check_metadata
from simulator.kubernetes.nodes import node_count
from simulator.kubernetes.objects import (
    Api,
    delete_in_cluster,
    live_metadata,
    no_match,
    object_id,
    object_kind,
    object_name,
    refuse_invalid,
    require_place,
    require_readable,
)
from simulator.kubernetes.pods import items
from simulator.kubernetes.strict import schema_failures

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.world import Record

CILIUM: Final = "cilium.io"
DEFINITION: Final = Api(
    group_version="apiextensions.k8s.io/v1",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    namespaced=False,
)
_CILIUM_KINDS: Final = {
    policies.NETWORK_POLICY: ("ciliumnetworkpolicies", True),
    policies.CLUSTERWIDE_POLICY: ("ciliumclusterwidenetworkpolicies", False),
}
_BUILT_IN_GROUPS: Final = frozenset({"helm.sh", "kustomize", "yaml", "meta", "core", "index"})


def group_installed(context: Context, group: str) -> bool:
    """Whether a release in the cluster brought the definitions of an API group."""
    for release in context.find(RELEASE):
        outputs = release.outputs
        chart = find_chart(str(outputs.get("chart")), outputs.get("version"), get(outputs, "repositoryOpts.repo"))
        if chart is not None and group in chart.groups:
            return True
    return False


def _require_cilium(context: Context, api: Api) -> str:
    """Give the version of the Cilium whose operator runs.

    Raises
    ------
    Refused
        None does, so the kind does not exist.
    """
    cluster = require_cluster(context)
    release = cilium_release(context.world, cluster)
    if release is None or node_count(context.world, cluster) == 0:
        raise no_match(api.group_version, api.kind)
    problems = cilium_problems(context.world, cluster, release.inputs.get("values") or {})
    if any("Unable to contact" in problem for problem in problems):
        raise no_match(api.group_version, api.kind)
    return str(release.outputs.get("version"))


def _definition(context: Context, api: Api) -> Mapping[str, Any] | None:
    """Give the served version of the definition of a kind, or ``None``."""
    group, _, version = api.group_version.rpartition("/")
    for record in context.find(DEFINITION.token):
        spec = record.outputs.get("spec") or {}
        if spec.get("group") == group and get(spec, "names.kind") == api.kind:
            for _, one in items(spec.get("versions"), ""):
                if one.get("name") == version and one.get("served") is True:
                    return one
    return None


def _admit(api: Api) -> Callable[[Context, Inputs], None]:
    def admit(context: Context, inputs: Inputs) -> None:
        require_cluster(context)
        if api.group_version.startswith(f"{CILIUM}/"):
            version = _require_cilium(context, api)
            refuse_invalid(api, object_name(inputs), policies.check_policy(api.kind, inputs, version))
        elif (definition := _definition(context, api)) is not None:
            schema = get(definition, "schema.openAPIV3Schema") or {}
            failures = schema_failures(Draft202012Validator(schema), dict(inputs))
            refuse_invalid(api, object_name(inputs), failures)
        elif not group_installed(context, api.group_version.rpartition("/")[0]):
            raise no_match(api.group_version, api.kind)
        require_place(context, api, inputs)

    return admit


@lru_cache(maxsize=256)
def fallback(token: str) -> Kind | None:
    """Make the kind of a custom resource, or ``None`` for a token that is none of any known group."""
    parts = token.split(":")
    if len(parts) != 3 or "/" not in parts[1]:
        return None
    group, _, version = parts[1].rpartition("/")
    built_in = group in _BUILT_IN_GROUPS or "." not in group or group.endswith(".k8s.io")
    if built_in or not version.startswith("v"):
        return None
    if group == CILIUM:
        if parts[2] not in _CILIUM_KINDS or version != "v2":
            return None
        plural, namespaced = _CILIUM_KINDS[parts[2]]
        return _custom(Api(group_version=parts[1], kind=parts[2], plural=plural, namespaced=namespaced))
    # Every cluster-wide kind of the known charts is named so.
    namespaced = not parts[2].startswith("Cluster")
    return _custom(Api(group_version=parts[1], kind=parts[2], plural=f"{parts[2].lower()}s", namespaced=namespaced))


def _custom(api: Api) -> Kind:
    def check(inputs: Inputs) -> Iterable[Failure]:
        for name, wanted in (("apiVersion", api.group_version), ("kind", api.kind)):
            if inputs.get(name) != wanted:
                yield Failure(name, f'Invalid value: must be "{wanted}"')
        yield from check_metadata(inputs, namespaced=api.namespaced)
        if api.group_version.startswith(f"{CILIUM}/"):
            for name in sorted(inputs.keys() - {"apiVersion", "kind", "metadata", "spec"}):
                yield Failure(name, "field not declared in schema")
            yield from policies.check_policy(api.kind, inputs)

    def compute(context: Context, inputs: Inputs) -> Outputs:
        outputs: Outputs = {"metadata": live_metadata(context, inputs, namespaced=api.namespaced)}
        if api.group_version.startswith(f"{CILIUM}/"):
            outputs["status"] = policies.status(inputs)
        return outputs

    def read(context: Context) -> Outputs:
        require_readable(context)
        return {}

    return Kind(
        token=api.token,
        immutable=("apiVersion", "kind", "metadata.name", "metadata.namespace"),
        checks=(check,),
        admits=(_admit(api),),
        make_id=object_id(api),
        compute=compute,
        computed=("status",),
        on_delete=delete_in_cluster,
        on_read=read,
        delete_before_replace=True,
        duration=Duration(0.3, 0.3, 0.3),
        schema="open",
    )


def _definition_checks(inputs: Inputs) -> Iterable[Failure]:
    group, plural, name = get(inputs, "spec.group"), get(inputs, "spec.names.plural"), get(inputs, "metadata.name")
    if isinstance(group, str) and isinstance(plural, str) and isinstance(name, str) and name != f"{plural}.{group}":
        yield Failure("metadata.name", f'Invalid value: "{name}": must be spec.names.plural+"."+spec.group')
    versions = list(items(get(inputs, "spec.versions"), "spec.versions"))
    if versions and len([one for _, one in versions if one.get("storage") is True]) != 1:
        yield Failure("spec.versions", "Invalid value: must have exactly one version marked as storage version")
    for at, one in versions:
        schema = get(one, "schema.openAPIV3Schema")
        if schema is None:
            yield Failure(f"{at}.schema.openAPIV3Schema", "Required value: schemas are required")
        elif isinstance(schema, Mapping):
            try:
                Draft202012Validator.check_schema(schema)
            except SchemaError as error:
                yield Failure(f"{at}.schema.openAPIV3Schema", f"Invalid value: {error.message}")


def _delete_all(context: Context) -> None:
    """Every custom resource goes with its definition."""
    spec: Mapping[str, Any] = (context.old.outputs.get("spec") or {}) if context.old else {}
    head, tail = f"kubernetes:{spec.get('group')}/", f":{get(spec, 'names.kind')}"
    for record in context.world.records():
        if record.scope == context.scope and record.token.startswith(head) and record.token.endswith(tail):
            context.world.remove(record)


def _definition_live(_context: Context, _cluster: Record, inputs: Inputs) -> tuple[Outputs, list[str]]:
    names = get(inputs, "spec.names")
    return {"status": {"acceptedNames": names, "conditions": [{"type": "Established", "status": "True"}]}}, []


KINDS: Final[tuple[Kind, ...]] = (
    object_kind(DEFINITION, checks=(_definition_checks,), live=_definition_live, on_delete=_delete_all),
)
KNOWN_GROUPS: Final = frozenset(group for chart in CHARTS for group in chart.groups)
