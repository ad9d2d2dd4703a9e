"""What the command line tells of a lab: what it shows to be wrong, and the causes that it names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ops.services.clusters import lab_clusters
from ops.services.diagnose.commands import Commands
from ops.services.diagnose.look import look_closely
from ops.services.diagnose.run import find_causes
from ops.services.observe.fleet_report import PARTS as FLEET_PARTS
from ops.services.observe.fleet_report import fleet_report
from ops.services.observe.mesh_report import PARTS as MESH_PARTS
from ops.services.observe.mesh_report import mesh_report
from ops.services.observe.packets import try_links
from ops.services.observe.snapshot import ClusterView
from tests.live.lab import seen_until

if TYPE_CHECKING:
    from ops.services.observe.snapshot import Snapshot
    from tests.live.lab import LiveLab

STATUS, MESH_STATUS = "hms status", "hms mesh status"

_PATIENCE = 10.0
"""Seconds for what does not answer, as the verbs have it where nothing else is asked for."""


@dataclass(frozen=True)
class Told:
    """What is told at one time.

    Parameters
    ----------
    shown_by
        The verbs that show something to be wrong.
    causes
        What ``hms diagnose`` names: the check, and what it is about first.
    """

    shown_by: tuple[str, ...] = ()
    causes: tuple[tuple[str, str], ...] = ()


WELL = Told()


def ask(lab: LiveLab) -> Told:
    """Look once, as closely as ``hms diagnose`` does, and judge it as each of the verbs does."""
    plan = lab.plan
    with lab_clusters(lab.lab, plan, seconds=_PATIENCE) as clusters:
        case = look_closely(plan, clusters, Commands(), seconds=_PATIENCE)
        links = try_links(case.seen, plan, clusters.sights())
    wrong = {
        STATUS: fleet_report(_only(case.seen, FLEET_PARTS), plan).wrong,
        MESH_STATUS: mesh_report(_only(case.seen, MESH_PARTS), lab.plan, links).wrong,
    }
    return Told(
        shown_by=tuple(verb for verb, found in wrong.items() if found),
        causes=tuple(sorted((cause.check.id, cause.finding.about[0]) for cause in find_causes(case))),
    )


def _only(seen: Snapshot, parts: frozenset[str]) -> Snapshot:
    """Leave out what a verb does not look at."""
    views = {
        name: ClusterView(name=name, api=view.api, **{part: getattr(view, part) for part in parts})
        for name, view in seen.clusters.items()
    }
    return replace(seen, clusters=views)


def told_until(lab: LiveLab, expected: Told, seconds: float) -> tuple[Told, float]:
    """Ask until it is as expected, at least once; give what was told last and the seconds until it was asked for."""
    return seen_until(lambda: ask(lab), expected, seconds)
