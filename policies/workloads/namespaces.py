"""Namespaces admit restricted pods only, and let nothing in or out that no policy allows."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

import re

from infra.predicates import cidr_is_world
from policies.checks import demand, each, is_set, mistyped, one_of
from policies.frameworks import CIS_AKS, CIS_EKS, PSS
from policies.rule import Metadata, Resource, Results, Stack, Undecided, Violation
from policies.values import Kind, View

NAMESPACE = "kubernetes:core/v1:Namespace"
CILIUM_POLICY = "kubernetes:cilium.io/v2:CiliumNetworkPolicy"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
_PLACES = ("io.kubernetes.pod.namespace", "io.cilium.k8s.policy.cluster")
"""Labels that say where a pod is, and not which one."""

_LEAST_MINOR = 25
"""Kubernetes minor version whose restricted standard demands seccomp and the dropping of all capabilities."""

_ENTITIES = ("host", "remote-node", "kube-apiserver", "ingress", "health", "init", "none")
"""Entities of Cilium that are somebody in particular."""


@Metadata(
    over=Resource,
    id="namespace-restricted",
    family="workloads",
    title="Namespaces enforce the restricted Pod Security Standard",
    severity="critical",
    frameworks=((PSS, "restricted"), (CIS_EKS, "4.2.1"), (CIS_AKS, "4.2.1")),
    types=(NAMESPACE,),
    remediation="Label them pod-security.kubernetes.io/enforce: restricted.",
    link="https://kubernetes.io/docs/concepts/security/pod-security-admission/",
)
def namespace_restricted(resource: Resource) -> Results:
    labels = resource["metadata.labels"]
    yield from one_of(
        labels.key("pod-security.kubernetes.io/enforce"), ("restricted",), "it would admit privileged pods"
    )
    yield from demand(
        labels.key("pod-security.kubernetes.io/enforce-version"),
        Kind.TEXT,
        _is_recent,
        f"the standard of v1.{_LEAST_MINOR} is the first with all that it has today",
        optional=True,
    )


def _is_recent(version: str) -> bool:
    minor = re.fullmatch(r"v1\.(\d+)", version)
    return version == "latest" or (minor is not None and int(minor[1]) >= _LEAST_MINOR)


@Metadata(
    over=Stack,
    id="namespace-default-deny",
    family="workloads",
    title="Every namespace of the stack refuses all traffic that no policy allows, both ways",
    severity="critical",
    frameworks=((CIS_EKS, "5.4.4"), (CIS_AKS, "4.4.2"), (CIS_AKS, "5.4.4")),
    types=(NAMESPACE, CILIUM_POLICY, POLICY),
    remediation="Add a CiliumNetworkPolicy with endpointSelector {} and the rules ingress [{}] and egress [{}].",
    link="https://docs.cilium.io/en/stable/security/policy/intro/",
)
def namespace_default_deny(stack: Stack) -> Results:
    policies = stack.of_type(CILIUM_POLICY, POLICY)
    by_place: dict[tuple[str, str | None], list[Resource]] = {}
    for policy in policies:
        # None: not known yet, so it may be any of them.
        by_place.setdefault((policy.provider, policy["metadata.namespace"].text()), []).append(policy)
    for namespace in stack.of_type(NAMESPACE):
        name = namespace["metadata.name"]
        if name.unknown:
            yield Undecided(path=name.path, urn=namespace.urn)
            continue
        inside = by_place.get((namespace.provider, name.text()), [])
        homeless = by_place.get((namespace.provider, None), [])
        maybe = any(policy["metadata.namespace"].unknown for policy in homeless) or any(
            policy["spec"].unknown for policy in inside
        )
        for direction in ("ingress", "egress"):
            if not any(_denies(policy, direction) for policy in inside):
                if maybe:
                    yield Undecided(path=name.path, urn=namespace.urn)
                else:
                    yield Violation(
                        path=name.path,
                        message=f"is {name.shown()}: no policy refuses its {direction}",
                        urn=namespace.urn,
                    )


def _denies(policy: Resource, direction: str) -> bool:
    """Whether a policy selects every pod and names nobody in one direction, which refuses all the others.

    An empty list of rules does not: Cilium then leaves that direction as it was.
    """
    spec = policy["spec"]
    if policy.type == POLICY:
        kinds = [view.text() for view in spec["policyTypes"].elements()]
        named = spec[direction]
        return (
            spec["podSelector"].value == {} and direction.capitalize() in kinds and (named.missing or named.value == [])
        )
    switched_off = spec["enableDefaultDeny"][direction].flag() is False
    return spec["endpointSelector"].value == {} and spec[direction].value == [{}] and not switched_off


@Metadata(
    over=Resource,
    id="network-policy-named",
    family="workloads",
    title="Network policies allow named peers on named ports",
    severity="high",
    frameworks=((CIS_EKS, "5.4.4"), (CIS_AKS, "5.4.4")),
    types=(CILIUM_POLICY,),
    remediation="Give every rule peers (endpoints, not the entities all, world or cluster) and toPorts.",
    link="https://docs.cilium.io/en/stable/security/policy/language/",
)
def network_policy_named(resource: Resource) -> Results:
    spec = resource["spec"]
    if not spec.unknown and not spec.is_a(Kind.OBJECT):
        yield mistyped(spec, Kind.OBJECT)
    yield from each(spec["ingress"], lambda rule: _narrow(rule, "from"))
    yield from each(spec["egress"], lambda rule: _narrow(rule, "to"))


def _narrow(rule: View, side: str) -> Results:
    if rule.unknown:
        yield Undecided(path=rule.path)
        return
    if not rule.is_a(Kind.OBJECT):
        yield mistyped(rule, Kind.OBJECT)
        return
    if rule.value == {}:
        return  # names nobody, so it allows nothing
    peers = [view for name, view in rule.entries() if name.startswith(side) and name not in ("toPorts", "icmps")]
    if not peers:
        yield Violation(path=rule.path, message="names no peer: it means everybody")
    yield from each(
        rule[f"{side}Entities"], lambda one: one_of(one, _ENTITIES, "it means everybody, or the whole cluster")
    )
    yield from each(rule[f"{side}Endpoints"], _somebody)
    yield from each(rule[f"{side}CIDR"], _not_world)
    yield from each(rule[f"{side}CIDRSet"], lambda one: _not_world(one["cidr"]))
    yield from each(rule["toFQDNs"], _some_name)
    yield from each(rule["toPorts"], _ports, why="it allows every port")


def _somebody(selector: View) -> Results:
    """Demand that a selector names a pod by more than the namespace and the cluster that it is in."""
    if selector.unknown:
        yield Undecided(path=selector.path)
    elif not selector.is_a(Kind.OBJECT):
        yield mistyped(selector, Kind.OBJECT)
    else:
        expressions = selector["matchExpressions"].elements()
        keys = [name for name, _ in selector["matchLabels"].entries()]
        keys += [one["key"].text() or "" for one in expressions]
        for one in expressions:
            place = (one["key"].text() or "").endswith(_PLACES)
            if place and not one["operator"].unknown and one["operator"].text() != "In":
                yield Violation(path=one.path, message="lists no places: it means every namespace, or every cluster")
        if not any(key and not key.endswith(_PLACES) for key in keys):
            yield Violation(path=selector.path, message="names no pod: it means everybody in a namespace, or more")


def _not_world(cidr: View) -> Results:
    return demand(cidr, Kind.TEXT, lambda text: not cidr_is_world(text), "it means everybody")


def _some_name(name: View) -> Results:
    return demand(
        name["matchPattern"], Kind.TEXT, lambda text: bool(text.strip("*.")), "it means every name", optional=True
    )


def _ports(entry: View) -> Results:
    def one(port: View) -> Results:
        yield from is_set(port["port"], "name the port")
        yield from demand(port["port"], Kind.TEXT, lambda text: text != "0", "it means every port", optional=True)
        yield from demand(
            port["endPort"], Kind.NUMBER, lambda end: str(end) in ("0", port["port"].text()), "name one", optional=True
        )
        yield from one_of(port["protocol"], ("TCP", "UDP", "SCTP"), "it means every protocol")

    yield from each(entry["ports"], one, why="it allows every port")
