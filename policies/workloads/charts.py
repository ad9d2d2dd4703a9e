"""Helm charts come by TLS in a fixed version, and Cilium's enforces policies from the first pod on."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

import re

from policies.checks import demand, each, is_false, is_set
from policies.cilium import RELEASES, is_cilium
from policies.rule import Metadata, Resource, Results, Violation
from policies.values import Kind

_NOT_READY = "node.cilium.io/agent-not-ready"
_EXACT = re.compile(r"v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")


@Metadata(
    over=Resource,
    id="chart-pinned",
    family="workloads",
    title="Helm charts have an exact version and come by TLS",
    severity="high",
    types=RELEASES,
    remediation="Set version to three numbers, and the repository to https:// or the chart to oci://.",
    link="https://helm.sh/docs/topics/provenance/",
)
def chart_pinned(resource: Resource) -> Results:
    yield from demand(
        resource["version"], Kind.TEXT, lambda text: bool(_EXACT.fullmatch(text)), "another version could come any day"
    )
    if not (resource["chart"].text() or "").startswith("oci://"):
        yield from demand(
            resource["repositoryOpts.repo"],
            Kind.TEXT,
            lambda text: text.startswith("https://"),
            "it could be exchanged",
        )


@Metadata(
    over=Resource,
    id="node-waits-for-cilium",
    family="workloads",
    title="Nodes take pods only once Cilium guards them",
    severity="medium",
    types=("aws:eks/nodeGroup:NodeGroup",),
    remediation=f"Taint node groups with {_NOT_READY}, effect NO_EXECUTE; Cilium takes the taint away.",
    link="https://docs.cilium.io/en/stable/installation/taints/",
)
def node_waits_for_cilium(resource: Resource) -> Results:
    why = "pods could start without network policies"
    taints = resource["taints"]
    yield from each(taints, lambda taint: is_set(taint["effect"], why), why=why)
    keys = [taint["key"] for taint in taints.elements()]
    if keys and not any(key.unknown for key in keys):
        own = [taint for taint in taints.elements() if taint["key"].text() == _NOT_READY]
        if not any(taint["effect"].text() in ("NO_EXECUTE", "NO_SCHEDULE") for taint in own):
            yield Violation(path=taints.path, message=f"lacks {_NOT_READY}: {why}")


@Metadata(
    over=Resource,
    id="cilium-policies-on",
    family="workloads",
    title="Cilium enforces network policies",
    severity="critical",
    types=RELEASES,
    remediation="Leave policyEnforcementMode at default, or set it to always.",
    link="https://docs.cilium.io/en/stable/security/network/policyenforcement/",
)
def cilium_policies_on(resource: Resource) -> Results:
    if not is_cilium(resource):
        return
    values = resource["values"]
    yield from demand(
        values["policyEnforcementMode"],
        Kind.TEXT,
        lambda text: text in ("default", "always", ""),
        "every network policy would be ignored",
        optional=True,
    )
    yield from is_false(values["policyAuditMode"], "every network policy would be ignored")
    yield from demand(
        values["cni.exclusive"],
        Kind.FLAG,
        bool,
        "another plugin could give pods a network without policies",
        optional=True,
    )
