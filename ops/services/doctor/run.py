"""Asks all questions of all checks at once; one without an answer hides no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.errors import MissingError
from ops.services.at_once import at_once
from ops.services.doctor.checks import CHECKS
from ops.services.doctor.finding import Check, Finding, Probe, Report, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.services.doctor.case import Case

_AT_ONCE = 8
"""Questions under way at a time: each is a process of a cloud's own command line."""


def examine(case: Case, progress: Callable[[str, int, int], None] | None = None) -> Report:
    """Ask everything, and report in the order of the checks.

    Parameters
    ----------
    progress
        Told what is being done, how many questions are answered, and how many there are.
    """
    probes = [(check, probe) for check in CHECKS for probe in check.probes(case)]
    answered = 0
    findings: list[Finding] = []
    with at_once(_AT_ONCE) as pool:
        for found in pool.map(lambda both: _ask(*both), probes):
            findings += found
            answered += 1
            if progress is not None:
                progress("questions answered", answered, len(probes))
    return Report(fleet=case.plan.name, findings=tuple(findings))


def _ask(check: Check, probe: Probe) -> tuple[Finding, ...]:
    try:
        found = probe.look()
    except MissingError as error:
        found = unknown(probe.subject, error.message, error.fix)
    return tuple(map(check.told, [found] if isinstance(found, Finding) else found))
