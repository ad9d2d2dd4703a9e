"""Verbs of ``hms mesh`` that look: status, certs."""

# ruff: noqa: TC001 - typer reads the annotations when it runs
from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli_clusters import fleet_of, opened
from ops.options import ClusterOptions
from ops.splice import spliced
from ops.watch import LookOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.services.observe.mesh_report import MeshReport

_POLL = 1.0
"""Seconds between two looks while something is waited for."""


@spliced
def status_verb(
    *,
    where: ClusterOptions,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Look again until nothing is wrong, and show that; or until it took too long."),
    ] = False,
    wait_timeout: Annotated[
        float, typer.Option("--wait-timeout", min=1.0, help="Seconds to wait at most with --wait.")
    ] = 300.0,
    look: LookOptions,
) -> None:
    """Show how each cluster sees each other one: the state, the numbers, and how fresh they are.

    KVStoreMesh and agents say of a peer that it is ready for two minutes after it has died. So the way to each peer is
    tried anew, packets are sent over every link, and the pods that a peer has are compared with those that the kernels
    of all nodes here know.
    Exits with 0 if nothing is wrong, 1 if something is, 2 if no cluster answers.
    """
    from ops.services.observe.look import look as look_at
    from ops.services.observe.mesh_report import PARTS, mesh_report
    from ops.services.observe.packets import PATIENCE, try_links

    plan, fleet = fleet_of(where)
    with opened(where, plan, fleet, seconds=look.timeout) as clusters:
        sights = clusters.sights()

        def see() -> MeshReport:
            # Packets come after it, and within the same time.
            seconds = max(1.0, look.timeout - PATIENCE)
            snapshot = look_at(
                plan.name, clusters.where, sights, parts=PARTS, seconds=seconds, remarks=clusters.remarks
            )
            return mesh_report(snapshot, plan, try_links(snapshot, plan, sights))

        code = look.show(_awaited(see, wait_timeout) if wait else see)
    if code:
        raise typer.Exit(code)


@spliced
def certs_verb(*, where: ClusterOptions, look: LookOptions) -> None:
    """Show certificates and CAs of all clusters: how long they hold, and whether all trust each other.

    Exits with 0 if nothing is wrong, 1 if something is, 2 if no cluster shows any.
    """
    from ops.services.observe.certs_report import PARTS, certs_report
    from ops.services.observe.look import look as look_at

    plan, fleet = fleet_of(where)
    with opened(where, plan, fleet, seconds=look.timeout) as clusters:
        sights = clusters.sights()
        code = look.show(
            lambda: certs_report(
                look_at(plan.name, clusters.where, sights, parts=PARTS, seconds=look.timeout, remarks=clusters.remarks)
            )
        )
    if code:
        raise typer.Exit(code)


def add_verbs(mesh: typer.Typer) -> None:
    """Hang the verbs into ``hms mesh``."""
    mesh.command("status")(status_verb)
    mesh.command("certs")(certs_verb)


def _awaited(see: Callable[[], MeshReport], seconds: float) -> Callable[[], MeshReport]:
    """Look until nothing is wrong, or time is over; what is still wrong is told meanwhile."""

    def until_good() -> MeshReport:
        until, told = time.monotonic() + seconds, ""
        while True:
            report = see()
            if report.good or time.monotonic() > until:
                return report
            first = report.wrong[0]
            place = f"{first.cluster}: " if first.cluster else ""
            said = f"waiting: {len(report.wrong)} things wrong, first: {place}{first.what}: {first.says}"
            if said != told:
                sys.stderr.write(f"{said}\n")
                told = said
            time.sleep(_POLL)

    return until_good
