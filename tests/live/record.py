"""Puts faults in and takes them out, and writes docs/lab/faults.md of what was seen meanwhile."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.faults.catalogue import FAULTS
from tests.live.faults import whole_mesh
from tests.live.lab import ROOT
from tests.live.told import WELL, told_until
from tests.live.watch import CONFIGURATION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.plan import FleetPlan
    from tests.live.faults import Case
    from tests.live.told import Told
    from tests.live.watch import Seen, Watch

PAGE = ROOT / "docs" / "lab" / "faults.md"

SHOWS_WITHIN = 45.0
TOLD_WITHIN = 45.0
WHOLE_WITHIN = 150.0
"""Seconds. Whoever copies from a peer that was away waits up to two minutes (gRPC's longest backoff)."""

_STEPS = (2, 5, 10, 20, 30, 60, 120, 150)
"""Seconds that the page tells in, so that one run is told like another."""

_HEAD = """\
# What the mesh shows while something is broken

Written by `python -m tests.live.record_faults` from what a lab of the fleet `dev` did; `make test-lab` does all of it
again and compares. Every fault of `hms lab break` was put in once and taken out again. Meanwhile pods of the test
called each other, one on each node; global services were changed to see whether peers learn of it; and
`hms lab status` was asked. Then the command line was asked what is wrong.

"""

_TRIED = """
| Tried | In a whole mesh |
|---|---|
"""

_FOUND = """\
| Fault | Shown by | `hms diagnose` names, and nothing else |
|---|---|---|
"""


@dataclass(frozen=True)
class Record:
    """What was seen and told of a case, and the seconds from its mending until the mesh was whole, and told to be."""

    case: Case
    seen: Seen
    told: Told
    seconds: float
    until_told: float


def put_in_and_out(watch: Watch, case: Case, whole: Seen) -> Record:
    """Put a fault in, look until it shows, take it out, look until the mesh is whole."""
    lab = watch.guests.lab.lab
    lab.ask("break", fault=case.fault, target=case.target)
    try:
        if case.then is not None:
            for verb in ("break", "mend"):
                lab.ask(verb, fault=case.then[0], target=case.then[1])
        seen, _ = watch.until(case.expected(whole), SHOWS_WITHIN)
        told, _ = told_until(watch.guests.lab, case.told, TOLD_WITHIN)
    finally:
        mending = time.monotonic()
        lab.ask("mend", fault=case.fault, target=case.target)
        mended = time.monotonic() - mending
    after, waited = watch.until(whole, WHOLE_WITHIN)
    assert after == whole, f"{case.fault} {case.target} was mended {WHOLE_WITHIN:.0f} s ago"
    again, _ = told_until(watch.guests.lab, WELL, WHOLE_WITHIN)
    assert again == WELL, f"{case.fault} {case.target} was mended {WHOLE_WITHIN:.0f} s ago"
    return Record(case, seen, told, mended + waited, time.monotonic() - mending)


def page(plan: FleetPlan, records: Iterable[Record]) -> str:
    """Write the page."""
    whole, found = whole_mesh(plan), list(records)
    rows = "".join(f"| {tried} | {told} |\n" for tried, told in (*whole.tried.items(), ("hms lab status", "all well")))
    return _HEAD + _FOUND + "".join(map(_row, found)) + _TRIED + rows + "".join(_section(each, whole) for each in found)


def masked(text: str) -> str:
    """Take out the seconds, which no two runs share."""
    return re.sub(r"within \d+ s", "within ... s", text)


def _row(record: Record) -> str:
    shown_by = ", ".join(f"`{verb}`" for verb in record.told.shown_by)
    causes = ", ".join(f"`{check}`: {about}" for check, about in record.told.causes)
    return f"| {record.case.fault} {record.case.target} | {shown_by} | {causes} |\n"


def _section(record: Record, whole: Seen) -> str:
    case, seen = record.case, record.seen
    then = f"; then `{case.then[0]} {case.then[1]}` was broken and mended" if case.then else ""
    rows = [(tried, told) for tried, told in seen.tried.items() if told != whole.tried[tried]]
    rows += [("hms lab status", f"`{line}`") for line in seen.status] or [("hms lab status", "all well")]
    if all(tried == CONFIGURATION for tried, _ in rows[:-1]):
        rows.insert(0, ("every call, every change", "as in a whole mesh"))
    within = next(step for step in _STEPS if record.seconds <= step)
    return (
        f"\n## {case.fault} {case.target}\n\n"
        f"{FAULTS[case.fault].means[0].upper()}{FAULTS[case.fault].means[1:]}{then}. {case.why}\n\n"
        "| Tried | Meanwhile |\n|---|---|\n"
        + "".join(f"| {tried} | {told} |\n" for tried, told in rows)
        + f"\nWhole again within {within} s of `hms lab mend`.\n"
    )
