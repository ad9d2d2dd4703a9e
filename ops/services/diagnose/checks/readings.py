"""Whether everything could be looked at, where nothing else explains that it could not."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding
from ops.services.diagnose.parts import of_programs, of_the_api, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find parts that could not be read."""
    for name, (_, view) in case.clusters.items():
        failed: dict[tuple[str, frozenset[str]], list[str]] = defaultdict(list)
        for part, seen in of_the_api(view):
            if seen.failed and not refused(seen):
                failed[seen.error, frozenset({things.api(name)})].append(part)
        for part, seen, needs in of_programs(case, name):
            if seen.failed:
                failed[seen.error, needs].append(part)
        for (error, needs), parts in failed.items():
            yield Finding(
                severity="warning",
                about=(name,),
                saw=f"{', '.join(parts)} of {name} could not be looked at: {error}",
                why="what is wrong there is not found",
                run=case.commands.hms("diagnose"),
                needs=needs,
            )


CHECK = Check(
    id="readings",
    title="Everything could be looked at",
    covers="parts of a cluster that could not be read, for a reason that no other check names",
    look=look,
)
