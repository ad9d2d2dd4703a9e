"""What all objects of the Kubernetes API have in common: metadata, schema, namespace; and how a kind is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from simulator.kind import Duration, Failure, Inputs, Kind, Outputs, Refused, Unfinished, get
from simulator.kubernetes.cluster import (
    default_namespace,
    find_cluster,
    gives_up_on_delete,
    require_cluster,
    unreachable,
    version,
)
from simulator.kubernetes.names import check_metadata, subdomain_problem
from simulator.kubernetes.strict import check_object, newest

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.world import Record, World

NAMESPACE: Final = "kubernetes:core/v1:Namespace"
BUILT_IN_NAMESPACES: Final = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)

Check = Callable[[Inputs], Iterable[Failure]]
Admit = Callable[["Context", Inputs], None]
Live = Callable[["Context", "Record", Inputs], tuple[Outputs, list[str]]]
"""``(context, cluster, inputs)``: outputs that the cluster adds, and why the object is not ready."""


@dataclass(frozen=True, kw_only=True)
class Api:
    """One kind of object of the Kubernetes API.

    Parameters
    ----------
    group_version
        As in ``apiVersion``: ``v1``, ``apps/v1``.
    kind, plural
        ``Deployment``, ``deployments``.
    namespaced
        Whether objects live in a namespace.
    """

    group_version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def token(self) -> str:
        """Type token of Pulumi's resource."""
        module = self.group_version if "/" in self.group_version else f"core/{self.group_version}"
        return f"kubernetes:{module}:{self.kind}"

    @property
    def resource(self) -> str:
        """As the API server's messages name it: ``deployments.apps``."""
        group = self.group_version.rpartition("/")[0]
        return f"{self.plural}.{group}" if group else self.plural

    @property
    def long_kind(self) -> str:
        """As 'is invalid' messages name it: ``Deployment.apps``."""
        group = self.group_version.rpartition("/")[0]
        return f"{self.kind}.{group}" if group else self.kind


def object_name(inputs: Inputs) -> str:
    """Give the name of an object; wholly known here."""
    return str(get(inputs, "metadata.name") or "")


def namespace_of(context: Context, inputs: Inputs) -> str:
    """Give the namespace of a namespaced object."""
    return str(get(inputs, "metadata.namespace") or default_namespace(context.config))


def object_id(api: Api) -> Callable[[Context, Inputs], str]:
    """Make the function that gives the id of an object: its name, after the namespace if it has one."""

    def give(context: Context, inputs: Inputs) -> str:
        name = object_name(inputs)
        return f"{namespace_of(context, inputs)}/{name}" if api.namespaced else name

    return give


def namespace_exists(world: World, scope: str, name: str) -> bool:
    """Whether a namespace is in the cluster."""
    return name in BUILT_IN_NAMESPACES or world.one(NAMESPACE, name, scope) is not None


def refuse_invalid(api: Api, name: str, failures: Iterable[Failure]) -> None:
    """Raise what the API server answers to an object that breaks its rules.

    Raises
    ------
    Refused
        If there is any failure.
    """
    told = [f"{failure.path}: {failure.reason}" for failure in failures]
    if told:
        text = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
        raise Refused("Invalid", f'{api.long_kind} "{name}" is invalid: {text}', status=422)


def _as_object(api: Api, inputs: Inputs) -> dict[str, Any]:
    return {"apiVersion": api.group_version, "kind": api.kind, **inputs}


def _schema_check(api: Api) -> Check:
    def check(inputs: Inputs) -> Iterable[Failure]:
        # A preview does not know the cluster's version: what no version accepts is wrong whichever it is.
        return check_object(_as_object(api, inputs), newest()) or ()

    return check


def _admit(api: Api) -> Admit:
    def admit(context: Context, inputs: Inputs) -> None:
        cluster = require_cluster(context)
        name = object_name(inputs)
        failures = check_object(_as_object(api, inputs), version(cluster))
        if failures is None:
            raise Refused("NotFound", f'no matches for kind "{api.kind}" in version "{api.group_version}"', status=404)
        refuse_invalid(api, name, failures)
        require_place(context, api, inputs)

    return admit


def require_place(context: Context, api: Api, inputs: Inputs) -> None:
    """Refuse an object whose namespace is not there, or whose name is taken.

    Raises
    ------
    Refused
        In the API server's words.
    """
    if api.namespaced and not namespace_exists(context.world, context.scope, namespace_of(context, inputs)):
        raise Refused("NotFound", f'namespaces "{namespace_of(context, inputs)}" not found', status=404)
    if context.old is None and context.one(api.token, object_id(api)(context, inputs)) is not None:
        raise already_exists(api, object_name(inputs))


def already_exists(api: Api, name: str) -> Refused:
    """Give what the API server answers to a name that is taken."""
    return Refused("AlreadyExists", f'{api.resource} "{name}" already exists', status=409)


