"""``hms connectivity``: packets over every flow, against the lab or real clusters."""

# ruff: noqa: TC001, TC003 - typer reads the annotations when it runs
from __future__ import annotations

import json
import sys
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.errors import FAILED, RefusedError
from ops.options import FleetOption, StackOption
from ops.terminal import draw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.plan import FleetPlan
    from ops.services.connectivity.report import Report
    from ops.services.connectivity.world import World

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
def connectivity_test_verb(  # noqa: PLR0913 - one argument an option
    *,
    fleet: FleetOption = None,
    lab: Annotated[bool, typer.Option("--lab", help="The clusters of the lab that hms lab up started.")] = False,
    stack: StackOption = None,
    context: Annotated[
        list[str] | None,
        typer.Option("--context", metavar="CLUSTER=CONTEXT", help="A cluster by a context of your own kubeconfig."),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(help="Folder that holds the state: .state/lab with --lab; else your own Pulumi backend."),
    ] = None,
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
    from ops.cli_deploy import factory
    from ops.progress.counting import Counting
    from ops.services.check import load_plan
    from ops.services.connectivity.only import read_only
    from ops.services.connectivity.run import ConnectivityTest

    if lab + bool(context) + bool(stack) > 1:
        raise RefusedError("--lab, --context and --stack exclude each other", "choose one")
    path = factory().fleet_file(fleet, stack)
    plan = load_plan(path)
    wanted = read_only(plan, only or ())
    progress = Counting(sys.stderr)
    try:
        with _world(plan, path, lab=lab, stack=stack, contexts=context or [], state=state) as world:
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


@contextmanager
def _world(  # noqa: PLR0913 - the options that say where
    plan: FleetPlan, fleet: Path, *, lab: bool, stack: str | None, contexts: list[str], state: Path | None
) -> Iterator[World]:
    """Open the clusters that the options name."""
    from ops.cli_deploy import factory
    from ops.services.connectivity.world import Access, cluster_world, lab_world

    with ExitStack() as opened:
        if lab:
            from ops.cli_lab import lab_in

            yield opened.enter_context(lab_world(lab_in(state), plan))
        elif contexts:
            accesses = {name: Access(context=context) for name, context in map(_context, contexts)}
            yield opened.enter_context(cluster_world("your contexts", plan, accesses))
        else:
            from ops.adapters.state import StateFolder
            from ops.factory import Place
            from ops.services.outputs import kubeconfigs

            if state is not None and StateFolder(state.expanduser().resolve()).simulated:
                raise RefusedError(
                    f"{state} holds a simulated fleet, which carries no packets", "hms lab up, then --lab"
                )
            with factory().reading(Place(state=state), plan, fleet) as session:
                found = kubeconfigs(session.engine, plan, stack)
            accesses = {name: Access(kubeconfig=kubeconfig) for name, kubeconfig in found.items()}
            yield opened.enter_context(cluster_world(f"stack {stack}" if stack else "its stacks", plan, accesses))


def _context(text: str) -> tuple[str, str]:
    name, equals, context = text.partition("=")
    if not equals or not name or not context:
        raise RefusedError(f"--context {text}: no context of a cluster", "--context aws-1=my-context")
    return name, context
