"""How soon a dead end is noticed: as the clouds have it, or quick."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Timers:
    """Seconds.

    Parameters
    ----------
    aws_hold, azure_hold
        BGP hold times; the shorter holds. Keepalives come three times in one.
    dpd_share
        Factor on the planned dead peer detection.
    retry
        Between two calls that came to nothing.
    """

    aws_hold: int
    azure_hold: int
    dpd_share: float
    retry: int

    def probe(self, timeout: int) -> int:
        """Give how long nothing is heard before an end asks whether the other lives."""
        return max(1, round(timeout * self.dpd_share / 3))

    def retransmit(self, timeout: int) -> float:
        """Give the time between two of the four questions after which the other end is dead.

        strongSwan has no time-out of its own for this in IKEv2.
        """
        return max(0.5, timeout * self.dpd_share / 6)


CLOUD = Timers(aws_hold=30, azure_hold=180, dpd_share=1.0, retry=10)
"""AWS: hold 30, keepalive 10; Azure: 180 and 60; dead peers as planned."""

QUICK = Timers(aws_hold=3, azure_hold=3, dpd_share=0.1, retry=1)
"""For a machine that is waited for."""

TIMERS = {"cloud": CLOUD, "quick": QUICK}
