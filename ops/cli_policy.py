"""``hms policy``: the policies over what is deployed."""

# ruff: noqa: TC001 - typer reads the annotations when it runs
from __future__ import annotations

import json
import sys

import typer

from ops.errors import FAILED
from ops.options import OutputOption, PlaceOptions, PolicyConfigOption, TargetOptions
from ops.splice import spliced
from ops.terminal import Output

app = typer.Typer(help="Policies over what is deployed; policies/README.md lists them.", no_args_is_help=True)


@app.callback()
def policy() -> None:
    """Keep ``check`` a verb of its own, though it is the only one."""


@app.command("check")
@spliced
def check_verb(
    *,
    target: TargetOptions,
    where: PlaceOptions,
    policy_config: PolicyConfigOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Run all policies over deployed stacks; exits with 1 if a mandatory one is broken or an exception has expired."""
    from ops.cli_deploy import read
    from ops.services.policies import pack_of, today
    from ops.services.policy_check import check
    from ops.services.targets import choose

    with read(where, target.fleet, target.stack) as (session, plan, made):
        pack = pack_of(made.pack_root, policy_config, allow_expired=True)
        found = check(session.engine, choose(plan, stack=target.stack, everything=target.everything), pack, today())
    sys.stdout.write(json.dumps(found.as_json()) + "\n" if output is Output.JSON else found.as_text())
    if found.fails:
        raise typer.Exit(FAILED)
