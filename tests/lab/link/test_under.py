"""The twin in the place of a lab's router: packets of the sites cross real tunnels, and what is shut stays shut."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.lab

TREE = (
    *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
    *("--propagation", "private", "--"),
)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    command = (*TREE, sys.executable, "-W", "ignore", "-m", "tests.lab.link.under_inside")
    root = Path(__file__).parents[3]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120, check=True, cwd=root)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_packets_between_nodes_cross_the_tunnels_sealed(found: dict[str, Any]) -> None:
    assert found["router"]
    assert found["tunnels"]
    assert found["1400"]
    assert "link-aws-azure" not in found["namespaces"]
    assert found["sealed"] > 20
    assert found["clear"] == 0


def test_what_the_plan_does_not_open_stays_shut(found: dict[str, Any]) -> None:
    assert not found["closed"]


def test_a_link_is_cut_and_mended_as_a_router_is(found: dict[str, Any]) -> None:
    assert not found["cut"]
    assert found["whole"]
    assert found["mended"]


def test_an_instance_less_carries_on(found: dict[str, Any]) -> None:
    assert found["one instance"]
    assert found["restored"]
