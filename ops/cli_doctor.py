"""``hms doctor``: whether a first deployment can succeed, asked before one begins."""

# ruff: noqa: TC001, TC003 - typer reads the annotations when it runs
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ops.options import FleetOption, OutputOption, StackOption
from ops.terminal import Output


def doctor_verb(  # noqa: PLR0913 - one argument an option
    *,
    stack: StackOption = None,
    fleet: FleetOption = None,
    state: Annotated[
        Path | None, typer.Option(help="Folder that is to hold all state; else your own Pulumi backend.")
    ] = None,
    allow_passphrase: Annotated[
        bool, typer.Option("--allow-passphrase", help="Let a passphrase protect the secrets of a real deployment.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=1.0, max=600.0, help="Seconds within which a cloud answers a question.")
    ] = 60.0,
    output: OutputOption = Output.TEXT,
) -> None:
    """Ask this machine and both clouds whether the fleet can be deployed; nothing is changed.

    Looks at tools, credentials, the clock, permissions, features, quotas, sizes of nodes and versions of Kubernetes,
    for all stacks or for one. Each finding says what was seen, why it matters and what to do next. The clouds are
    asked through their own command lines, aws and az, as whoever they are signed in as.

    Exits with 0 if all is ready, with 1 if something bars a deployment, with 3 if something could not be asked.
    With -o json: v, fleet, code, counts (by level) and findings, each with check, level (bars, unknown, look, good),
    subject, saw, why and next.
    """
    from ops.adapters.aws_facts import AwsCliFacts, aws_cli
    from ops.adapters.azure_facts import AzureCliFacts, az_cli
    from ops.adapters.credentials import Machine
    from ops.adapters.machine_facts import LocalFacts
    from ops.adapters.state import StateFolder
    from ops.cli_deploy import factory
    from ops.progress.counting import Counting
    from ops.services.check import load_plan
    from ops.services.doctor.case import Case
    from ops.services.doctor.run import examine
    from ops.services.targets import choose

    made = factory()
    path = made.fleet_file(fleet, stack)
    plan = load_plan(path)
    targets = choose(plan, stack=stack, everything=stack is None)
    backend = StateFolder(state.expanduser().resolve()).backend.as_uri() if state else None
    machine = Machine(env=made.env, home=made.home, root=made.root, backend=backend)
    regions = [site.region for site in plan.sites.values() if site.cloud == "aws"]
    progress = Counting(sys.stderr)
    try:
        report = examine(
            Case(
                plan=plan,
                file=str(path),
                targets=targets,
                machine=LocalFacts(machine=machine, allow_passphrase=allow_passphrase),
                aws=AwsCliFacts(ask=aws_cli(timeout), home=regions[0] if regions else "us-east-1"),
                azure=AzureCliFacts(
                    ask=az_cli(timeout), subscription=machine.subscription(tuple(each.stack for each in targets))
                ),
            ),
            progress,
        )
    finally:
        progress.close()
    sys.stdout.write(json.dumps(report.as_json()) + "\n" if output is Output.JSON else report.as_text())
    if report.code:
        raise typer.Exit(report.code)


def add_verb(app: typer.Typer) -> None:
    """Hang the verb into the command line."""
    app.command("doctor")(doctor_verb)
