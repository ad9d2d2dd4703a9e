"""Whether the caller may do on AWS what the program does: IAM's own simulation of the caller's policies."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from infra.scopes import scope_of
from ops.services.doctor.aws_actions import needed
from ops.services.doctor.finding import Check, Finding, Probe, bars, good, look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.doctor.case import Case

_SHOWN = 12
"""Actions that are named in a line; the command that follows asks about all."""


def _probes(case: Case) -> Iterator[Probe]:
    if "aws" in case.clouds:
        yield Probe(subject="AWS permissions", look=partial(_look, case))


def _look(case: Case) -> list[Finding]:
    subject = "AWS permissions"
    if case.aws.identity().arn.endswith(":root"):
        return [good(subject, "the root user has all")]
    wanted = needed(case.plan, scope_of(case.plan, case.sites))
    actions = sorted({action for many in wanted.values() for action in many})
    denied = case.aws.denied(actions)
    if not denied:
        return [good(subject, f"all {len(actions)} actions are allowed; conditions on resources were not tried")]
    by: dict[str, list[str]] = {}
    for each in denied:
        by.setdefault(each.by, []).append(each.action)
    principal = case.aws.principal()
    found = []
    for reason, those in by.items():
        named = ", ".join(those[:_SHOWN]) + (f" and {len(those) - _SHOWN} more" if len(those) > _SHOWN else "")
        again = f"aws iam simulate-principal-policy --policy-source-arn {principal} --action-names {' '.join(those)}"
        # A condition that the simulation knows nothing of may well hold in a real call.
        say = look if "conditions" in reason else bars
        found.append(
            say(subject, f"{reason}: {named}", f"have an administrator allow them to {principal}; then {again}")
        )
    return found


CHECK = Check(
    name="aws-permissions",
    why="the engine learns of a denied action only when it comes to it, up to an hour into a deployment",
    probes=_probes,
)
