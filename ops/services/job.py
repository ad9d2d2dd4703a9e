"""What a command was asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from infra.plan import FleetPlan
    from ops.adapters.pack import Pack
    from ops.services.targets import Target


class Ask(Protocol):
    """Asks the person at the terminal."""

    def sure(self, question: str) -> bool:
        """Ask a question that yes or no answers."""
        ...

    def typed(self, question: str) -> str:
        """Ask for a word."""
        ...


@dataclass(frozen=True, kw_only=True)
class Job:
    """A command over some stacks of a fleet.

    Parameters
    ----------
    fleet
        The file, for messages.
    again
        The command as it was typed.
    ask
        None where the user said yes beforehand.
    pack
        The policies that hold; None where there are none.
    no_policies
        Why none hold, where the user left them out.
    refresh
        Whether a preview asks the clouds first what they have.
    """

    plan: FleetPlan
    fleet: Path
    targets: tuple[Target, ...]
    again: str
    ask: Ask | None
    pack: Pack | None = None
    no_policies: str = ""
    refresh: bool = False
