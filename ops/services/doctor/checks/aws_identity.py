"""Whether AWS takes the credentials, and for whom."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ops.services.doctor.finding import Check, Finding, Probe, good, look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.doctor.case import Case


def _probes(case: Case) -> Iterator[Probe]:
    if "aws" in case.clouds:
        yield Probe(subject="AWS account", look=partial(_look, case))


def _look(case: Case) -> Finding:
    identity = case.aws.identity()
    saw = f"{identity.arn} in account {identity.account}"
    if identity.arn.endswith(":root"):
        return look(
            "AWS account",
            saw,
            "sign in as a role: aws configure sso",
            "the root user can do everything, is in no log under a person's name, and cannot be held back",
        )
    return good("AWS account", saw)


CHECK = Check(name="aws-identity", why="nothing can be made without it", probes=_probes)
