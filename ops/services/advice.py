"""What to do about a failure: the cause as the engine or a cloud words it, and the next thing to type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops.progress.events import Failure, Verb

_KNOWN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), advice)
    for pattern, advice in (
        (
            r"^policy ",
            "do what the policy says, or write an exception that has an end (policies/README.md); then: {again}",
        ),
        (
            r"protected|delete protect",
            "write protect: false in the fleet file, type hms up for the stack, then destroy again",
        ),
        (
            r"expired ?token|token.*expired|no valid credential|InvalidClientTokenId|AADSTS|credentials.*expired",
            "log in again (aws sso login, az login), then: {again}",
        ),
        (
            r"AccessDenied|UnauthorizedOperation|AuthorizationFailed|is not authorized|does not have authorization",
            "give the identity the permission named above, then: {again}",
        ),
        (
            r"LimitExceeded|QuotaExceeded|quota|MaximumReached",
            "raise the quota named above with the cloud, or lower what the fleet asks for, then: {again}",
        ),
        (
            r"AlreadyExists|already exists|EntityAlreadyExists|InvalidGroup\.Duplicate",
            "it exists but is not in the state: delete it in the cloud, or pulumi import it, then: {again}",
        ),
        (
            r"DependencyViolation|InUse\b|is in use|has dependent|ResourceInUse",
            "something outside this stack uses it: remove that first, then: {again}",
        ),
        (
            r"unknown stack|unable to read stack|no stack named",
            "the stack that it reads is not deployed: hms up --all",
        ),
        (
            r"incorrect passphrase|passphrase must be set",
            "set PULUMI_CONFIG_PASSPHRASE_FILE to the passphrase of this stack, then: {again}",
        ),
        (r"timed? ?out|Throttl|TooManyRequests|\b(429|503)\b", "clouds have such moments; try again: {again}"),
        (r"^the program failed", "that is a defect of the program: report it with the line above"),
    )
)


def next_step(failures: tuple[Failure, ...], verb: Verb, again: str) -> str:
    """Give the next thing to do after a failed run.

    Parameters
    ----------
    again
        The command, as the user typed it: every verb goes on where it stopped.
    """
    for failure in failures:
        for pattern, advice in _KNOWN:
            if pattern.search(failure.cause):
                return advice.format(again=again)
    if verb == "preview":
        return f"mend the cause, then: {again}"
    return f"mend the cause, then go on where it stopped: {again}"
