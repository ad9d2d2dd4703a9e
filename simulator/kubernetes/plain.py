"""Objects that are only data to the cluster: namespaces, configuration, accounts, budgets, policies, priorities."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from simulator.kind import Duration, Failure, Inputs, Kind, Outputs, get
from simulator.kubernetes import pod_security
from simulator.kubernetes.names import check_selector, invalid, label_problem
from simulator.kubernetes.objects import (
    BUILT_IN_NAMESPACES,
    Api,
    already_exists,
    object_kind,
    object_name,
)
from simulator.kubernetes.pods import child, items, one_of
from simulator.values import UNKNOWN

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.world import Record

NAMESPACE: Final = Api(group_version="v1", kind="Namespace", plural="namespaces", namespaced=False)
CONFIG_MAP: Final = Api(group_version="v1", kind="ConfigMap", plural="configmaps")
SECRET: Final = Api(group_version="v1", kind="Secret", plural="secrets")
SERVICE_ACCOUNT: Final = Api(group_version="v1", kind="ServiceAccount", plural="serviceaccounts")
BUDGET: Final = Api(group_version="policy/v1", kind="PodDisruptionBudget", plural="poddisruptionbudgets")
NETWORK_POLICY: Final = Api(group_version="networking.k8s.io/v1", kind="NetworkPolicy", plural="networkpolicies")
PRIORITY_CLASS: Final = Api(
    group_version="scheduling.k8s.io/v1", kind="PriorityClass", plural="priorityclasses", namespaced=False
)

_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_LARGEST: Final = 1024 * 1024
_REQUIRED_KEYS: Final = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


# --- namespaces


def _namespace_checks(inputs: Inputs) -> Iterable[Failure]:
    return pod_security.check_labels(get(inputs, "metadata.labels"))


def _not_built_in(context: Context, inputs: Inputs) -> None:
    if context.old is None and object_name(inputs) in BUILT_IN_NAMESPACES:
        raise already_exists(NAMESPACE, object_name(inputs))


def _empty_namespace(context: Context) -> None:
    """Everything in a namespace goes with it."""
    for record in context.world.records():
        inside = record.scope == context.scope and record.id.startswith(f"{context.id}/")
        if inside and record.token.startswith("kubernetes:"):
            context.world.remove(record)


def _namespace_live(_context: Context, _cluster: Record, _inputs: Inputs) -> tuple[Outputs, list[str]]:
    return {"status": {"phase": "Active"}}, []


def _name_label(inputs: Inputs) -> Mapping[str, str]:
    return {"kubernetes.io/metadata.name": object_name(inputs)}


# --- configuration


def _data_checks(inputs: Inputs, fields: tuple[str, ...]) -> Iterator[Failure]:
    size = 0
    for field in fields:
        data = inputs.get(field)
        for key, value in data.items() if isinstance(data, Mapping) else ():
            if not _KEY.fullmatch(key):
                yield invalid(
                    f"{field}[{key}]",
                    key,
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                )
            size += len(value) if isinstance(value, str) else 0
    if size > _LARGEST:
        yield Failure(fields[0], f"Too long: may not be more than {_LARGEST} bytes")


def _config_map_checks(inputs: Inputs) -> Iterable[Failure]:
    yield from _data_checks(inputs, ("data", "binaryData"))
    both = child(inputs, "data").keys() & child(inputs, "binaryData").keys()
    for key in sorted(both):
        yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")


def _secret_checks(inputs: Inputs) -> Iterable[Failure]:
    yield from _data_checks(inputs, ("data", "stringData"))
    data = inputs.get("data")
    for key, value in data.items() if isinstance(data, Mapping) else ():
        if isinstance(value, str) and not _is_base64(value):
            # Never the value itself.
            yield Failure(f"data.{key}", "illegal base64 data")
    kind = inputs.get("type")
    given = child(inputs, "data").keys() | child(inputs, "stringData").keys()
    for key in _REQUIRED_KEYS.get(kind, ()) if isinstance(kind, str) else ():
        if key not in given and data is not UNKNOWN and inputs.get("stringData") is not UNKNOWN:
            yield Failure(f"data[{key}]", "Required value")


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _secret_live(_context: Context, _cluster: Record, inputs: Inputs) -> tuple[Outputs, list[str]]:
    plain = child(inputs, "stringData")
    encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in plain.items()}
    return {"type": inputs.get("type") or "Opaque", "data": {**child(inputs, "data"), **encoded}}, []


def _made_by_kubernetes(api: Api, name: str) -> Any:  # noqa: ANN401 - a rule of the world
    def admit(context: Context, inputs: Inputs) -> None:
        if context.old is None and object_name(inputs) == name:
            raise already_exists(api, name)

    return admit


# --- budgets, network policies, priorities


def _budget_checks(inputs: Inputs) -> Iterable[Failure]:
    low, high = get(inputs, "spec.minAvailable"), get(inputs, "spec.maxUnavailable")
    if low is not None and high is not None:
        yield invalid("spec", "", "minAvailable and maxUnavailable cannot be both set")
    for name, value in (("minAvailable", low), ("maxUnavailable", high)):
        if isinstance(value, str) and not re.fullmatch(r"(\d|[1-9]\d|100)%", value):
            yield invalid(
                f"spec.{name}", value, "a valid percent string must be a numeric string followed by an ending '%'"
            )
        if isinstance(value, int | float) and value < 0:
            yield invalid(f"spec.{name}", value, "must be greater than or equal to 0")
    yield from check_selector(get(inputs, "spec.selector"), "spec.selector")
    policy = "spec.unhealthyPodEvictionPolicy"
    yield from one_of(get(inputs, policy), ("AlwaysAllow", "IfHealthyBudget"), policy)


def _network_policy_checks(inputs: Inputs) -> Iterable[Failure]:
    yield from check_selector(get(inputs, "spec.podSelector"), "spec.podSelector")
    kinds = get(inputs, "spec.policyTypes")
    for index, kind in enumerate(kinds if isinstance(kinds, list) else ()):
        yield from one_of(kind, ("Egress", "Ingress"), f"spec.policyTypes[{index}]")
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for at, rule in items(get(inputs, f"spec.{direction}"), f"spec.{direction}"):
            for peer_at, peer in items(rule.get(peers), f"{at}.{peers}"):
                given = [name for name in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(name) is not None]
                if not given:
                    yield Failure(peer_at, "Required value: must specify a peer")
                if "ipBlock" in given and len(given) > 1:
                    yield Failure(peer_at, "Forbidden: may not specify both ipBlock and another peer")


def _priority_checks(inputs: Inputs) -> Iterable[Failure]:
    value = inputs.get("value")
    if isinstance(value, int | float) and value > 1_000_000_000:
        yield Failure("value", "Forbidden: maximum allowed value of a user defined priority is 1000000000")
    yield from one_of(inputs.get("preemptionPolicy"), ("Never", "PreemptLowerPriority"), "preemptionPolicy")


KINDS: Final[tuple[Kind, ...]] = (
    object_kind(
        NAMESPACE,
        name_problem=label_problem,
        checks=(_namespace_checks,),
        admits=(_not_built_in,),
        live=_namespace_live,
        labels=_name_label,
        on_delete=_empty_namespace,
        duration=Duration(create=0.3, update=0.3, delete=6.0),
    ),
    object_kind(
        CONFIG_MAP,
        checks=(_config_map_checks,),
        admits=(_made_by_kubernetes(CONFIG_MAP, "kube-root-ca.crt"),),
        immutable=("data", "binaryData"),
    ),
    object_kind(
        SECRET,
        checks=(_secret_checks,),
        live=_secret_live,
        immutable=("type", "data", "stringData"),
        secrets=("data", "stringData"),
    ),
    object_kind(SERVICE_ACCOUNT, admits=(_made_by_kubernetes(SERVICE_ACCOUNT, "default"),)),
    object_kind(BUDGET, checks=(_budget_checks,)),
    object_kind(NETWORK_POLICY, checks=(_network_policy_checks,)),
    object_kind(PRIORITY_CLASS, checks=(_priority_checks,), immutable=("value",)),
)
