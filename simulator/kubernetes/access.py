"""Roles and their bindings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.kind import Failure, Inputs, Kind, get
from simulator.kubernetes.names import segment_problem
from simulator.kubernetes.objects import Api, object_kind
from simulator.kubernetes.pods import Object, items, one_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_GROUP: Final = "rbac.authorization.k8s.io"
_VERSION: Final = f"{_GROUP}/v1"
ROLE: Final = Api(group_version=_VERSION, kind="Role", plural="roles")
ROLE_BINDING: Final = Api(group_version=_VERSION, kind="RoleBinding", plural="rolebindings")
CLUSTER_ROLE: Final = Api(group_version=_VERSION, kind="ClusterRole", plural="clusterroles", namespaced=False)
CLUSTER_ROLE_BINDING: Final = Api(
    group_version=_VERSION, kind="ClusterRoleBinding", plural="clusterrolebindings", namespaced=False
)


def _rule(rule: Object, path: str, *, urls: bool) -> Iterator[Failure]:
    if rule.get("verbs") in (None, []):
        yield Failure(f"{path}.verbs", "Required value: verbs must contain at least one value")
    if rule.get("nonResourceURLs"):
        if not urls:
            yield Failure(
                f"{path}.nonResourceURLs", "Invalid value: namespaced rules cannot apply to non-resource URLs"
            )
        if rule.get("resources") or rule.get("apiGroups"):
            yield Failure(
                f"{path}.nonResourceURLs",
                "Invalid value: rules cannot apply to both regular resources and non-resource URLs",
            )
        return
    if rule.get("apiGroups") in (None, []):
        yield Failure(f"{path}.apiGroups", "Required value: resource rules must supply at least one api group")
    if rule.get("resources") in (None, []):
        yield Failure(f"{path}.resources", "Required value: resource rules must supply at least one resource")


def _role_checks(inputs: Inputs) -> Iterable[Failure]:
    for at, rule in items(inputs.get("rules"), "rules"):
        yield from _rule(rule, at, urls=False)


def _cluster_role_checks(inputs: Inputs) -> Iterable[Failure]:
    for at, rule in items(inputs.get("rules"), "rules"):
        yield from _rule(rule, at, urls=True)


def _binding_checks(inputs: Inputs) -> Iterable[Failure]:
    yield from one_of(get(inputs, "roleRef.apiGroup"), (_GROUP,), "roleRef.apiGroup")
    yield from one_of(get(inputs, "roleRef.kind"), ("ClusterRole", "Role"), "roleRef.kind")
    if get(inputs, "roleRef.name") in {None, ""}:
        yield Failure("roleRef.name", "Required value")
    for at, subject in items(inputs.get("subjects"), "subjects"):
        kind, group = subject.get("kind"), subject.get("apiGroup")
        yield from one_of(kind, ("Group", "ServiceAccount", "User"), f"{at}.kind")
        if kind == "ServiceAccount":
            if subject.get("namespace") in {None, ""}:
                yield Failure(f"{at}.namespace", "Required value")
            yield from one_of(group, ("",), f"{at}.apiGroup")
        elif kind in {"User", "Group"}:
            yield from one_of(group, (_GROUP,), f"{at}.apiGroup")


def _cluster_binding_checks(inputs: Inputs) -> Iterable[Failure]:
    yield from _binding_checks(inputs)
    if get(inputs, "roleRef.kind") == "Role":
        yield Failure("roleRef.kind", 'Unsupported value: "Role": supported values: "ClusterRole"')


KINDS: Final[tuple[Kind, ...]] = (
    object_kind(ROLE, name_problem=segment_problem, checks=(_role_checks,)),
    object_kind(CLUSTER_ROLE, name_problem=segment_problem, checks=(_cluster_role_checks,)),
    object_kind(ROLE_BINDING, name_problem=segment_problem, checks=(_binding_checks,), immutable=("roleRef",)),
    object_kind(
        CLUSTER_ROLE_BINDING, name_problem=segment_problem, checks=(_cluster_binding_checks,), immutable=("roleRef",)
    ),
)
