"""The clock of the machine against the clouds'."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ops.services.doctor.finding import Check, Finding, Probe, bars, good, look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.doctor.case import Case

_LONGEST = 300
"""Seconds that a signature of AWS, and a token of Entra ID, may be off."""

_NOTED = 60

_FIX = "set the clock: timedatectl set-ntp true"


def _probes(case: Case) -> Iterator[Probe]:
    hosts = []
    if case.aws_needs:
        region = case.aws_needs[0].region
        hosts.append(f"sts.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}")
    if "azure" in case.clouds:
        hosts.append("login.microsoftonline.com")
    for host in hosts:
        yield Probe(subject=f"clock of {host}", look=partial(_look, case, host))


def _look(case: Case, host: str) -> Finding:
    subject = f"clock of {host}"
    ahead = round((case.machine.now() - case.machine.time_at(host)).total_seconds())
    saw = f"this machine is {abs(ahead)} s {'ahead' if ahead > 0 else 'behind'}"
    if abs(ahead) > _LONGEST:
        return bars(subject, saw, _FIX)
    return look(subject, saw, _FIX) if abs(ahead) > _NOTED else good(subject, saw)


CHECK = Check(
    name="clock",
    why=f"signatures and tokens are refused that are more than {_LONGEST // 60} minutes off; certificates seem not "
    "yet valid",
    probes=_probes,
)
