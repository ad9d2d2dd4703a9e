"""``hms status``: stacks, and how all clusters do."""

# ruff: noqa: TC001 - typer reads the annotations when it runs
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli_clusters import fleet_of, opened
from ops.errors import HmsError, RefusedError
from ops.options import ClusterOptions
from ops.splice import spliced
from ops.watch import LookOptions

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from infra.plan import FleetPlan
    from ops.services.clusters import Clusters
    from ops.services.status import Status, StatusReport


@spliced
def status_verb(
    *,
    where: ClusterOptions,
    simulate: Annotated[bool, typer.Option("--simulate", help="Simulated clouds: no account, no cost.")] = False,
    look: LookOptions,
) -> None:
    """Show how all clusters do, and the stacks that made them; what is wrong comes first.

    API servers, nodes, agents, operator, mesh, Hubble, components, links, and what of it is not as planned.
    Exits with 0 if nothing is wrong, 1 if something is, 2 if no cluster answers.
    """
    from ops.services.observe.fleet_report import PARTS, fleet_report
    from ops.services.observe.look import look as look_at
    from ops.services.status import StatusReport

    plan, fleet = fleet_of(where)
    with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        reading = pool.submit(_stacks, where, plan, fleet, simulate=simulate)
        clusters, note, failed = _clusters(stack, where, plan, fleet, reading, simulate=simulate, seconds=look.timeout)
        sights = clusters.sights() if clusters else {}

        def see() -> StatusReport:
            live = None
            if clusters is not None:
                snapshot = look_at(
                    plan.name, clusters.where, sights, parts=PARTS, seconds=look.timeout, remarks=clusters.remarks
                )
                live = fleet_report(snapshot, plan)
            return StatusReport(fleet=plan.name, stacks=reading.result(), live=live, note=note, failed=failed)

        code = look.show(see)
    if code:
        raise typer.Exit(code)


def add_verb(app: typer.Typer) -> None:
    """Hang the verb into the command line."""
    app.command("status")(status_verb)


def _stacks(where: ClusterOptions, plan: FleetPlan, fleet: Path, *, simulate: bool) -> Status | None:
    """Read the stacks; None where they say nothing: beside contexts, and of a lab that nothing was deployed into."""
    from ops.cli_deploy import factory
    from ops.factory import Place
    from ops.services.status import status

    if where.context:
        return None
    place = Place(simulate=simulate or where.lab, state=where.state, lab=where.lab)
    try:
        with factory().reading(place, plan, fleet) as session:
            return status(session.engine, plan)
    except RefusedError:
        if where.lab:
            return None
        raise


def _clusters(  # noqa: PLR0913 - where they are, and where they are to be opened
    stack: ExitStack,
    where: ClusterOptions,
    plan: FleetPlan,
    fleet: Path,
    reading: Future[Status | None],
    *,
    simulate: bool,
    seconds: float,
) -> tuple[Clusters | None, str, bool]:
    """Open the clusters; where that cannot be done, say why, and whether it should have been possible.

    Stacks are worth showing without them.
    """
    if not where.lab and not where.context:
        # Only stacks say where their clusters are.
        stacks = reading.result()
        if simulate or _is_simulated(where.state):
            return None, "the clouds are simulated: there is no cluster to ask", False
        if stacks is None or not stacks.rows("clusters"):
            return None, "no cluster is deployed", False
    try:
        return stack.enter_context(opened(where, plan, fleet, seconds=seconds)), "", False
    except HmsError as error:
        if where.context:
            raise
        return None, f"clusters were not asked: {error.message}{f'; {error.fix}' if error.fix else ''}", True


def _is_simulated(state: Path | None) -> bool:
    from ops.adapters.state import StateFolder

    return state is not None and StateFolder(state.expanduser().resolve()).simulated
