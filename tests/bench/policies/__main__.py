"""``python -m tests.bench.policies``: the tables; fails when a weakening gets by, or a harmless change does not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ops.services.tables import Table
from ops.terminal import draw
from policies.document import FAMILIES
from policies.registry import BY_ID
from tests.bench.policies.coverage import left_out
from tests.bench.policies.harmless import HARMLESS
from tests.bench.policies.weakenings import WEAKENINGS

if TYPE_CHECKING:
    from tests.bench.policies.mutation import Harmless, Verdict, Weakening

Judged = list[tuple["Weakening", "Verdict"]]
Tried = list[tuple["Harmless", tuple[str, ...]]]


def main() -> int:
    """Try all, print all, and give the exit code."""
    judged = [(one, one.judge()) for one in WEAKENINGS]
    tried = [(one, one.judge()) for one in HARMLESS]
    missing = left_out(WEAKENINGS)
    draw((_weakenings(judged), _families(judged), _harmless(tried), _rules(missing)))
    caught = sum(verdict.caught for _, verdict in judged)
    quiet = sum(not said for _, said in tried)
    rules = len({one.id for one in WEAKENINGS})
    print(  # noqa: T201 - what it is for
        f"{caught} of {len(judged)} weakenings caught, by {rules} rules; "
        f"{len(tried) - quiet} of {len(tried)} harmless changes reported; "
        f"{sum(map(bool, missing.values()))} rules look at nothing that these fleets plan"
    )
    return 0 if (caught, quiet) == (len(judged), len(tried)) and all(missing.values()) else 1


def _weakenings(judged: Judged) -> Table:
    rows = [
        (
            one.what,
            one.rule.family,
            one.edit.kind,
            one.resource,
            one.id if verdict.caught else f"NOT CAUGHT by {one.id}",
            ", ".join(verdict.others),
        )
        for one, verdict in judged
    ]
    head = ("weakening", "family", "kind", "resource", "caught by", "others that spoke")
    return Table(title="Weakenings", head=head, rows=tuple(rows))


def _families(judged: Judged) -> Table:
    rows = []
    for family in FAMILIES:
        own = [verdict.caught for one, verdict in judged if one.rule.family == family]
        rows.append((family, str(len(own)), str(sum(own))))
    return Table(title="By family", head=("family", "weakenings", "caught"), rows=tuple(rows))


def _harmless(tried: Tried) -> Table:
    rows = [(one.what, _where(one), "; ".join(said) or "nothing") for one, said in tried]
    return Table(title="Harmless changes", head=("change", "resource", "reported"), rows=tuple(rows))


def _where(change: Harmless) -> str:
    names = list(dict.fromkeys(name for name, _ in change.edits))
    return names[0] if len(names) == 1 else f"{names[0]}, and {len(names) - 1} more"


def _rules(missing: dict[str, str]) -> Table:
    rows = [(id_, BY_ID[id_].family, why or "NONE: it looks at what is planned") for id_, why in missing.items()]
    return Table(title="Rules without a weakening", head=("rule", "family", "why"), rows=tuple(rows))


if __name__ == "__main__":
    sys.exit(main())
