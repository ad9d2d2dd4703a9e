"""The depth ``control``: API servers and the mesh of five clusters, deployed as their program deploys them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.live import machine
from tests.live.lab import FLEETS, LiveLab, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.conftest import Figures

pytestmark = pytest.mark.lab

MOST_SECONDS = 60.0


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLab]:
    live = LiveLab(tmp_path_factory.mktemp("five"), FLEETS / "five.yaml")
    try:
        begun = time.monotonic()
        live.hms("lab", "up", "--depth", "control")
        live.seconds_up = time.monotonic() - begun
        yield live
    finally:
        live.close()
        live.hms("lab", "down")


def peers(lab: LiveLab) -> dict[str, dict[str, str]]:
    told = json.loads(lab.hms("lab", "status", "-o", "json").out)
    return {cluster["name"]: cluster["mesh"] for cluster in told["clusters"]}


def test_every_cluster_has_every_other_for_a_peer(five: LiveLab, figures: Figures) -> None:
    names = list(five.plan.clusters)
    assert len(names) == 5
    everything = {name: dict.fromkeys((other for other in names if other != name), "ready") for name in names}
    waited = until("all peers are ready", lambda: peers(five) == everything, 30)
    seconds, taken = five.seconds_up + waited, machine.memory(five.folder)
    figures.add("five clusters at the depth control, deployed, all peers ready", f"{seconds:.0f} s, {taken:.1f} GiB")
    assert seconds < MOST_SECONDS
