"""The result of a connectivity test, as tables and as JSON.

JSON, version 1::

    {"v": 1, "fleet": ..., "where": ..., "good": bool, "seconds": float,
     "passed": int, "failed": int, "untried": int,
     "results": [{"kind", "source", "destination", "expected", "outcome", "told", "verdict", "seconds"}, ...],
     "notes": [text, ...]}

``outcome`` is ``passed``, ``failed``, or ``untried`` where nothing is known; ``kind`` is one of
:data:`ops.services.connectivity.plan.Kind` or ``outside``. Fields may be added; none changes its meaning or goes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ops.services.tables import Table

if TYPE_CHECKING:
    from ops.services.connectivity.judge import Outcome, Result

TITLES = {
    "flow": "Declared flows",
    "prefer": "Global services that prefer their own cluster",
    "split": "Global services that split",
    "name": "Names",
    "denied": "Refused, since no flow allows it",
    "large": "Large packets over links",
    "outside": "From outside",
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """All results.

    Parameters
    ----------
    where
        On what it ran.
    notes
        What could not be tried at all, and what the place does differently.
    """

    fleet: str
    where: str
    results: tuple[Result, ...]
    notes: tuple[str, ...]
    seconds: float

    def count(self, outcome: Outcome) -> int:
        """Count the results of an outcome."""
        return sum(result.outcome == outcome for result in self.results)

    @property
    def good(self) -> bool:
        """Whether everything came as expected."""
        return all(result.outcome == "passed" for result in self.results)

    @property
    def summary(self) -> str:
        """Sum it up in a line."""
        parts = [f"{self.count('passed')} of {len(self.results)} as expected"]
        parts += [f"{number} failed"] if (number := self.count("failed")) else []
        parts += [f"{number} could not be tried"] if (number := self.count("untried")) else []
        return f"{self.fleet} on {self.where}: {', '.join(parts)}, after {self.seconds:.1f} s"

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data, as the module describes it."""
        return {
            "v": 1,
            "fleet": self.fleet,
            "where": self.where,
            "good": self.good,
            "seconds": round(self.seconds, 3),
            **{outcome: self.count(outcome) for outcome in ("passed", "failed", "untried")},
            "results": [asdict(result) | {"seconds": round(result.seconds, 3)} for result in self.results],
            "notes": list(self.notes),
        }

    def tables(self) -> tuple[Table, ...]:
        """Give it as tables: first what failed, then what could not be tried, then the rest by kind."""
        bad = [
            _table(title, [result for result in self.results if result.outcome == outcome])
            for title, outcome in (("Failed", "failed"), ("Could not be tried", "untried"))
        ]
        good = [
            _table(title, [result for result in self.results if result.kind == kind and result.outcome == "passed"])
            for kind, title in TITLES.items()
        ]
        return tuple(table for table in (*bad, *good) if table.rows)


def _table(title: str, results: list[Result]) -> Table:
    verdicts = any(result.verdict for result in results)
    return Table(
        title=title,
        head=("from", "to", "expected", "result", *(("agent",) if verdicts else ()), "seconds"),
        rows=tuple(
            (
                result.source,
                result.destination,
                result.expected,
                result.told,
                *((result.verdict,) if verdicts else ()),
                f"{result.seconds:.2f}",
            )
            for result in results
        ),
    )
