"""The lab ends: nothing of it is left on the machine, and no setting of the machine is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.machine.cgroups import hierarchies, lab_cgroup
from tests.live.machine import Belongings, Machine, left_since

if TYPE_CHECKING:
    from tests.live.lab import LiveLab

pytestmark = pytest.mark.lab


def test_a_lab_that_is_ended_leaves_nothing(lab: LiveLab, before: Machine) -> None:
    running, owns = Machine.look(), Belongings.of(lab.folder)
    # The comparison can see a lab: what it has while it runs, it must not have afterwards.
    assert {"cgroups", "bpf_programs", "bpf_maps"} <= set(running.more_than(before))
    assert len(owns.processes()) > 50
    assert any((hierarchy / lab_cgroup(lab.folder)).exists() for hierarchy in hierarchies())
    lab.close()
    said = lab.hms("lab", "down").err
    assert "the lab is gone" in said
    assert owns.left() == []
    assert left_since(before) == {}
    assert not lab.state.exists()


def test_ending_it_again_is_no_error(lab: LiveLab) -> None:
    assert "no lab runs" in lab.hms("lab", "down").err
