"""``hms status``, ``hms mesh status`` and ``hms mesh certs`` of a whole lab: all is well, and true."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.live.lab import until
from tests.ops.agreement import disagreements

if TYPE_CHECKING:
    from tests.live.conftest import Figures
    from tests.live.lab import LiveLab

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("verb", [("status",), ("mesh", "status"), ("mesh", "certs")])
def test_all_is_well(lab: LiveLab, verb: tuple[str, ...]) -> None:
    lab.hms(*verb, "--lab")


def test_the_mesh_is_as_its_processes_say(lab: LiveLab, figures: Figures) -> None:
    """Field by field. What changes between the two questions is asked again."""
    taken: list[float] = []

    def agree() -> bool:
        told = json.loads(lab.hms("mesh", "status", "--lab", "-o", "json").out)
        taken.append(told["seconds"])
        return disagreements(told, lab.lab) == []

    until("hms mesh status says what kvstoremesh and the agents say", agree, 30)
    figures.add("hms mesh status of two clusters", f"looked for {min(taken):.1f} s")
