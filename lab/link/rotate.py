"""Every pre-shared key is exchanged, tunnel by tunnel, with requests under way.

A cloud replaces the tunnel's endpoint for it. What is taken for granted here is that it closes its BGP session before;
where it does not, packets are lost as in the drill that cuts a tunnel.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.link.checks import Checks
from lab.link.drill import hosts
from lab.link.packets import Flows

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.link.twin import End, Twin

_EVERY = 0.1
_FLOWS = 4

_DRAINED = 0.5
"""Seconds from a closed session until nobody sends into its tunnel any more."""


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """What came of it.

    Parameters
    ----------
    tunnels
        Names and seconds of those whose key is another now.
    every
        Seconds between two requests.
    """

    tunnels: tuple[tuple[str, float], ...]
    every: float
    sent: int
    lost: int


def rotate(twin: Twin, progress: Callable[[str], None]) -> Rotation:
    """Exchange all keys.

    Raises
    ------
    LabError
        If the link is not whole to begin with, or a tunnel does not come back.
    """
    checks = Checks(twin)
    if not checks.settle():
        raise LabError("the link is not whole to begin with", "hms link test says why")
    near, far = hosts(twin)
    flows = Flows(near, far, count=_FLOWS, every=_EVERY / _FLOWS)
    done: list[tuple[str, float]] = []
    for number in sorted(twin.aws.keys() & twin.azure.keys()):
        begun = time.monotonic()
        name = twin.tunnels[number - 1].name
        _exchange(twin, twin.aws[number], twin.azure[number])
        if not checks.settle():
            raise LabError(f"{name} does not come back with its new key")
        done.append((name, round(time.monotonic() - begun, 1)))
        progress(f"{name}: new key after {done[-1][1]} s")
    flows.stop()
    return Rotation(tunnels=tuple(done), every=_EVERY, sent=flows.sent, lost=flows.lost)


def _exchange(twin: Twin, aws: End, azure: End) -> None:
    """Give both ends of a tunnel a new key; which one does not matter here."""
    aws.bird.switch(aws.device, on=False)
    time.sleep(_DRAINED)
    key = hashlib.sha256(aws.charon.identity.key.encode()).hexdigest()
    twin.processes.kill(aws.charon.name)
    azure.charon.rekeyed_with(key)
    aws.charon.rekeyed_with(key, running=False)
    twin.revive(aws)
    aws.bird.switch(aws.device, on=True)
