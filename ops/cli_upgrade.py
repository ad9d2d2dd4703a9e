"""``hms upgrade``: how the fleet comes to newer versions of Cilium and Kubernetes."""

# ruff: noqa: TC001 - typer reads the annotations when it runs
from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ops.errors import RefusedError
from ops.options import ClusterOptions, OutputOption
from ops.splice import spliced
from ops.terminal import Output

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from infra.plan import FleetPlan
    from ops.services.upgrade.rules import Running

app = typer.Typer(help="Newer versions of Cilium and Kubernetes, in an order that works.", no_args_is_help=True)


@app.callback()
def upgrade() -> None:
    """Keep ``plan`` a verb of its own, though it is the only one."""


@app.command("plan")
@spliced
def plan_verb(
    *,
    where: ClusterOptions,
    live: Annotated[
        bool, typer.Option("--live", help="Begin at the versions that run, and not at those of the fleet file.")
    ] = False,
    to_cilium: Annotated[str | None, typer.Option(metavar="VERSION", help="A release of Cilium: 1.20.0.")] = None,
    to_kubernetes: Annotated[str | None, typer.Option(metavar="VERSION", help="A minor of Kubernetes: 1.36.")] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Plan an upgrade of the mesh, one minor at a time: each step with its edit, commands, checks and way back.

    Nothing is changed. Begins at the versions of the fleet file, or with --live, --lab or --context at those that
    run. Without --to-cilium and --to-kubernetes it goes to the newest that the program knows.

    Cilium comes to one version in every cluster; Kubernetes only to minors that the Cilium of that step is tested
    with, control planes before nodes. What is refused is told with its reason, and exits with 2.
    With -o json: v, fleet, source, remarks, running, target, refused (what, why, instead) and steps (number, title,
    notes, edits, before, run, look, back).
    """
    from ops.cli_clusters import fleet_of
    from ops.cli_deploy import factory
    from ops.services.upgrade.report import plan_upgrade
    from ops.services.upgrade.rules import CILIUM, newest_kubernetes
    from ops.services.upgrade.running import declared
    from ops.services.upgrade.steps import Writer

    plan, path = fleet_of(where)
    if to_cilium is None and to_kubernetes is None:
        to_cilium, to_kubernetes = list(CILIUM.values())[-1].newest, newest_kubernetes()
    _refuse_unreadable(to_cilium, to_kubernetes)
    running: Mapping[str, Running] = declared(plan)
    source, remarks = "the fleet file", tuple[str, ...]()
    if live or where.lab or where.context:
        running, source, remarks = _seen(where, plan, path)
    stack = plan.name if where.stack == plan.name else ""
    written = str(where.fleet) if where.fleet and where.fleet != factory().fleet_file(None) else ""
    report = plan_upgrade(
        Writer(plan=plan, fleet=written, stack=stack),
        running,
        to_cilium=to_cilium,
        to_kubernetes=to_kubernetes,
        source=source,
        remarks=remarks,
    )
    sys.stdout.write(json.dumps(report.as_json()) + "\n" if output is Output.JSON else report.as_text())
    if report.code:
        raise typer.Exit(report.code)


def _seen(where: ClusterOptions, plan: FleetPlan, fleet: Path) -> tuple[Mapping[str, Running], str, tuple[str, ...]]:
    """Read the versions that run."""
    from ops.cli_clusters import opened
    from ops.services.observe.look import look
    from ops.services.upgrade.running import PARTS, seen

    with opened(where, plan, fleet) as clusters:
        running, remarks = seen(plan, look(plan.name, clusters.where, clusters.sights(), parts=PARTS))
        return running, clusters.where, remarks


def _refuse_unreadable(to_cilium: str | None, to_kubernetes: str | None) -> None:
    """Refuse what is no version.

    Raises
    ------
    RefusedError
        If one is not of the form that it has in a fleet file.
    """
    import re

    if to_cilium is not None and not re.fullmatch(r"\d+\.\d+\.\d+", to_cilium):
        raise RefusedError(f"--to-cilium {to_cilium}: no release of Cilium", "--to-cilium 1.20.0")
    if to_kubernetes is not None and not re.fullmatch(r"\d+\.\d+", to_kubernetes):
        raise RefusedError(f"--to-kubernetes {to_kubernetes}: no minor of Kubernetes", "--to-kubernetes 1.36")
