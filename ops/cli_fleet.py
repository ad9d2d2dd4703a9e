"""``hms fleet``: what needs a fleet file and nothing else."""

# ruff: noqa: TC001 - typer reads the annotations when it runs
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ops.errors import REFUSED
from ops.options import FleetOption, OutputOption
from ops.terminal import Output, draw

app = typer.Typer(help="Check, show and explain a fleet file. Nothing is deployed.", no_args_is_help=True)

FileArgument = Annotated[Path | None, typer.Argument(help="Fleet file; fleets/dev.yaml if none is named.")]


@app.command("check")
def check_verb(
    files: Annotated[list[Path] | None, typer.Argument(help="Fleet files; fleets/dev.yaml if none is named.")] = None,
    *,
    against: Annotated[
        Path | None, typer.Option(help="An earlier version: fields that cannot change once deployed must be equal.")
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Check fleet files: every mistake with file, line, field and what to write instead."""
    from ops.factory import Factory
    from ops.services.check import check

    factory = Factory()
    good = True
    for file in files or [factory.fleet_file(None)]:
        checked = check(file, against=against)
        good = good and not checked.problems
        if output is Output.JSON:
            sys.stdout.write(json.dumps(checked.as_json()) + "\n")
        else:
            (sys.stderr if checked.problems else sys.stdout).write(f"{checked}\n")
    if not good:
        raise typer.Exit(REFUSED)


@app.command("show")
def show_verb(file: FileArgument = None, *, output: OutputOption = Output.TEXT) -> None:
    """Show the plan of a fleet: addresses, tunnels, ids and all else that the file leaves out."""
    from ops.factory import Factory
    from ops.services.check import load_plan
    from ops.services.show import plan_json, plan_tables

    plan = load_plan(Factory().fleet_file(file))
    if output is Output.JSON:
        sys.stdout.write(json.dumps(plan_json(plan)) + "\n")
    else:
        draw(plan_tables(plan))


@app.command("schema")
def schema_verb(
    file: Annotated[Path | None, typer.Argument(help="Write it there instead of printing it.")] = None,
) -> None:
    """Print the JSON Schema of fleet files, for editors."""
    from infra.schema import schema_text

    if file is None:
        sys.stdout.write(schema_text())
    else:
        file.write_text(schema_text(), encoding="utf-8")


@app.command("values")
def values_verb(
    cluster: Annotated[str, typer.Argument(help="Name of a cluster.")], *, fleet: FleetOption = None
) -> None:
    """Print Cilium's Helm values of a cluster as the release gets them, secrets left out and named."""
    from ops.factory import Factory
    from ops.services.check import load_plan
    from ops.services.values import values

    sys.stdout.write(values(load_plan(Factory().fleet_file(fleet)), cluster))
