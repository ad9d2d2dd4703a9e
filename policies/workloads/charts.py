"""Helm charts come by TLS, in a fixed version, and are not taken over half."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

import re

from policies.checks import demand, is_false
from policies.cilium import RELEASES, is_cilium
from policies.rule import Resource, Results, resource_rule
from policies.values import Kind

_EXACT = re.compile(r"v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")


@resource_rule(
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


@resource_rule(
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
