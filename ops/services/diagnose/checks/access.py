"""Whether the account that asks may read what it has to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding
from ops.services.diagnose.parts import of_the_api, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case

_UNKNOWN = re.compile(r"\b(Unauthorized|401|credentials? .*(expired|provided)|exec plugin)", re.IGNORECASE)


def look(case: Case) -> Iterator[Finding]:
    """Find clusters that do not know the account, and parts that they do not let it read."""
    for name, (_, view) in case.clusters.items():
        if view.api.failed and _UNKNOWN.search(view.api.error):
            yield Finding(
                about=(name,),
                saw=f"{name} does not know the account that asks: {view.api.error}",
                why="nothing of the cluster can be looked at, and no deployment to it can work either",
                run=case.commands.kubectl(name, "auth whoami"),
                breaks=frozenset({things.api(name)}),
            )
            continue
        kept_back = [part for part, seen in of_the_api(view) if refused(seen)]
        if kept_back:
            yield Finding(
                severity="warning",
                about=(name,),
                saw=f"{name} does not let the account that asks read its {', '.join(kept_back)}",
                why="whatever is wrong there is not found",
                run=case.commands.kubectl(name, "auth can-i --list --namespace kube-system"),
            )


CHECK = Check(
    id="access",
    title="The clusters let this account read",
    covers="credentials that have expired, an account that a cluster does not know, missing permissions",
    look=look,
)
