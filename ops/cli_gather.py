"""``hms logs`` and ``hms gather``: what programs have written, and all that helps whoever is asked for help."""

# ruff: noqa: TC001 - typer reads the annotations when it runs
from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli_clusters import fleet_of, opened
from ops.errors import FAILED, HmsError, RefusedError
from ops.options import ClusterOptions, OutputOption
from ops.splice import spliced
from ops.terminal import Output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.plan import FleetPlan
    from ops.services.logs import Line, Trouble

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")
"""Of clusters, in the order of the fleet file."""


@spliced
def logs_verb(  # noqa: PLR0913 - one argument an option
    component: Annotated[
        str,
        typer.Argument(
            help="A component of the fleet, or cilium, cilium-operator, clustermesh-apiserver, hubble-relay, coredns."
        ),
    ],
    *,
    where: ClusterOptions,
    cluster: Annotated[list[str] | None, typer.Option("--cluster", help="Of this cluster; again for more.")] = None,
    node: Annotated[list[str] | None, typer.Option("--node", help="Of pods on this node; again for more.")] = None,
    container: Annotated[
        list[str] | None, typer.Option("--container", help="Of this container; again for more.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
    tail: Annotated[int, typer.Option(min=0, help="Last lines of each log.")] = 20,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the logs of a component in all clusters at once, each line with its cluster and pod; secrets are kept back.

    Exits with 1 if a cluster or a log could not be read: the others are shown all the same.
    """
    from ops.services import logs as service

    plan, fleet = fleet_of(where)
    for name in cluster or ():
        if name not in plan.clusters:
            raise RefusedError(f"the fleet {plan.name!r} has no cluster {name!r}", f"one of {', '.join(plan.clusters)}")
    wanted = service.Wanted(
        component=component, clusters=cluster or (), nodes=node or (), containers=container or (), tail=tail
    )
    colours = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(plan.clusters)}
    with opened(where, plan, fleet) as clusters:
        found, troubles = service.find(clusters.logs(), wanted)
        bad = bool(troubles)
        for trouble in troubles:
            _show(trouble, output, colours)
        for line in (service.follow if follow else service.read)(found, tail):
            bad = bad or not isinstance(line, service.Line)
            _show(line, output, colours)
    if bad:
        raise typer.Exit(FAILED)


@spliced
def gather_verb(
    *,
    where: ClusterOptions,
    file: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE.tar.gz", help="The bundle; hms-FLEET-TIME.tar.gz if none is named."
        ),
    ] = None,
    tail: Annotated[int, typer.Option(min=0, help="Last lines of each log.")] = 500,
    timeout: Annotated[
        float, typer.Option(min=1.0, max=120.0, help="Seconds after which what has not answered is given up.")
    ] = 10.0,
) -> None:
    """Write a bundle for whoever is asked for help: all that was seen, its diagnosis, events, logs, settings, plan.

    Secrets are in it in no form. What could not be had is listed in its about.json, and hides nothing else; the bundle
    is there as a whole or not at all.
    """
    from ops.cli_diagnose import commands
    from ops.services.diagnose.catalogue import CHECKS
    from ops.services.diagnose.look import look_closely
    from ops.services.diagnose.run import diagnose
    from ops.services.gather.bundle import write
    from ops.services.gather.collect import collect

    begun, now = time.monotonic(), datetime.now(UTC)
    plan, fleet = fleet_of(where)
    path = file or Path(f"hms-{plan.name}-{now:%Y%m%dT%H%M%SZ}.tar.gz")
    if path.exists():
        raise RefusedError(f"{path} exists already", "name another file with -o")
    with opened(where, plan, fleet, seconds=timeout) as clusters:
        case = look_closely(plan, clusters, commands(where), seconds=timeout)
        diagnosis = diagnose(case, CHECKS, seconds=time.monotonic() - begun)
        made = collect(
            case,
            diagnosis,
            objects=clusters.apis,
            logs=clusters.logs(),
            fleet=fleet.read_text(encoding="utf-8"),
            stacks=_stacks(where, plan, fleet),
            tail=tail,
        )
    size = write(path, made.files, made=now)
    for missing in made.missing:
        typer.secho(f"hms: missing: {missing}", err=True, fg="yellow")
    sys.stdout.write(f"{path}: {len(made.files)} files, {size / 1e6:.1f} MB, after {time.monotonic() - begun:.1f} s\n")


def add_verbs(app: typer.Typer) -> None:
    """Hang the verbs into the command line."""
    app.command("logs")(logs_verb)
    app.command("gather")(gather_verb)


def _stacks(where: ClusterOptions, plan: FleetPlan, fleet: Path) -> dict[str, Any]:
    """Tell of the stacks; a bundle does not fail for want of them."""
    from ops.cli_deploy import factory
    from ops.factory import Place
    from ops.services.status import status

    try:
        with factory().reading(Place(simulate=where.lab, state=where.state, lab=where.lab), plan, fleet) as session:
            return status(session.engine, plan).as_json()
    except HmsError as error:
        return {"error": error.message}


def _show(line: Line | Trouble, output: Output, colours: Mapping[str, str]) -> None:
    from ops.services.logs import Trouble

    if isinstance(line, Trouble):
        sys.stdout.flush()
        typer.secho(f"hms: {line.whose}: {line.error}", err=True, fg="red")
        return
    source = line.source
    if output is Output.JSON:
        told = {"cluster": source.cluster, "pod": source.pod, "container": source.container, "line": line.text}
        sys.stdout.write(json.dumps({"v": 1, **told}) + "\n")
    else:
        typer.secho(str(source), fg=colours[source.cluster], nl=False)
        sys.stdout.write(f"  {line.text}\n")
    sys.stdout.flush()
