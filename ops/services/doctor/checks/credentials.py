"""Credentials of both clouds, a backend for the state, and a key for its secrets: whether they are set up at all."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ops.services.doctor.finding import Check, Finding, Probe, bars, good

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.doctor.case import Case


def _probes(case: Case) -> Iterator[Probe]:
    yield Probe(subject="credentials", look=partial(_look, case))


def _look(case: Case) -> list[Finding]:
    missing = case.machine.missing(clouds=case.clouds, stacks=case.stacks)
    if not missing:
        return [good("credentials", f"set up for {', '.join(case.stacks)}")]
    return [bars(each.what, "not set up", each.fix) for each in missing]


CHECK = Check(name="credentials", why="hms up refuses to begin without it", probes=_probes)
