"""The cluster itself: it is there as long as the lab runs, so a cloud that deletes it has it emptied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.kubernetes.live.control import ask

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.kind import Inputs, Outputs
    from simulator.kubernetes.live.lab import LabCluster
    from simulator.world import Record

_PATIENCE: Final = 180.0
"""Seconds in which a cluster of a lab is as new: its nodes are switched off and on."""


@dataclass(frozen=True)
class LiveCluster:
    """One real cluster, as its cloud sees it."""

    cluster: LabCluster

    def put(self, context: Context, inputs: Inputs) -> Outputs:  # noqa: ARG002 - the interface
        """Leave it as it is: nothing of what a cloud can change of a cluster is real."""
        return {}

    def read(self, context: Context, record: Record) -> Record:  # noqa: ARG002 - the interface
        """Give what the cloud knows."""
        return record

    def delete(self, context: Context, inputs: Inputs) -> None:  # noqa: ARG002 - the interface
        """Make it as new.

        Raises
        ------
        Refused
            The lab would not, or has not ended in time.
        """
        question = {"verb": "empty", "cluster": self.cluster.name}
        ask(self.cluster.control, question, stop=context.stop, seconds=_PATIENCE)
