"""Whether Azure takes the sign-in, for whom, and whether Pulumi would be taken for the same."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ops.services.doctor.finding import Check, Finding, Probe, bars, good, look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.doctor.case import Case


def _probes(case: Case) -> Iterator[Probe]:
    if "azure" in case.clouds:
        yield Probe(subject="Azure subscription", look=partial(_look, case))


def _look(case: Case) -> list[Finding]:
    subject = "Azure subscription"
    account = case.azure.account()
    saw = f"{account.user} in subscription {account.subscription} of tenant {account.tenant}"
    found = [
        good(subject, saw)
        if account.state == "Enabled"
        else bars(subject, f"{saw}: {account.state}", "have the subscription enabled, or set ARM_SUBSCRIPTION_ID")
    ]
    principal = case.machine.environment("ARM_CLIENT_ID")
    if principal and principal.lower() != account.user.lower():
        found.append(
            look(
                "Azure sign-in",
                f"Pulumi deploys as {principal} (ARM_CLIENT_ID), az is signed in as {account.user}",
                f"az login --service-principal --username {principal} --tenant {account.tenant}, then again",
                "what Azure says here of permissions holds for another than deploys",
            )
        )
    return found


CHECK = Check(name="azure-identity", why="nothing can be made without it", probes=_probes)
