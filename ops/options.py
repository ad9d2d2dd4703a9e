"""Options that several verbs share, written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.terminal import Output

OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to write the result.")]
FleetOption = Annotated[
    Path | None, typer.Option(help="Fleet file; that of the stack's settings, else fleets/dev.yaml, if none is named.")
]
StackOption = Annotated[str | None, typer.Option(help="One stack: SITE-FLEET, or FLEET for all sites as one graph.")]
AllOption = Annotated[bool, typer.Option("--all", help="All site stacks, in the order in which they read each other.")]
SimulateOption = Annotated[bool, typer.Option("--simulate", help="Simulated clouds: no account, no cost.")]
StateOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder that holds all state; nothing is written elsewhere. "
        "With --simulate .state if none is named, without it your own Pulumi backend."
    ),
]
NoPoliciesOption = Annotated[
    str | None, typer.Option("--no-policies", metavar="REASON", help="Leave the policies out, and say why.")
]
PolicyConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--policy-config", help="Levels and exceptions of policies, JSON; policies/config.json if none is named."
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
PaceOption = Annotated[
    float, typer.Option(min=0.0, help="With --simulate: share of the time that real clouds need; 0 is none.")
]
FaultsOption = Annotated[Path | None, typer.Option(help="With --simulate: a fault plan, what goes wrong and when.")]
PassphraseOption = Annotated[
    bool, typer.Option("--allow-passphrase", help="Let a passphrase protect the secrets of a real deployment.")
]
