"""``hms link``: the tunnels between clouds, for real on this machine, or as the clouds say of theirs."""

# ruff: noqa: PT028 - typer reads the annotations when it runs
from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.errors import FAILED, RefusedError
from ops.options import FleetOption, OutputOption, PlaceOptions, StackOption, TimersChoice, TimersOption
from ops.splice import spliced
from ops.terminal import Output, draw

if TYPE_CHECKING:
    from lab.link.planned import Planned

app = typer.Typer(help="The tunnels between clouds: tried for real, cut, and looked at.", no_args_is_help=True)


class ReportOutput(StrEnum):
    """How the result is written."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


class CutChoice(StrEnum):
    """What is cut."""

    TUNNEL = "tunnel"
    PATH = "path"
    INSTANCE = "instance"
    GATEWAY = "gateway"


_PATIENCE = 120.0
"""Seconds for an answer: Azure asks both instances of its gateway for their peers first."""

PlanOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--plan", metavar="FILE", help="What pulumi preview --json or pulumi stack export wrote; may be given twice."
    ),
]


@app.command("test")
@spliced
def test_verb(
    *,
    plan: PlanOption = None,
    stack: StackOption = None,
    fleet: FleetOption = None,
    where: PlaceOptions,
    output: Annotated[
        ReportOutput, typer.Option("--output", "-o", help="How to write the result.")
    ] = ReportOutput.TEXT,
) -> None:
    """Bring the planned tunnels up here, with real IKEv2, ESP and BGP; exits with 1 unless all is as it should be.

    The tunnels are those of the deployed stacks (simulated ones do), or of files that Pulumi wrote. For what is wrong
    the resource and the property in the plan are named. Needs root and make link-tools.
    """
    from ops.services.link.report import WITHOUT
    from ops.services.link.trial import run_link_test

    report = run_link_test(_resources(plan, stack, fleet, where), timers="quick", progress=_say)
    if output is ReportOutput.JSON:
        sys.stdout.write(json.dumps(report.as_json()) + "\n")
    elif output is ReportOutput.JUNIT:
        sys.stdout.write(report.as_junit())
    else:
        draw(report.tables())
        lines = [*(f"taken for right, since only the update tells: {text}" for text in report.assumed), WITHOUT]
        sys.stdout.write("".join(f"{line}\n" for line in (*lines, report.summary)))
    if not report.good:
        raise typer.Exit(FAILED)


@app.command("drill")
@spliced
def drill_verb(  # noqa: PLR0913 - one argument an option
    *,
    cut: Annotated[
        list[CutChoice] | None, typer.Option(help="What to cut; may be given twice. All if none is.")
    ] = None,
    timers: TimersOption = TimersChoice.QUICK,
    plan: PlanOption = None,
    stack: StackOption = None,
    fleet: FleetOption = None,
    where: PlaceOptions,
    output: OutputOption = Output.TEXT,
) -> None:
    """Cut parts of the link here under traffic: how long it hurts, whom, and when it is whole again.

    With --timers cloud each cut takes about three minutes.
    """
    from ops.services.link.drills import drills, drills_table

    cuts = tuple(one.value for one in cut or list(CutChoice))
    done = drills(_resources(plan, stack, fleet, where), cuts, timers=timers.value, progress=_say)
    if output is Output.JSON:
        sys.stdout.write(json.dumps({"v": 1, "timers": timers.value, "drills": [vars(one) for one in done]}) + "\n")
    else:
        draw((drills_table(done, timers.value),))
    if any(one.whole < 0 for one in done):
        raise typer.Exit(FAILED)


@app.command("rotate")
@spliced
def rotate_verb(  # noqa: PLR0913 - one argument an option
    *,
    timers: TimersOption = TimersChoice.QUICK,
    plan: PlanOption = None,
    stack: StackOption = None,
    fleet: FleetOption = None,
    where: PlaceOptions,
    output: OutputOption = Output.TEXT,
) -> None:
    """Exchange every pre-shared key here, tunnel by tunnel and under traffic, and say how to do it in the clouds."""
    from ops.services.link.rotation import rotation, stages

    resources = _resources(plan, stack, fleet, where)
    done = rotation(resources, timers=timers.value, progress=_say)
    steps = stages(resources)
    if output is Output.JSON:
        sys.stdout.write(json.dumps({"v": 1, **vars(done), "stages": steps}) + "\n")
    else:
        sys.stdout.write(f"{len(done.tunnels)} keys exchanged, {done.lost} of {done.sent} requests lost\n")
        sys.stdout.write("In the clouds, one after the other, each once all tunnels are up again:\n")
        sys.stdout.write("".join(f"  {step}\n" for step in steps))
    if done.lost:
        raise typer.Exit(FAILED)


@app.command("status")
@spliced
def status_verb(
    *, stack: StackOption = None, fleet: FleetOption = None, where: PlaceOptions, output: OutputOption = Output.TEXT
) -> None:
    """Show the tunnels as the clouds see theirs: AWS's telemetry, Azure's connections and BGP peers."""
    from ops.adapters.aws_facts import aws_cli
    from ops.adapters.azure_facts import az_cli
    from ops.services.link.status import link_status, status_table

    if where.simulate:
        raise RefusedError("simulated clouds carry no packets", "hms link test --simulate brings the tunnels up here")
    found = link_status(_resources(None, stack, fleet, where), aws_cli(_PATIENCE), az_cli(_PATIENCE))
    if output is Output.JSON:
        told = {"v": 1, "good": all(one.up for one in found), "tunnels": [vars(one) for one in found]}
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        draw((status_table(found),))
    if not all(one.up for one in found):
        raise typer.Exit(FAILED)


def _resources(
    plan: list[Path] | None, stack: str | None, fleet: Path | None, where: PlaceOptions
) -> tuple[Planned, ...]:
    """Read the planned tunnels.

    Raises
    ------
    RefusedError
        If there are none, or the options exclude each other.
    """
    from ops.services.link.planned import from_files

    if plan:
        if stack or fleet or where.simulate or where.state:
            raise RefusedError("--plan says all", "leave --stack, --fleet, --simulate and --state out")
        return from_files(plan)
    return deployed_in(where, fleet, stack)


def deployed_in(where: PlaceOptions, fleet: Path | None, stack: str | None = None) -> tuple[Planned, ...]:
    """Read the tunnels that are deployed.

    Raises
    ------
    RefusedError
        If there are none.
    """
    from ops.cli_deploy import read
    from ops.services.link.planned import deployed
    from ops.services.targets import all_targets, whole_target

    with read(where, fleet, stack) as (session, planned, _):
        stacks = tuple(dict.fromkeys(one.stack for one in (*all_targets(planned), whole_target(planned))))
        return deployed(session.engine, stacks, stack)


def _say(text: str) -> None:
    sys.stderr.write(f"link: {text}\n")
    sys.stderr.flush()
