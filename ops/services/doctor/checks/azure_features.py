"""Whether the subscription has the feature that nodes' disks are encrypted with."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ops.services.doctor.finding import Check, Finding, Probe, bars, good

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.doctor.case import Case

_NAMESPACE, _NAME = "Microsoft.Compute", "EncryptionAtHost"


def _probes(case: Case) -> Iterator[Probe]:
    if any(needs.nodes for needs in case.azure_needs):
        yield Probe(subject=_NAME, look=partial(_look, case))


def _look(case: Case) -> Finding:
    state = case.azure.feature(_NAMESPACE, _NAME)
    if state == "Registered":
        return good(_NAME, state)
    show = f"az feature show --namespace {_NAMESPACE} --name {_NAME} --query properties.state"
    register = f"az feature register --namespace {_NAMESPACE} --name {_NAME}"
    wait = f"until it is Registered, which takes minutes: {show}; then az provider register --namespace {_NAMESPACE}"
    return bars(_NAME, state, wait if state == "Registering" else f"{register}; {wait}")


CHECK = Check(
    name="azure-features",
    why="every node pool encrypts its disks at the host, and AKS refuses that to a subscription without the feature",
    probes=_probes,
)
