"""Which flows the user wants tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.plan import FleetPlan


@dataclass(frozen=True)
class Only:
    """Pairs of caller and called; an empty name stands for any."""

    pairs: tuple[tuple[str, str], ...]

    def has(self, source: str, destination: str) -> bool:
        """Say whether a pair is wanted."""
        return any(first in {"", source} and second in {"", destination} for first, second in self.pairs)


def read_only(plan: FleetPlan, texts: Sequence[str]) -> Only | None:
    """Read ``--only``: ``dev:api``, ``dev:`` for all from dev, ``:api`` for all to api. None where nothing is named.

    Raises
    ------
    RefusedError
        If it is not of that form, or the fleet has no such component.
    """
    pairs = []
    for text in texts:
        source, colon, destination = text.partition(":")
        if not colon or not (source or destination):
            raise RefusedError(
                f"--only {text}: not a flow", "dev:api, or dev: for all from dev, or :api for all to api"
            )
        for name in (source, destination):
            if name and name not in plan.fleet.components:
                known = ", ".join(plan.fleet.components)
                raise RefusedError(
                    f"--only {text}: the fleet {plan.name!r} has no component {name!r}", f"one of {known}"
                )
        pairs.append((source, destination))
    return Only(tuple(pairs)) if pairs else None
