"""The mesh over the planned tunnels, for real: every flow passes, and parts of the link are cut under it.

Timers are quick ones here; docs/link-drill.md has what the clouds' timers give, from ``python -m tests.live.cuts``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.live.cuts import INSTANCES, TUNNELS, critical, cut_and_mended
from tests.live.lab import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.conftest import Figures
    from tests.live.cuts import Cut
    from tests.live.lab import LiveLab

pytestmark = pytest.mark.lab

MOST_LOST = 20.0
"""Seconds; BGP's hold timer is 3 s."""


@pytest.fixture(scope="module", autouse=True)
def carried(lab: LiveLab) -> None:
    said = lab.hms("lab", "up", "--link", "ipsec", "--timers", "quick", timeout=400)
    assert "4 tunnels carry the links between clouds" in said.err


def test_every_flow_passes_and_every_other_is_refused(lab: LiveLab, figures: Figures) -> None:
    report = json.loads(lab.hms("connectivity", "test", "--lab", "-o", "json").out)
    passed, tried = report["passed"], len(report["results"])
    figures.add("hms connectivity test over tunnels", f"{passed} of {tried} in {report['seconds']:.0f} s")
    assert passed == tried > 100


@pytest.fixture(scope="module")
def alone(lab: LiveLab) -> Iterator[str]:
    """A critical component whose pods here are dead, so that callers depend on the link."""
    with critical(lab) as component:
        yield component


@pytest.mark.parametrize("cut", [TUNNELS[0], INSTANCES[0]], ids=lambda cut: f"{cut.what} {cut.tunnel}")
def test_critical_components_answer_while_part_of_the_link_is_cut(
    cut: Cut, alone: str, lab: LiveLab, figures: Figures
) -> None:
    done = cut_and_mended(lab, alone, cut)
    figures.add(f"{cut.what} {cut.tunnel} cut", done.told)
    assert done.lost_local == 0
    assert done.silent < MOST_LOST


def test_the_mesh_is_whole_afterwards(lab: LiveLab) -> None:
    until("hms mesh status finds nothing wrong", lambda: lab.hms("mesh", "status", "--lab", code=None).code == 0, 60)
