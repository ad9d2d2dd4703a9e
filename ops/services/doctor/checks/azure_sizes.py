"""Whether the regions of Azure have the VM sizes of the fleet: in three zones, with disks encrypted at the host."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ops.services.doctor.finding import Check, Finding, Probe, bars, good

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.adapters.doctor_ports import VmSize
    from ops.services.doctor.case import Case
    from ops.services.doctor.needs import AzureNeeds

_ZONES = ("1", "2", "3")


def _probes(case: Case) -> Iterator[Probe]:
    for needs in case.azure_needs:
        if needs.nodes:
            yield Probe(subject=f"{needs.region}: VM sizes", look=partial(_look, case, needs))


def _look(case: Case, needs: AzureNeeds) -> list[Finding]:
    sizes = case.azure.sizes(needs.region)
    found = []
    for size in needs.nodes:
        subject = f"{needs.region}: {size}"
        wrong = _wrong(sizes.get(size))
        list_ = f"az vm list-skus --location {needs.region} --zone --resource-type virtualMachines --output table"
        edit = f"another size for its node pools in {case.file}, one of: {list_}"
        found.append(
            bars(subject, wrong, edit)
            if wrong
            else good(subject, f"{sizes[size].cpus} vCPUs, in three zones, encrypts at the host")
        )
    return found


def _wrong(size: VmSize | None) -> str:
    if size is None:
        return "the region does not have it"
    if size.barred:
        return f"not for this subscription ({size.barred})"
    if lacking := [zone for zone in _ZONES if zone not in size.zones]:
        return f"not in {'zones' if len(lacking) > 1 else 'zone'} {', '.join(lacking)} for this subscription"
    return "" if size.encrypts else "it cannot encrypt disks at the host"


CHECK = Check(
    name="azure-sizes",
    why="AKS makes no node pool of a size that the subscription does not get in its zones",
    probes=_probes,
)
