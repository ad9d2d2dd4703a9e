"""The depth ``control``: API servers and the mesh of five clusters, deployed as their program deploys them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from ops.services.clusters import lab_clusters
from ops.services.observe.fleet_report import PARTS
from ops.services.observe.look import look
from tests.live import machine
from tests.live.lab import FLEETS, LiveLab, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.conftest import Figures

pytestmark = pytest.mark.lab

MOST_SECONDS = 240.0
"""Above this it hangs; how long it takes is a figure, on a machine that does nothing else."""


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
    waited = until("all peers are ready", lambda: peers(five) == everything)
    seconds, taken = five.seconds_up + waited, machine.memory(five.folder)
    figures.add("five clusters at the depth control, deployed, all peers ready", f"{seconds:.0f} s, {taken:.1f} GiB")
    assert seconds < MOST_SECONDS


def status(lab: LiveLab, *options: str, code: int | None = None) -> dict[str, Any]:
    answer = lab.hms("status", "--lab", "-o", "json", *options, code=code)
    found: dict[str, Any] = json.loads(answer.out)
    return found


def test_a_status_of_five_clusters_is_whole(five: LiveLab, figures: Figures) -> None:
    with lab_clusters(five.lab, five.plan, seconds=10.0) as clusters:
        sights = clusters.sights()
        first = dict([next(iter(sights.items()))])
        one = min(look("five", "one of them", first, parts=PARTS).seconds for _ in range(3))
    tried = []
    for _ in range(3):
        begun = time.monotonic()
        seen = status(five)["live"]["seconds"]
        tried.append((time.monotonic() - begun, seen))
    whole, seen = min(tried)
    # The command takes as long as it does besides looking, whatever there is to see.
    times = whole / (whole - seen + one)
    figures.add("hms status of five clusters, against one", f"{whole:.2f} s, {times:.2f} times (looking: {seen:.2f} s)")
    assert len(status(five)["live"]["clusters"]) == 5


def test_an_api_server_that_hangs_is_named_in_time(five: LiveLab, figures: Figures) -> None:
    name = next(iter(five.plan.clusters))
    server = ("-f", f"kube-apiserver .*/run/hms/keys/{name}/")
    five.lab.run(name, "pkill", "-STOP", *server)
    try:
        live = status(five, "--timeout", "5")["live"]
    finally:
        five.lab.run(name, "pkill", "-CONT", *server)
    figures.add("hms status --timeout 5, one API server hanging", f"looked for {live['seconds']:.1f} s")
    assert live["seconds"] < 6.0
    errors = {each: told["error"] for each, told in live["clusters"].items()}
    assert errors == {each: "no answer within 5 s" if each == name else None for each in five.plan.clusters}
