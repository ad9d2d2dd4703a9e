"""``hms connectivity``: packets over every flow, against the lab or real clusters."""

# ruff: noqa: TC001 - typer reads the annotations when it runs
from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli_clusters import fleet_of, opened
from ops.errors import FAILED
from ops.options import ClusterOptions
from ops.splice import spliced
from ops.terminal import draw

if TYPE_CHECKING:
    from ops.services.connectivity.report import Report

app = typer.Typer(help="Try with packets what the fleet file declares.", no_args_is_help=True)


class ReportOutput(StrEnum):
    """How the result is written."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


@app.callback()
def connectivity() -> None:
    """Keep ``test`` a verb of its own, though it is the only one."""


@app.command("test")
@spliced
def connectivity_test_verb(
    *,
    where: ClusterOptions,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="FLOW", help="dev:api; dev: for all from dev; :api for all to api."),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.5, max=5.0, help="Seconds without an answer after which a call counts as refused.")
    ] = 3.0,
    output: Annotated[
        ReportOutput, typer.Option("--output", "-o", help="How to write the result.")
    ] = ReportOutput.TEXT,
) -> None:
    """Call over every flow, and over all that no flow allows; exits with 1 unless all came as declared.

    Clusters come from the stacks that are deployed (or one, with --stack), from --context, or with --lab from the lab.
    A container of Kubernetes' test program agnhost, which only waits, stays in one pod of each component.
    """
    from ops.progress.counting import Counting
    from ops.services.connectivity.only import read_only
    from ops.services.connectivity.run import ConnectivityTest
    from ops.services.connectivity.world import world_of

    plan, path = fleet_of(where)
    wanted = read_only(plan, only or ())
    progress = Counting(sys.stderr)
    try:
        with opened(where, plan, path) as clusters:
            world = world_of(clusters, plan)
            report = ConnectivityTest(plan, world, seconds=timeout, progress=progress).run(wanted)
    finally:
        progress.close()
    _write(report, output)
    if not report.good:
        raise typer.Exit(FAILED)


def _write(report: Report, output: ReportOutput) -> None:
    if output is ReportOutput.JSON:
        sys.stdout.write(json.dumps(report.as_json()) + "\n")
    elif output is ReportOutput.JUNIT:
        from ops.services.connectivity.junit import as_junit

        sys.stdout.write(as_junit(report))
    else:
        # First what the place does differently: nobody may take the tables for more than they are.
        sys.stdout.write("".join(f"{line}\n" for line in report.notes))
        draw(report.tables())
        sys.stdout.write(f"{report.summary}\n")
