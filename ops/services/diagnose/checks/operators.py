"""Whether somebody does the work of Cilium's operator in each cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding
from ops.services.observe.wrong import is_late

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find leases that nobody renews."""
    for name, (_, view) in case.clusters.items():
        operator, at = view.operator.value, view.operator.at
        if operator is None or at is None or not is_late(view.operator):
            continue
        age = (at - operator.renewed).total_seconds()
        yield Finding(
            about=(name,),
            saw=f"Cilium's operator of {name} has not renewed its lease for {age:.0f} s (it holds {operator.lease} s; "
            f"last: {operator.holder})",
            why="new nodes get no pod range, new pods no identity, and nothing of what is gone is cleared away",
            run=case.commands.hms(f"logs cilium-operator --cluster {name}"),
            needs=frozenset({things.api(name)}),
            breaks=frozenset({things.operator(name)}),
        )


CHECK = Check(
    id="operators",
    title="Cilium's operator works in every cluster",
    covers="a dead operator",
    look=look,
)
