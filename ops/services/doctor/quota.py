"""One rule for every quota of both clouds: what is free, against what a deployment starts with and may grow to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.services.doctor.finding import Finding, bars, good, look

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A quota, and what a deployment takes of it.

    Parameters
    ----------
    subject
        With its region: ``us-east-1: VPCs``.
    used
        What is in use, without what the fleet has already.
    start, most
        What a deployment takes at once, and the most that it may take later.
    raised
        The command that asks for a limit.
    why
        What needs it.
    """

    subject: str
    limit: int
    used: int
    start: int
    most: int
    raised: Callable[[int], str]
    why: str

    def judged(self) -> Finding:
        """Judge it."""
        saw = f"{self.used} of {self.limit} in use, {self.start} needed"
        if self.most > self.start:
            saw += f", {self.most} at most"
        wanted = self.used + self.most
        if self.used + self.start > self.limit:
            return bars(self.subject, saw, self.raised(wanted), self.why)
        if wanted > self.limit:
            later = f"it starts; {wanted - self.limit} are missing once pools are as large as they may get or upgraded"
            return look(self.subject, saw, self.raised(wanted), f"{later}; {self.why}")
        return good(self.subject, saw)
