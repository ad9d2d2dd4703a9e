from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.load import load_fleet
from infra.planner import plan_fleet
from tests.ops.fakes import Bench, FakeEngine, Recorder

if TYPE_CHECKING:
    from infra.plan import FleetPlan

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def dev_plan() -> FleetPlan:
    return plan_fleet(load_fleet(ROOT / "fleets" / "dev.yaml"))


@pytest.fixture
def bench(dev_plan: FleetPlan) -> Bench:
    return Bench(plan=dev_plan, engine=FakeEngine(), reporter=Recorder(), fleet=ROOT / "fleets" / "dev.yaml")
