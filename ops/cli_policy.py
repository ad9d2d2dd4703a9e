"""``hms policy``: the policies over what is deployed."""

# ruff: noqa: TC001 - typer reads the annotations when it runs
from __future__ import annotations

import json
import sys

import typer

from ops.errors import FAILED
from ops.options import (
    AllOption,
    FleetOption,
    OutputOption,
    PolicyConfigOption,
    SimulateOption,
    StackOption,
    StateOption,
)
from ops.terminal import Output

app = typer.Typer(help="Policies over what is deployed; policies/README.md lists them.", no_args_is_help=True)


@app.callback()
def policy() -> None:
    """Keep ``check`` a verb of its own, though it is the only one."""


@app.command("check")
def check_verb(  # noqa: PLR0913 - one argument an option
    *,
    stack: StackOption = None,
    everything: AllOption = False,
    fleet: FleetOption = None,
    simulate: SimulateOption = False,
    state: StateOption = None,
    policy_config: PolicyConfigOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Run all policies over deployed stacks; exits with 1 if a mandatory one is broken or an exception has expired."""
    from ops.cli_deploy import place_of, read
    from ops.services.policies import pack_of, today
    from ops.services.policy_check import check
    from ops.services.targets import choose

    with read(place_of(simulate=simulate, state=state), fleet, stack) as (session, plan, made):
        pack = pack_of(made.pack_root, policy_config, allow_expired=True)
        found = check(session.engine, choose(plan, stack=stack, everything=everything), pack, today())
    sys.stdout.write(json.dumps(found.as_json()) + "\n" if output is Output.JSON else found.as_text())
    if found.fails:
        raise typer.Exit(FAILED)
