"""Global services: reached from the other cluster, and over to it and back when local pods die."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from infra.load import load_fleet
from tests.live.lab import DEV, host_of, until
from tests.live.stream import Stream, longest_loss, settled
from tests.live.watch import HERE, PEER

if TYPE_CHECKING:
    from tests.live.conftest import Figures
    from tests.live.lab import LiveLab

pytestmark = pytest.mark.lab

FLEET = load_fleet(DEV)
CRITICAL = [name for name, component in FLEET.components.items() if component.critical]

MOST_LOST = 15.0
"""Seconds without an answer when all local pods die at once; half a second is usual."""


def test_pods_of_one_cluster_are_reached_from_the_other(lab: LiveLab) -> None:
    assert lab.names(PEER, "cdf") == set()
    with lab.caller(PEER, "nfo") as caller:
        reply = caller.call(host_of("cdf"), FLEET.components["cdf"].port, calls=20)
    assert reply.failure is None
    assert set(reply.answers) == lab.names(HERE, "cdf")


@pytest.mark.parametrize("component", CRITICAL)
def test_a_critical_component_fails_over_and_returns(component: str, lab: LiveLab, figures: Figures) -> None:
    calls = next(flow.from_ for flow in FLEET.flows if flow.to == component and lab.names(HERE, flow.from_))
    local, remote = lab.names(HERE, component), lab.names(PEER, component)
    assert len(local) == len(remote) == FLEET.components[component].replicas
    with (
        lab.caller(HERE, calls) as caller,
        Stream(caller, host_of(component), FLEET.components[component].port) as stream,
    ):
        begun = time.monotonic()
        until("local pods answer", lambda: settled(stream.since(begun), local))
        died = time.monotonic()
        try:
            lab.scale(HERE, component, 0)
            until("the other cluster answers", lambda: settled(stream.since(died), remote))
        finally:
            returned = time.monotonic()
            lab.scale(HERE, component, FLEET.components[component].replicas)
        back = until("local pods answer again", lambda: settled(stream.since(returned), lab.names(HERE, component)))
        until("all replicas are back", lambda: len(lab.names(HERE, component)) == len(local))
        again = time.monotonic()
        until("only local pods answer", lambda: settled(stream.since(again), lab.names(HERE, component)))
    assert lab.names(HERE, component).isdisjoint(local)
    lost, lost_back = longest_loss(stream.between(died, returned)), longest_loss(stream.since(returned))
    figures.add(f"{component} fails over to {PEER}", f"{lost:.1f} s without an answer")
    figures.add(f"{component} is back in {HERE}", f"after {back:.1f} s, {lost_back:.1f} s without an answer")
    assert lost < MOST_LOST
    assert lost_back < MOST_LOST
