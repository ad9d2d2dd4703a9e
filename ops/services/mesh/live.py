"""The mesh of clusters that can be asked: looked at until it is whole."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ops.errors import ClusterError, HmsError
from ops.services.at_once import at_once
from ops.services.mesh.settled import PARTS, unsettled
from ops.services.mesh.trusting import Trusting, trusting
from ops.services.observe.look import Sight, look
from ops.services.observe.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.plan import FleetPlan
    from ops.services.clusters import Clusters

LAG = timedelta(minutes=2)
"""How long kubelet takes, at most, to write a changed Secret into running pods: its sync period and its cache's."""

_LOOK = 30.0
"""Seconds for one look: large clusters have many agents."""

_POLL = 1.0


@dataclass(frozen=True, kw_only=True)
class Live:
    """A mesh that can be asked.

    Parameters
    ----------
    lag
        As :func:`ops.services.mesh.settled.unsettled` takes it.
    """

    clusters: Clusters
    lag: timedelta = LAG

    def unsettled(self, plan: FleetPlan) -> tuple[str, ...]:
        """List what is not as the plan wants it."""
        sights = self.clusters.sights()
        seen = look(plan.name, self.clusters.where, sights, parts=PARTS, seconds=_LOOK)
        return unsettled(plan, seen, self._trusts(sights), lag=self.lag)

    def trusts(self, plan: FleetPlan) -> dict[str, Seen[Trusting]]:
        """Read whom each cluster of the mesh trusts."""
        sights = self.clusters.sights()
        return self._trusts({name: sight for name, sight in sights.items() if plan.clusters[name].meshed})

    def wait(self, plan: FleetPlan, *, seconds: float, say: Callable[[str], None]) -> float:
        """Wait until the mesh is whole, and give how long that took, in seconds.

        Parameters
        ----------
        say
            Told what is waited for, whenever that changes.

        Raises
        ------
        ClusterError
            If it does not get whole in time; with all that is missing.
        """
        begun = time.monotonic()
        before: tuple[str, ...] = ()
        while missing := self.unsettled(plan):
            if time.monotonic() - begun > seconds:
                raise ClusterError(
                    f"the mesh is not whole after {seconds:.0f} s",
                    "hms mesh status, or hms diagnose; then the same command again",
                    details=tuple(f"  {line}" for line in missing),
                )
            if missing != before:
                more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
                say(f"waiting: {missing[0]}{more}")
            before = missing
            time.sleep(_POLL)
        return time.monotonic() - begun

    def _trusts(self, sights: Mapping[str, Sight | ClusterError]) -> dict[str, Seen[Trusting]]:
        with at_once(len(sights)) as pool:
            return dict(zip(sights, pool.map(_trusting, sights.values()), strict=True))


def _trusting(sight: Sight | HmsError) -> Seen[Trusting]:
    if isinstance(sight, HmsError):
        return Seen(error=sight.message)
    try:
        return Seen(value=trusting(sight.objects))
    except HmsError as error:
        return Seen(error=error.message)
