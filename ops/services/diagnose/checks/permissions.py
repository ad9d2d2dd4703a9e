"""Whether pods are kept back since somebody may not do what they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose.finding import Check
from ops.services.diagnose.warned import short_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case
    from ops.services.diagnose.finding import Finding

_WORDS = (
    r"\bforbidden\b",
    r"AccessDenied|UnauthorizedOperation|AuthorizationFailed|is not authorized",
    r"\b(401|403)\b.*(Unauthorized|Forbidden)",
    r"no basic auth credentials|pull access denied",
    r"violates PodSecurity",
)


def look(case: Case) -> Iterator[Finding]:
    """Find workloads that lack pods since an account, a registry or a security standard refuses them."""
    yield from short_of(
        case,
        _WORDS,
        why="the pods that are missing are refused, again and again, until the account or the pod is changed",
        run="get events -A --field-selector type=Warning",
    )


CHECK = Check(
    id="permissions",
    title="No missing permission keeps pods back",
    covers="refused image pulls, service accounts and cloud identities without rights, pod security",
    look=look,
)
