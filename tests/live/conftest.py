"""One lab of the fleet ``dev`` for all tests of this folder, in the order in which they use it up.

``HMS_TEST_LAB=FOLDER`` takes a lab that is up, in that folder of state, and leaves it up: for whoever writes tests.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.live.guests import Guests
from tests.live.lab import DEV, LiveLab
from tests.live.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

ORDER = (
    "test_deployment",
    "test_mesh_status",
    "test_flows",
    "test_global_services",
    "test_refusals",
    "test_large_packets",
    "test_faults",
    "test_explained",
    "test_bundle",
    "test_rotation",
    "test_tunnels",
    "test_end",
    "test_five_clusters",
    "test_killed",
)

BORROWED = os.environ.get("HMS_TEST_LAB")

_FIGURES = pytest.StashKey[list[str]]()


class Figures:
    """What was measured, for the summary at the end of the run."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def add(self, what: str, seen: str) -> None:
        self._lines.append(f"{what}: {seen}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return ORDER.index(item.path.stem) if item.path.parent == Path(__file__).parent else -1

    items.sort(key=place)
    if BORROWED:
        # A lab that is borrowed is not ended.
        ending = [item for item in items if item.path.stem == "test_end"]
        items[:] = [item for item in items if item not in ending]
        config.hook.pytest_deselected(items=ending)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash.get(_FIGURES, []):
        terminalreporter.section("figures of the lab")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    return Figures(pytestconfig.stash.setdefault(_FIGURES, []))


@pytest.fixture(scope="session")
def before() -> Machine:
    """The machine before the lab."""
    return Machine.look()


@pytest.fixture(scope="session")
def lab(before: Machine, figures: Figures, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLab]:
    del before
    state = Path(BORROWED).resolve() if BORROWED else tmp_path_factory.mktemp("live")
    # Its own, for a rotation of the CA is written into it; beside the state, of which nothing is to be left.
    fleet = (state if BORROWED else tmp_path_factory.mktemp("fleet")) / DEV.name
    if not fleet.exists():
        shutil.copy(DEV, fleet)
    live = LiveLab(state, fleet)
    if not BORROWED:
        begun = time.monotonic()
        try:
            live.hms("lab", "up", "--depth", "datapath", timeout=400)
        except BaseException:
            live.hms("lab", "down", code=None)
            raise
        live.seconds_up = time.monotonic() - begun
        figures.add("dev up, deployed, all components Ready", f"{live.seconds_up:.0f} s")
    try:
        yield live
    finally:
        live.close()
        if not BORROWED:
            live.hms("lab", "down")


@pytest.fixture(scope="session")
def guests(lab: LiveLab) -> Iterator[Guests]:
    with Guests.of(lab) as made:
        yield made
