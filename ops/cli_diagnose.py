"""``hms diagnose``: what is wrong with a fleet, and why."""

# ruff: noqa: TC001 - typer reads the annotations when it runs
from __future__ import annotations

import json
import shlex
import shutil
import sys
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from ops.cli_clusters import fleet_of, opened
from ops.errors import FAILED
from ops.options import ClusterOptions
from ops.splice import spliced

if TYPE_CHECKING:
    from ops.services.diagnose.commands import Commands
    from ops.services.diagnose.run import Diagnosis

_COLOURS = {"error": "red", "warning": "yellow", "next": "cyan"}

_WIDEST = 120


class DiagnosisOutput(StrEnum):
    """How a diagnosis is written."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


class _DiagnoseCommand(TyperCommand):
    """Lists the checks under its help: only there, since loading them takes as long as all else."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - typer's own copy of click
        from ops.services.diagnose.catalogue import CHECKS

        with formatter.section("Checks"):
            formatter.write_dl([(check.id, check.covers) for check in CHECKS])


@spliced
def diagnose_verb(
    *,
    where: ClusterOptions,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="CHECK", help="One of the checks listed below; again for more."),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=1.0, max=120.0, help="Seconds after which what has not answered is given up.")
    ] = 10.0,
    output: Annotated[
        DiagnosisOutput, typer.Option("--output", "-o", help="How to write the result.")
    ] = DiagnosisOutput.TEXT,
) -> None:
    """Say what is wrong, why it matters and what to run next; causes only, with what follows from each.

    Nothing is changed. Packets are sent from every node to every other and to the mesh API servers: echoes and TCP
    connections, from the agents' containers. Exits with 0 if nothing was found, with 1 if something was.
    """
    from ops.services.diagnose.catalogue import choose
    from ops.services.diagnose.look import look_closely
    from ops.services.diagnose.run import diagnose

    begun = time.monotonic()
    checks = choose(only or ())
    plan, fleet = fleet_of(where)
    with opened(where, plan, fleet, seconds=timeout) as clusters:
        case = look_closely(plan, clusters, commands(where), seconds=timeout)
    diagnosis = diagnose(case, checks, seconds=time.monotonic() - begun)
    _write(diagnosis, output)
    if not diagnosis.good:
        raise typer.Exit(FAILED)


def commands(where: ClusterOptions) -> Commands:
    """Say how commands are written that mean the same clusters."""
    from ops.services.diagnose.commands import Commands

    fleet = f"--fleet {shlex.quote(str(where.fleet))}" if where.fleet else ""
    stack = f"--stack {where.stack}" if where.stack else ""
    state = f"--state {shlex.quote(str(where.state))}" if where.state else ""
    contexts = [f"--context {shlex.quote(each)}" for each in where.context or ()]
    return Commands(
        options=" ".join(filter(None, (fleet, "--lab" if where.lab else "", stack, *contexts, state))),
        stacks=" ".join(filter(None, (fleet, stack, state))),
        lab=state if where.lab else None,
        contexts=where.contexts,
    )


def add_verb(app: typer.Typer) -> None:
    """Hang the verb into the command line."""
    app.command("diagnose", cls=_DiagnoseCommand)(diagnose_verb)


def _write(diagnosis: Diagnosis, output: DiagnosisOutput) -> None:
    from ops.services.diagnose.junit import as_junit
    from ops.services.diagnose.report import as_json, as_lines

    if output is DiagnosisOutput.JSON:
        sys.stdout.write(json.dumps(as_json(diagnosis)) + "\n")
    elif output is DiagnosisOutput.JUNIT:
        sys.stdout.write(as_junit(diagnosis))
    else:
        for kind, line in as_lines(diagnosis, min(_WIDEST, shutil.get_terminal_size().columns)):
            # Colours are left out where no terminal is.
            typer.secho(line, fg=_COLOURS.get(kind), bold=kind == "error")
