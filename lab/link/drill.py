"""Something of the link is cut under traffic: how long it hurts, whom, and when it is whole again."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.link.checks import Checks, tunnels_used
from lab.link.packets import Flows
from lab.machine.spaces import network_space

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.link.twin import Twin

CUTS = {
    "tunnel": "one AWS tunnel endpoint is taken away, as AWS does for maintenance",
    "path": "packets between the two ends of one tunnel vanish on the internet",
    "instance": "one instance of the Azure gateway dies: half of the tunnels",
    "gateway": "every tunnel is cut, and comes back: the whole link is down meanwhile",
}

_FLOWS = 16
_EVERY = 0.1

_PATIENCE = 3.0
"""Factor on the longest timer, after which nothing more is waited for."""


@dataclass(frozen=True, kw_only=True)
class Drill:
    """What a cut did.

    Parameters
    ----------
    what
        What was cut, by name.
    flows, hit
        Flows under way, and those of them that lost something.
    sent, lost
        Packets.
    seconds
        From the cut until the last packet was lost; with ``gateway``, from when the cut was mended.
    whole
        Seconds from mending until every tunnel and session was up again; negative where they never were.
    """

    cut: str
    what: str
    flows: int
    hit: int
    sent: int
    lost: int
    seconds: float
    whole: float


def drill(twin: Twin, cut: str, progress: Callable[[str], None]) -> Drill:
    """Cut something and mend it, with flows under way both ways.

    Raises
    ------
    LabError
        If there is no such cut, or the link is not whole to begin with.
    """
    if cut not in CUTS:
        raise LabError(f"there is no cut {cut!r}", f"one of {', '.join(CUTS)}")
    checks = Checks(twin)
    if not checks.settle():
        raise LabError("the link is not whole to begin with", "hms link test says why")
    near, far = hosts(twin)
    number = _carrying(twin, near, far)
    dead = max(end.charon.identity.dpd_timeout for end in twin.ends()) * twin.timers.dpd_share
    longest = _PATIENCE * max(twin.timers.aws_hold, dead)
    flows = Flows(near, far, count=_FLOWS, every=_EVERY)
    time.sleep(1)
    cutter = Cutter(twin, number, cut)
    begun = time.monotonic()
    what = cutter.cut()
    progress(f"cut: {what}")
    if cut == "gateway":
        # Nothing carries on: it is mended once both ends have given up, and what counts is the way back.
        time.sleep(longest / _PATIENCE + 2)
        begun = time.monotonic()
    else:
        _calm(flows, begun, longest)
        last = flows.quiet_since()
    mended = time.monotonic()
    cutter.mend()
    whole = checks.settle(patience=longest + 60, still=longest + 60)
    back = time.monotonic() - mended
    if cut == "gateway":
        time.sleep(1)
        last = flows.quiet_since()
    flows.stop()
    hit = sum(bool(flow.lost()) for flow in flows.flows)
    return Drill(
        cut=cut,
        what=what,
        flows=_FLOWS,
        hit=hit,
        sent=flows.sent,
        lost=flows.lost,
        seconds=round(max(last - begun, 0.0), 1),
        whole=round(back, 1) if whole else -1.0,
    )


class Cutter:
    """Cuts one thing and mends it.

    Parameters
    ----------
    number
        A tunnel: that is cut, or what it belongs to.
    """

    def __init__(self, twin: Twin, number: int, cut: str) -> None:
        self._twin = twin
        self._cut = cut
        self._number = number
        self._instance = twin.azure[number].gateway
        self._numbers: tuple[int, ...] = {
            "tunnel": (number,),
            "path": (number,),
            "instance": tuple(other for other, end in twin.azure.items() if end.gateway == self._instance),
            "gateway": tuple(twin.azure),
        }[cut]

    def cut(self) -> str:
        """Cut it, and say what it is."""
        name = self._twin.tunnels[self._number - 1].name
        if self._cut == "tunnel":
            self._twin.processes.kill(self._twin.aws[self._number].charon.name)
            return f"endpoint of {name}"
        for number in self._numbers:
            self._twin.block(number, blocked=True)
        if self._cut == "instance":
            self._signal(signal.SIGSTOP)
            self._fabric("down")
        if self._cut == "path":
            return f"path of {name}"
        return self._instance if self._cut == "instance" else f"all {len(self._numbers)} tunnels"

    def mend(self) -> None:
        """Let it come up again."""
        if self._cut == "tunnel":
            self._twin.revive(self._twin.aws[self._number])
            return
        for number in self._numbers:
            self._twin.block(number, blocked=False)
        if self._cut == "instance":
            self._fabric("up")
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """Freeze what runs on an instance: the kernel says goodbye for what is killed, and a dead machine does not."""
        for name in (f"{self._instance}-bird", *(self._twin.azure[one].charon.name for one in self._numbers)):
            self._twin.processes.send(name, number)

    def _fabric(self, state: str) -> None:
        self._twin.processes.run(network_space(self._instance), "ip", "link", "set", "fabric", state)


def hosts(twin: Twin) -> tuple[tuple[str, str], tuple[str, str]]:
    """Give the hosts of the first pair of networks that a tunnel joins."""
    for aws, azure in product(twin.aws_gateways(), twin.azure_gateways()):
        if any(
            tunnel.aws and tunnel.azure and (tunnel.aws.gateway.urn, tunnel.azure.gateway.planned.urn) == (aws, azure)
            for tunnel in twin.tunnels
        ):
            return (twin.sites[aws], twin.hosts[aws]), (twin.sites[azure], twin.hosts[azure])
    raise LabError("no tunnel joins two networks")


def _carrying(twin: Twin, near: tuple[str, str], far: tuple[str, str]) -> int:
    """Give a tunnel that packets take: cutting another would show nothing."""
    there, _ = tunnels_used(twin, near, far)
    return min(there, default=1)


def _calm(flows: Flows, since: float, longest: float) -> None:
    """Wait until nothing has been lost for long enough that nothing more will be."""
    end = time.monotonic() + longest
    still = max(3.0, longest / 9)
    while time.monotonic() < end:
        time.sleep(0.5)
        last = max(flows.quiet_since(), since)
        if time.monotonic() - last > still and time.monotonic() - since > longest / 2:
            return
