"""Whether EKS runs the Kubernetes versions of the fleet."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ops.services.doctor.finding import Check, Finding, Probe, bars, good
from ops.versions import newest_first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.doctor.case import Case
    from ops.services.doctor.needs import AwsNeeds

_STANDARD = "STANDARD_SUPPORT"


def _probes(case: Case) -> Iterator[Probe]:
    for needs in case.aws_needs:
        if needs.kubernetes:
            yield Probe(subject=f"{needs.region}: EKS", look=partial(_look, case, needs))


def _look(case: Case, needs: AwsNeeds) -> list[Finding]:
    offered = case.aws.kubernetes(needs.region)
    standard = ", ".join(newest_first(version for version, support in offered.items() if support == _STANDARD))
    found = []
    for version, clusters in needs.kubernetes.items():
        subject = f"{needs.region}: EKS {version}"
        edit = f"kubernetes of {', '.join(clusters)} in {case.file}: one of {standard}"
        if version not in offered:
            found.append(bars(subject, "not offered", edit))
        elif offered[version] != _STANDARD:
            found.append(
                bars(
                    subject,
                    "only under extended support",
                    edit,
                    "the program asks for standard support (upgradePolicy), and EKS makes no such cluster then",
                )
            )
        else:
            found.append(good(subject, "under standard support"))
    return found


CHECK = Check(name="aws-versions", why="EKS makes no cluster of a version that it does not offer", probes=_probes)
