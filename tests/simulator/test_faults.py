from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.faults import CUT_EXIT_CODE, Fault, FaultPlan
from simulator.kind import Refused

ROOT = Path(__file__).parents[2]


def strike(plan: FaultPlan, kind: str = "cloud:x:X", operation: str = "create", when: str = "before") -> list[float]:
    slept: list[float] = []
    plan.strike(token=kind, urn="urn::x", operation=operation, when=when, sleep=slept.append)
    return slept


def test_it_strikes_what_it_is_meant_for_and_as_often_as_planned() -> None:
    plan = FaultPlan((Fault(kind="cloud:x:*", operation="create", times=2, code="Busy", message="later"),))
    assert strike(plan, kind="cloud:y:Y") == []
    assert strike(plan, operation="delete") == []
    assert strike(plan, when="after") == []
    for _ in range(2):
        with pytest.raises(Refused, match="Busy: later"):
            strike(plan)
    assert strike(plan) == []


def test_delays_are_not_scaled() -> None:
    assert strike(FaultPlan((Fault(action="delay", seconds=2.5, operation="*"),))) == [2.5]


def test_a_cut_ends_the_process() -> None:
    code = (
        "from simulator.faults import *\n"
        "plan = FaultPlan((Fault(action='cut', operation='*'),))\n"
        "plan.strike(token='t', urn='u', operation='create', when='before', sleep=print)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == CUT_EXIT_CODE


def test_a_plan_is_read_strictly(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([{"kind": "a:*", "action": "fail"}]))
    with pytest.raises(Refused):
        strike(FaultPlan.read(path), kind="a:b")
    path.write_text(json.dumps([{"kinds": "a:*"}]))
    with pytest.raises(TypeError, match="kinds"):
        FaultPlan.read(path)
