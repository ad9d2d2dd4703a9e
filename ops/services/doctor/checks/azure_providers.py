"""Whether the resource providers of Azure are registered in the subscription."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from infra.scopes import scope_of
from ops.services.doctor.azure_operations import namespaces
from ops.services.doctor.finding import Check, Finding, Probe, bars, good

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.doctor.case import Case


def _probes(case: Case) -> Iterator[Probe]:
    if case.azure_needs:
        yield Probe(subject="Azure resource providers", look=partial(_look, case))


def _look(case: Case) -> list[Finding]:
    states = case.azure.providers()
    wanted = namespaces(case.plan, scope_of(case.plan, case.sites))
    found = [
        bars(name, states.get(name.lower(), "unknown to Azure"), f"az provider register --namespace {name} --wait")
        for name in wanted
        if states.get(name.lower()) != "Registered"
    ]
    return found or [good("Azure resource providers", f"all {len(wanted)} registered")]


CHECK = Check(
    name="azure-providers",
    why="Azure refuses resources of a provider that the subscription is not registered with",
    probes=_probes,
)
