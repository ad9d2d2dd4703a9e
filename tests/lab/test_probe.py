"""Echoes from a node, as ``hms diagnose`` sends them: raw sockets need root."""

from __future__ import annotations

import pytest

from ops.adapters.probe import Targets, listen
from tests.ops.test_diagnose_probe import FakeCilium

pytestmark = pytest.mark.lab


def test_echoes_of_all_sizes_come_back() -> None:
    wanted = Targets(echoes={"127.0.0.1": (64, 1400), "127.0.0.2": (9001,)})
    cilium = FakeCilium()
    heard = listen(cilium, cilium.agents()["aws-1-a"], wanted, seconds=5.0)
    assert heard.echoes == {"127.0.0.1": frozenset({64, 1400}), "127.0.0.2": frozenset({9001})}
