"""Parts of the tunnels are cut under a mesh, while pods call a critical component.

``python -m tests.live.cuts STATE`` does it in a lab of the fleet ``dev`` that is up with ``--link ipsec``, at the
timers that it was given, and prints a table for docs/link-drill.md.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.live.lab import DEV, LiveLab, host_of, until
from tests.live.stream import Stream, longest_loss, settled
from tests.live.watch import HERE, PEER

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALLERS = {HERE: "a2a", PEER: "ops"}
"""In each cluster, a component that calls the critical one."""

_STILL = 8.0
"""Seconds without a loss after which a cut is over with; more than that pass at the clouds' timers until it begins."""


@dataclass(frozen=True)
class Cut:
    """What is cut: a tunnel, or the instance of Azure's gateway that it belongs to."""

    what: str
    tunnel: str


TUNNELS = tuple(Cut("tunnel", f"aws-azure-connection-{number}") for number in range(1, 5))
INSTANCES = tuple(Cut("instance", f"aws-azure-connection-{number}") for number in (1, 3))


@dataclass(frozen=True)
class Done:
    """What a cut did.

    Parameters
    ----------
    silent
        Seconds in a row without any answer of the critical component across the link, from the cut on.
    last
        Seconds from the cut until the last request that was lost.
    lost, sent
        Requests across the link.
    lost_local
        Requests lost that need no link.
    back
        Seconds without an answer after the cut was mended.
    """

    silent: float
    last: float
    lost: int
    sent: int
    lost_local: int
    back: float

    @property
    def told(self) -> str:
        return (
            f"across the link {self.silent:.1f} s without any answer, {self.lost} of {self.sent} requests lost, "
            f"the last after {self.last:.1f} s; {self.lost_local} lost where no link is needed; "
            f"{self.back:.1f} s when mended"
        )


@contextmanager
def critical(lab: LiveLab) -> Iterator[str]:
    """Let the pods of a critical component die in one cluster; that of the other answers for it. Gives its name."""
    name = next(name for name, component in lab.plan.fleet.components.items() if component.critical)
    try:
        lab.scale(HERE, name, 0)
        until("its pods are gone", lambda: not lab.names(HERE, name))
        yield name
    finally:
        lab.scale(HERE, name, lab.plan.fleet.components[name].replicas)
        until("its pods are back", lambda: len(lab.names(HERE, name)) == lab.plan.fleet.components[name].replicas)


def cut_and_mended(lab: LiveLab, component: str, cut: Cut, still: float = _STILL) -> Done:
    """Cut something and mend it; pods of both clusters call a component that only the peer has.

    Parameters
    ----------
    still
        Seconds for which every request has to be answered before it counts as over.
    """
    port, remote = lab.plan.fleet.components[component].port, lab.names(PEER, component)
    with ExitStack() as stack:
        streams = {}
        for cluster, caller in _CALLERS.items():
            entered = stack.enter_context(lab.caller(cluster, caller))
            streams[cluster] = stack.enter_context(Stream(entered, host_of(component), port))
        across, local = streams[HERE], streams[PEER]
        begun = time.monotonic()
        until("all answer", lambda: all(settled(each.since(begun), remote) for each in streams.values()))
        begun = time.monotonic()
        lab.lab.ask("break", fault=cut.what, target=cut.tunnel)
        try:
            until("nothing is lost any more", lambda: _calm(across, begun, still), 150.0)
        finally:
            mended = time.monotonic()
            lab.lab.ask("mend", fault=cut.what, target=cut.tunnel)
        until("nothing is lost any more", lambda: _calm(across, mended, still), 150.0)
        of_cut, of_mending = across.between(begun, mended), across.since(mended)
        nearby = local.since(begun)
    return Done(
        silent=longest_loss(of_cut),
        last=max((request.sent - begun for request in of_cut if not request.by), default=0.0),
        lost=sum(not request.by for request in of_cut),
        sent=len(of_cut),
        lost_local=sum(not request.by for request in nearby),
        back=longest_loss(of_mending),
    )


def _calm(stream: Stream, begun: float, still: float) -> bool:
    """Say whether for so long every request was answered."""
    now = time.monotonic()
    last = stream.since(max(begun, now - still))
    return now - begun > still and bool(last) and all(request.by for request in last)


def main() -> int:
    """Cut everything in turn and print what it did."""
    state = Path(sys.argv[1]).resolve()
    fleet = state / DEV.name
    with closing(LiveLab(state, fleet if fleet.exists() else DEV)) as lab, critical(lab) as component:
        _row("Cut", "Without any answer", "Last loss after", "Lost", "Where no link is needed", "When mended")
        _row(*("---",) * 6)
        for cut in (*TUNNELS, *INSTANCES):
            # A hold timer and dead peers of clouds begin after half a minute.
            done = cut_and_mended(lab, component, cut, still=35.0)
            _row(
                f"`{cut.what} {cut.tunnel}`",
                f"{done.silent:.1f} s",
                f"{done.last:.1f} s",
                f"{done.lost} of {done.sent}",
                str(done.lost_local),
                f"{done.back:.1f} s",
            )
    return 0


def _row(*cells: str) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
