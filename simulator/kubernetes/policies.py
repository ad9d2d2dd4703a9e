"""Cilium network policies: what the API server refuses in them, and what Cilium makes of one that it took.

The API server refuses what the schema does not have. What only
Cilium's own check finds is stored all the same: its condition ``Valid`` is ``False`` then, and nothing is enforced.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulator.kind import Failure, Inputs, get
from simulator.kubernetes.pods import Object, child, items
from simulator.kubernetes.policy_schema import policy_validator
from simulator.kubernetes.strict import schema_failures

NETWORK_POLICY: Final = "CiliumNetworkPolicy"
CLUSTERWIDE_POLICY: Final = "CiliumClusterwideNetworkPolicy"

_DIRECTIONS: Final = ("ingress", "ingressDeny", "egress", "egressDeny")
_L3: Final = {
    "ingress": ("fromEndpoints", "fromCIDR", "fromCIDRSet", "fromEntities", "fromNodes", "fromGroups"),
    "egress": (
        "toEndpoints", "toCIDR", "toCIDRSet", "toEntities", "toNodes", "toGroups", "toServices", "toFQDNs",
    ),
}  # fmt: skip
_PORT_NUMBER: Final = re.compile(r"\d{1,5}")


def check_policy(kind: str, inputs: Inputs, version: str = "1.20") -> Iterator[Failure]:
    """Report what the API server refuses in a policy.

    Parameters
    ----------
    kind
        `NETWORK_POLICY` or `CLUSTERWIDE_POLICY`.
    inputs
        The object; may hold `UNKNOWN`.
    version
        Of Cilium; the newest where a preview does not know it.
    """
    spec = inputs.get("spec")
    if spec is None:
        yield Failure("spec", "Required value")
        return
    if not isinstance(spec, Mapping):
        return
    for failure in schema_failures(policy_validator(version), spec):
        yield Failure(f"spec.{failure.path}" if failure.path else "spec", failure.reason)
    selectors = [name for name in ("endpointSelector", "nodeSelector") if spec.get(name) is not None]
    if len(selectors) != 1:
        yield Failure("spec", "must have exactly one of endpointSelector, nodeSelector")
    elif selectors == ["nodeSelector"] and kind == NETWORK_POLICY:
        yield Failure("spec.nodeSelector", "Invalid value: only a CiliumClusterwideNetworkPolicy can select nodes")
    if not any(spec.get(name) is not None for name in _DIRECTIONS):
        yield Failure("spec", f"must have at least one of {', '.join(_DIRECTIONS)}")
    yield from _one_ofs(spec)
    yield from _networks(spec)


def _rules(spec: Object) -> Iterator[tuple[str, str, Object]]:
    """(direction, path, rule) of every rule."""
    for name in _DIRECTIONS:
        for at, rule in items(spec.get(name), f"spec.{name}"):
            yield name.removesuffix("Deny"), at, rule


def _one_ofs(spec: Object) -> Iterator[Failure]:
    for _, at, rule in _rules(spec):
        names = [(path, name) for path, name in items(rule.get("toFQDNs"), f"{at}.toFQDNs")]
        for port_at, port in items(rule.get("toPorts"), f"{at}.toPorts"):
            rules = child(port, "rules")
            names += items(rules.get("dns"), f"{port_at}.rules.dns")
            given = [name for name in ("http", "kafka", "dns", "l7proto") if rules.get(name) is not None]
            if isinstance(port.get("rules"), Mapping) and len(given) != 1:
                yield Failure(f"{port_at}.rules", "must have exactly one of http, kafka, dns, l7proto")
        for path, name in names:
            if (name.get("matchName") is None) == (name.get("matchPattern") is None):
                yield Failure(path, "must have exactly one of matchName, matchPattern")
        for prefix in ("from", "to"):
            for path, one in items(rule.get(f"{prefix}CIDRSet"), f"{at}.{prefix}CIDRSet"):
                if len([key for key in ("cidr", "cidrGroupRef", "cidrGroupSelector") if one.get(key) is not None]) != 1:
                    yield Failure(path, "must have exactly one of cidr, cidrGroupRef, cidrGroupSelector")


def _networks(spec: Object) -> Iterator[Failure]:
    for _, at, rule in _rules(spec):
        for prefix in ("from", "to"):
            plain = rule.get(f"{prefix}CIDR")
            found = [
                (f"{at}.{prefix}CIDR[{index}]", cidr)
                for index, cidr in enumerate(plain if isinstance(plain, list) else ())
            ]
            for path, one in items(rule.get(f"{prefix}CIDRSet"), f"{at}.{prefix}CIDRSet"):
                found.append((f"{path}.cidr", one.get("cidr")))
                excluded = one.get("except")
                found += [
                    (f"{path}.except[{index}]", cidr)
                    for index, cidr in enumerate(excluded if isinstance(excluded, list) else ())
                ]
            for path, cidr in found:
                if isinstance(cidr, str) and not _is_network(cidr):
                    yield Failure(path, f'Invalid value: "{cidr}": must be of the form <address>/<prefix length>')


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def invalidity(spec: Object) -> str | None:
    """Why Cilium does not enforce a policy that the API server took (``Rule.Sanitize``), or ``None``.

    Parameters
    ----------
    spec
        Wholly known, and right by `check_policy`.
    """
    if not any(spec.get(name) for name in _DIRECTIONS):
        return "rule must have at least one of Ingress, IngressDeny, Egress, EgressDeny"
    for direction, _, rule in _rules(spec):
        members = [name for name in _L3[direction] if rule.get(name)]
        if len(members) > 1:
            first, second = (name[0].upper() + name[1:] for name in members[:2])
            return f"combining {first} and {second} is not supported yet"
        if rule.get("icmps") and rule.get("toPorts"):
            return "The ICMPs block may only be present without ToPorts. Define a separate rule to use ToPorts."
        for _, port in items(rule.get("toPorts"), ""):
            if (problem := _port_problem(direction, port)) is not None:
                return problem
    return None


def _port_problem(direction: str, port: Object) -> str | None:
    rules = child(port, "rules")
    if direction == "ingress" and rules.get("dns"):
        return "DNS rules are not allowed on ingress"
    if rules.get("dns") is not None and not port.get("ports"):
        return "port 53 must be specified for DNS rules"
    layer7 = any(rules.get(name) for name in ("http", "kafka", "l7proto"))
    for _, one in items(port.get("ports"), ""):
        number, protocol = str(one.get("port") or ""), one.get("protocol") or "ANY"
        ranged = _PORT_NUMBER.fullmatch(number) and (one.get("endPort") or 0) > int(number)
        problems = (
            ("port must be specified", not number),
            (f"L7 rules can only apply to TCP (not {protocol}) except for DNS rules", layer7 and protocol != "TCP"),
            ("L7 rules can not be used when a port is 0", layer7 and number == "0"),
            ("DNS rules do not support port ranges", bool(rules.get("dns")) and ranged),
        )
        if (found := next((problem for problem, holds in problems if holds), None)) is not None:
            return found
    return None


def status(inputs: Inputs) -> dict[str, Any]:
    """Give the status that Cilium writes into a policy."""
    problem = invalidity(get(inputs, "spec") or {})
    if problem:
        return {"conditions": [{"type": "Valid", "status": "False", "message": problem}]}
    return {"conditions": [{"type": "Valid", "status": "True", "message": "Policy validation succeeded"}]}
