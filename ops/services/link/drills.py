"""``hms link drill``: parts of the link are cut on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.link.drill import Drill
from ops.services.link.trial import standing
from ops.services.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.link.planned import Planned


def drills(
    resources: tuple[Planned, ...], cuts: tuple[str, ...], *, timers: str, progress: Callable[[str], None]
) -> tuple[Drill, ...]:
    """Cut one thing after the other, in one twin.

    Raises
    ------
    ClusterError
        If the twin does not start, or is not whole before a cut.
    """
    with standing(resources, timers=timers, progress=progress) as session:
        return tuple(Drill(**session.ask("drill", cut=cut)) for cut in cuts)


def drills_table(done: tuple[Drill, ...], timers: str) -> Table:
    """Say what each cut did."""
    return Table(
        title=f"Drill, {timers} timers",
        head=("cut", "what", "last loss after", "flows hit", "packets lost", "whole again after"),
        rows=tuple(
            (
                one.cut,
                one.what,
                f"{one.seconds} s",
                f"{one.hit} of {one.flows}",
                f"{one.lost} of {one.sent}",
                f"{one.whole} s" if one.whole >= 0 else "never",
            )
            for one in done
        ),
    )