def live_metadata(
    context: Context, inputs: Inputs, *, namespaced: bool, labels: Mapping[str, str] | None = None
) -> Outputs:
    """Metadata as the API server keeps it; deterministic, and a new resource version at every write."""
    before: Mapping[str, Any] = (context.old.outputs.get("metadata") or {}) if context.old else {}
    changed = context.old is None or context.old.inputs.get("spec") != inputs.get("spec")
    given = dict(inputs.get("metadata") or {})
    created = _EPOCH + timedelta(seconds=context.number(0, 10_000_000, "created"))
    number = int(before.get("resourceVersion") or context.number(1000, 900_000, "resourceVersion"))
    if labels:
        given["labels"] = {**labels, **(given.get("labels") or {})}
    return {
        **given,
        "name": object_name(inputs),
        **({"namespace": namespace_of(context, inputs)} if namespaced else {}),
        "uid": before.get("uid") or context.uuid("uid"),
        "creationTimestamp": before.get("creationTimestamp") or created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resourceVersion": str(number + 1 if before else number),
        "generation": int(before.get("generation") or 0) + (1 if changed else 0),
    }


def skips_await(inputs: Inputs) -> bool:
    """Whether the program told the provider not to wait for this object."""
    annotations = get(inputs, "metadata.annotations")
    return isinstance(annotations, Mapping) and str(annotations.get("pulumi.com/skipAwait")).lower() == "true"


def no_match(api_version: str, kind: str) -> Refused:
    """Give what the provider says of a kind that the API server does not know."""
    return Refused(
        "NoMatch",
        f"creation of resource with kind {api_version}/{kind} failed because the Kubernetes API server reported that "
        "the apiVersion for this resource does not exist. Verify that any required CRDs have been created: no matches "
        f'for kind "{kind}" in version "{api_version}"',
        status=404,
    )


def cannot_delete() -> Refused:
    """Give what the provider says where it cannot delete because the cluster does not answer."""
    return Refused(
        "Unreachable",
        "configured Kubernetes cluster is unreachable. If the cluster was deleted, you can remove this resource from "
        "Pulumi state by rerunning the operation with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "
        '"true"',
        status=503,
    )


def delete_in_cluster(context: Context) -> None:
    """Refuse to delete where the cluster does not answer, unless the provider is told to give up.

    Raises
    ------
    Refused
        As the provider says it.
    """
    if unreachable(context) and not gives_up_on_delete(context):
        raise cannot_delete()


def require_readable(context: Context) -> Record | None:
    """Give the cluster to read from; ``None`` where it is gone and the provider is told to give up on it.

    Raises
    ------
    Refused
        It does not answer.
    """
    if reason := unreachable(context):
        if gives_up_on_delete(context):
            return None
        raise Refused(
            "Unreachable",
            "failed to read resource state due to unreachable cluster. If the cluster was deleted, you can remove this "
            "resource from Pulumi state by rerunning the operation with the PULUMI_K8S_DELETE_UNREACHABLE environment "
            f'variable set to "true" ({reason})',
            status=503,
        )
    return find_cluster(context.world, context.scope)


def object_kind(  # noqa: PLR0913 - one keyword for each thing in which kinds differ
    api: Api,
    *,
    name_problem: Callable[[str], str | None] = subdomain_problem,
    checks: tuple[Check, ...] = (),
    admits: tuple[Admit, ...] = (),
    live: Live | None = None,
    immutable: tuple[str, ...] = (),
    secrets: tuple[str, ...] = (),
    on_delete: Callable[[Context], None] | None = None,
    labels: Callable[[Inputs], Mapping[str, str]] | None = None,
    duration: Duration = Duration(0.3, 0.3, 0.3),  # noqa: B008 - frozen
) -> Kind:
    """Put a kind of the API together.

    Parameters
    ----------
    api
        Which.
    name_problem
        What judges its name.
    checks, admits
        Rules beyond those of every object.
    live
        What the cluster adds, and why the object is not ready.
    immutable
        Paths whose change replaces, beside name and namespace (pulumi-kubernetes, ``provider/diff.go``).
    secrets
        Outputs that the provider marks secret.
    on_delete
        What else happens when it goes.
    labels
        Labels that the API server adds.
    duration
        Seconds of the real operations.
    """

    def metadata_check(inputs: Inputs) -> Iterable[Failure]:
        return check_metadata(inputs, namespaced=api.namespaced, problem=name_problem)

    def compute(context: Context, inputs: Inputs) -> Outputs:
        extra, reasons = live(context, require_cluster(context), inputs) if live else ({}, [])
        added = labels(inputs) if labels else None
        outputs = {"metadata": live_metadata(context, inputs, namespaced=api.namespaced, labels=added), **extra}
        if reasons and not skips_await(inputs):
            raise Unfinished(outputs, f"'{object_name(inputs)}' timed out waiting to be Ready", *reasons)
        return outputs

    def delete(context: Context) -> None:
        delete_in_cluster(context)
        if on_delete is not None:
            on_delete(context)

    def read(context: Context) -> Outputs:
        cluster = require_readable(context)
        if cluster is None or live is None or context.old is None:
            return {}
        return live(context, cluster, context.old.inputs)[0]

    return Kind(
        token=api.token,
        immutable=("apiVersion", "kind", "metadata.name", "metadata.namespace", *immutable),
        secrets=secrets,
        checks=(metadata_check, _schema_check(api), *checks),
        admits=(_admit(api), *admits),
        make_id=object_id(api),
        compute=compute,
        on_delete=delete,
        on_read=read,
        # Names are given: `Autoname` makes up top-level properties only, so an object without a name is refused.
        delete_before_replace=True,
        exists=("AlreadyExists", f'{api.resource} "{{id}}" already exists'),
        duration=duration,
    )
