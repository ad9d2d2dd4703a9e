"""Every fault of the lab is put in and taken out once. What the mesh shows and ``hms`` tells: docs/lab/faults.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.load import load_fleet
from infra.planner import plan_fleet
from lab.faults.catalogue import FAULTS
from tests.live.faults import cases, whole_mesh
from tests.live.lab import DEV
from tests.live.record import PAGE, Record, masked, page, put_in_and_out
from tests.live.told import WELL, told_until
from tests.live.watch import Watch

if TYPE_CHECKING:
    from tests.live.conftest import Figures
    from tests.live.faults import Case
    from tests.live.guests import Guests

pytestmark = pytest.mark.lab

PLAN = plan_fleet(load_fleet(DEV))
CASES = cases(PLAN)


@pytest.fixture(scope="module")
def watch(guests: Guests) -> Watch:
    watch = Watch(guests)
    whole = whole_mesh(PLAN)
    assert watch.until(whole, 60.0)[0] == whole
    assert told_until(guests.lab, WELL, 60.0)[0] == WELL
    return watch


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return []


def test_every_fault_has_a_case() -> None:
    # Those of tunnels need a lab whose links are tunnels: tests/lab/link has them.
    of_this_lab = [name for name, fault in FAULTS.items() if fault.target != "tunnel"]
    assert sorted(case.fault for case in CASES) == sorted(of_this_lab)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.fault} {case.target}")
def test_a_fault_shows_and_is_mended(case: Case, watch: Watch, records: list[Record], figures: Figures) -> None:
    record = put_in_and_out(watch, case, whole_mesh(PLAN))
    figures.add(
        f"{case.fault} {case.target} mended",
        f"whole after {record.seconds:.1f} s, and told to be after {record.until_told:.1f} s",
    )
    assert record.seen == case.expected(whole_mesh(PLAN))
    assert record.told == case.told
    records.append(record)


def test_the_page_tells_what_was_seen(records: list[Record]) -> None:
    assert [record.case for record in records] == list(CASES)
    assert masked(PAGE.read_text(encoding="utf-8")) == masked(page(PLAN, records)), (
        "write it anew: python -m tests.live.record_faults STATE"
    )
