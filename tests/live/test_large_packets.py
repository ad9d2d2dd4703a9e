"""Large packets over a link that drops fragments: they pass at the planned MTU, and a wrong one is caught."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from infra.planner import link_mtu
from lab.faults.underlay import SMALL_MTU
from lab.tools import tool
from tests.live.dial import Call
from tests.live.guests import PORT, caller, dial_from_node
from tests.live.watch import HERE, LARGE_OCTETS, PEER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.adapters.kubernetes_ports import Reply
    from tests.live.conftest import Figures
    from tests.live.guests import Guests
    from tests.live.lab import LiveLab

pytestmark = pytest.mark.lab

LINK = "aws-azure"
CALLS = 12
"""Of 900 kB each: 10.8 MB."""

A_LITTLE = 16
"""Octets that WireGuard may leave empty, where packets are encrypted."""

MOST_SECONDS = 30.0
"""For all of them; less than a second on a machine that is not busy."""


@pytest.fixture(params=[(HERE, PEER), (PEER, HERE)], ids=[f"to {PEER}", f"to {HERE}"], scope="module")
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    ends: tuple[str, str] = request.param
    return ends


def send(guests: Guests, way: tuple[str, str], *, calls: int, octets: int) -> Reply:
    """Send requests from a guest of one cluster to one of the other."""
    (source, *_), (destination, *_) = guests.pods(way[0]), guests.pods(way[1])
    return caller(guests.lab, source).call(destination.address, PORT, calls=calls, octets=octets, seconds=4.0)


def stalls(guests: Guests, way: tuple[str, str]) -> bool:
    """Say whether one large request gets no answer, many times as long as one takes."""
    (source, *_), (destination, *_) = guests.pods(way[0]), guests.pods(way[1])
    call = Call(host=destination.address, port=PORT, octets=LARGE_OCTETS)
    return dial_from_node(guests.lab, source, [call], 3.0) == [[]]


def fragments_dropped(lab: LiveLab) -> int:
    """Count the fragments that the link's and the sites' routers have dropped."""
    found = 0
    for space in (f"link-{LINK}", *(f"site-{site}" for site in lab.plan.sites)):
        rules = lab.lab.run(space, str(tool("iptables-save")), "-c", "-t", "filter")
        found += sum(int(number) for number in re.findall(r"^\[(\d+):\d+\] .* -f -j DROP$", rules, re.MULTILINE))
    return found


@contextmanager
def broken(lab: LiveLab) -> Iterator[None]:
    lab.hms("lab", "break", "mtu", LINK)
    try:
        yield
    finally:
        lab.hms("lab", "mend", "mtu", LINK)


def test_pods_know_the_planned_mtu(lab: LiveLab, figures: Figures) -> None:
    planned = link_mtu(lab.plan.fleet, lab.plan.links[LINK].sites)
    assert lab.plan.mesh.mtu == planned
    found = set()
    for node in (f"{HERE}-a", f"{PEER}-a"):
        command = "for pod in $(ip netns | cut -d' ' -f1); do ip -n $pod route show default; done"
        found |= set(re.findall(r"mtu (\d+)", lab.lab.run(node, "sh", "-c", command)))
    (mtu,) = found
    figures.add("MTU", f"{planned} of the link, {mtu} of pods")
    assert int(mtu) < planned


def test_ten_megabytes_pass_whole(guests: Guests, way: tuple[str, str], figures: Figures) -> None:
    dropped = fragments_dropped(guests.lab)
    reply = send(guests, way, calls=CALLS, octets=LARGE_OCTETS)
    figures.add(f"{CALLS * LARGE_OCTETS / 1e6:.1f} MB from {way[0]} to {way[1]}", f"{reply.seconds:.1f} s")
    assert reply.failure is None
    assert reply.seconds < MOST_SECONDS
    assert fragments_dropped(guests.lab) == dropped


def test_a_little_less_than_planned_is_too_little(guests: Guests, way: tuple[str, str]) -> None:
    lab = guests.lab
    for end in ("near", "far"):
        lab.lab.run(f"link-{LINK}", "ip", "link", "set", "dev", end, "mtu", str(lab.plan.mesh.mtu - A_LITTLE))
    try:
        assert stalls(guests, way)
    finally:
        lab.hms("lab", "mend", "mtu", LINK)


def test_a_wrong_mtu_is_caught_and_mended(guests: Guests, figures: Figures) -> None:
    lab = guests.lab
    assert lab.plan.mesh.mtu > SMALL_MTU
    with broken(lab):
        dropped = fragments_dropped(lab)
        for way in ((HERE, PEER), (PEER, HERE)):
            assert send(guests, way, calls=3, octets=0).failure is None
            assert stalls(guests, way)
        lost = fragments_dropped(lab) - dropped
        report = json.loads(lab.hms("connectivity", "test", "--lab", "--only", "nfo:cdf", "-o", "json", code=1).out)
    figures.add(f"a link of {SMALL_MTU} octets", f"{lost} fragments dropped, hms connectivity test fails")
    assert lost > 0
    failed = {
        (result["kind"], result["source"], result["destination"])
        for result in report["results"]
        if result["outcome"] != "passed"
    }
    assert failed == {("large", f"{PEER}/nfo", f"{HERE}/cdf (pod)")}
    for way in ((HERE, PEER), (PEER, HERE)):
        assert send(guests, way, calls=CALLS, octets=LARGE_OCTETS).failure is None
