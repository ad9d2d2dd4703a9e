"""Whether AKS runs the Kubernetes versions of the fleet."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ops.services.doctor.finding import Check, Finding, Probe, bars, good, look
from ops.versions import newest_first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.doctor.case import Case
    from ops.services.doctor.needs import AzureNeeds


def _probes(case: Case) -> Iterator[Probe]:
    for needs in case.azure_needs:
        if needs.kubernetes:
            yield Probe(subject=f"{needs.region}: AKS", look=partial(_look, case, needs))


def _look(case: Case, needs: AzureNeeds) -> list[Finding]:
    offered = case.azure.kubernetes(needs.region)
    settled = ", ".join(newest_first(version for version, preview in offered.items() if not preview))
    found = []
    for version, clusters in needs.kubernetes.items():
        subject = f"{needs.region}: AKS {version}"
        edit = f"kubernetes of {', '.join(clusters)} in {case.file}: one of {settled}"
        if version not in offered:
            found.append(bars(subject, "not offered under standard support", edit))
        elif offered[version]:
            found.append(look(subject, "a preview", edit, "Azure gives no support for a preview, and may take it back"))
        else:
            found.append(good(subject, "under standard support"))
    return found


CHECK = Check(name="azure-versions", why="AKS makes no cluster of a version that it does not offer", probes=_probes)
