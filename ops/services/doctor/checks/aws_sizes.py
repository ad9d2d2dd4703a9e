"""Whether the regions of AWS have the zones and the instance types of the fleet."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ops.services.doctor.finding import Check, Finding, Probe, bars, good

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.doctor.case import Case
    from ops.services.doctor.needs import AwsNeeds


def _probes(case: Case) -> Iterator[Probe]:
    for needs in case.aws_needs:
        if needs.zones:
            yield Probe(subject=f"{needs.region}: zones", look=partial(_zones, case, needs))
        if needs.nodes:
            yield Probe(subject=f"{needs.region}: instance types", look=partial(_types, case, needs))


def _zones(case: Case, needs: AwsNeeds) -> Finding:
    subject = f"{needs.region}: zones"
    there = case.aws.zones(needs.region)
    lacking = [zone for zone in needs.zones if zone not in there]
    if not lacking:
        return good(subject, ", ".join(needs.zones))
    has = ", ".join(sorted(there))
    return bars(
        subject,
        f"{', '.join(lacking)} is not yours to use; there are {has}",
        f"zones of the site in {case.file}: three of {has}",
        "a site stands in three zones, and which letters an account has differs",
    )


def _types(case: Case, needs: AwsNeeds) -> list[Finding]:
    types = case.aws.instance_types(needs.region, needs.nodes)
    found = []
    for size in needs.nodes:
        subject = f"{needs.region}: {size}"
        edit = f"another size for its node pools in {case.file}; or other zones for the site"
        if size not in types:
            found.append(bars(subject, "the region does not have it", edit))
        elif lacking := [zone for zone in needs.zones if zone not in types[size].zones]:
            found.append(bars(subject, f"not in {', '.join(lacking)}", edit))
        else:
            found.append(good(subject, f"{types[size].cpus} vCPUs, in all zones of the site"))
    return found


CHECK = Check(
    name="aws-sizes",
    why="EKS makes no node group in a zone that does not have its instance type",
    probes=_probes,
)
