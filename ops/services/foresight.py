"""What a run will do, told before it does it: for the question, and for showing what is left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ops.progress.events import Event, Step, Verb

if TYPE_CHECKING:
    from ops.adapters.engine import RunResult, StackState
    from ops.services.targets import Target


def planned(verb: Verb, target: Target, result: RunResult) -> Event:
    """Tell what a preview found."""
    return Event(kind="plan", stack=target.stack, verb=verb, time=time.time(), steps=result.steps, counts=result.counts)


def foreseen(verb: Verb, state: StackState) -> Event:
    """Tell what the state says of a destroy or refresh, which need no preview."""
    after: dict[str, list[str]] = {urn: [] for urn in state.graph}
    for urn, needed in state.graph.items():
        for other in needed:
            # What others need is deleted after them; reading has no order.
            if verb == "destroy" and other in after:
                after[other].append(urn)
    op = "delete" if verb == "destroy" else "refresh"
    steps = tuple(Step(urn=urn, op=op, after=tuple(others)) for urn, others in after.items())
    return Event(kind="plan", stack=state.name, verb=verb, time=time.time(), steps=steps)
