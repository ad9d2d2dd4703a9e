"""``hms lab``: a fleet with real Kubernetes, Cilium and networks, on this machine."""

from __future__ import annotations

import json
import shlex
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from ops.errors import MISSING, RefusedError
from ops.options import (
    FleetOption,
    OutputOption,
    PlaceOptions,
    PolicyOptions,
    TargetOptions,
    TimersChoice,
    TimersOption,
    WorkOptions,
)
from ops.splice import spliced
from ops.terminal import Output, draw

if TYPE_CHECKING:
    from ops.adapters.lab import Lab
    from ops.adapters.state import StateFolder

app = typer.Typer(help="A fleet with real Kubernetes, Cilium and networks on this machine.", no_args_is_help=True)


class LinkChoice(StrEnum):
    """What carries links between clouds."""

    ROUTER = "router"
    IPSEC = "ipsec"


class DepthChoice(StrEnum):
    """How much of the fleet is real."""

    CONTROL = "control"
    DATAPATH = "datapath"


StateOption = Annotated[
    Path | None, typer.Option(help="Folder that holds the lab and all state; .state/lab if none is named.")
]
FaultArgument = Annotated[str, typer.Argument(help="What; listed below.")]
TargetArgument = Annotated[
    str, typer.Argument(help="A link, tunnel (its Azure connection), node or cluster, by its name.")
]


class _FaultCommand(TyperCommand):
    """Lists the faults under its help: only there, since loading them takes as long as all else."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - typer's own copy of click
        from lab.faults.catalogue import FAULTS

        with formatter.section("Faults"):
            formatter.write_dl([(f"{fault.name} {fault.target.upper()}", fault.means) for fault in FAULTS.values()])


@app.command("up")
@spliced
def up_verb(  # noqa: PLR0913 - one argument an option
    *,
    fleet: FleetOption = None,
    state: StateOption = None,
    depth: Annotated[
        DepthChoice | None,
        typer.Option(help="control: API servers and mesh alone; datapath: nodes and pods too. The deepest possible."),
    ] = None,
    nodes: Annotated[int, typer.Option(min=1, max=14, help="Nodes in each cluster.")] = 2,
    link: Annotated[
        LinkChoice,
        typer.Option(help="What carries links between clouds: a router, or the planned tunnels for real (link-tools)."),
    ] = LinkChoice.ROUTER,
    timers: TimersOption = TimersChoice.CLOUD,
    policies: PolicyOptions,
) -> None:
    """Start the lab of a fleet and deploy the fleet into it, as hms up does."""
    from lab.doctor import examine
    from ops.cli_deploy import factory
    from ops.services.check import load_plan
    from ops.services.lab import begin, choose_depth, differences_table, status, status_tables

    begun = time.monotonic()
    path = factory().fleet_file(fleet)
    plan = load_plan(path)
    folder = state_in(state)
    lab = lab_in(state)
    chosen = choose_depth(depth.value if depth else None, examine())
    if depth is None and chosen == "control":
        _say("this machine runs control planes only; hms lab doctor says why")
    begin(lab, folder, plan, path, depth=chosen, nodes=nodes, progress=_say)
    deploy_into_lab(path, folder.path, policies)
    if link is LinkChoice.IPSEC:
        carry_by_tunnels(lab, path, folder.path, timers.value)
    draw((differences_table(lab.ask("differences")), *status_tables(status(lab))))
    sys.stdout.write(_next(lab, state, fleet, pods=chosen == "datapath"))
    _say(f"{plan.name} is up after {time.monotonic() - begun:.0f} s")


@app.command("down")
def down_verb(*, state: StateOption = None) -> None:
    """End the lab and remove all of it, and what was deployed into it; twice is no error."""
    from ops.services.lab import end

    lab = lab_in(state)
    _say("the lab is gone" if end(lab, state_in(state)) else f"no lab runs in {lab.folder}")


@app.command("status")
def status_verb(*, state: StateOption = None, output: OutputOption = Output.TEXT) -> None:
    """Show clusters, nodes, agents and the mesh, as they say of themselves."""
    from ops.services.lab import differences_table, status, status_tables

    lab = lab_in(state)
    found, differences = status(lab), lab.ask("differences")
    if output is Output.JSON:
        told = {"v": 1, "clusters": [each.as_json() for each in found], "differences": differences}
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        draw((differences_table(differences), *status_tables(found)))


@app.command("doctor")
def doctor_verb(
    *,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="One line, and only where a lab with nodes cannot run.")
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Say what this machine has for a lab, what it lacks, and what that costs; exits with 3 where no lab runs."""
    from lab.doctor import control_possible, datapath_possible, examine
    from ops.services.lab import doctor_table

    checks = examine()
    if quiet:
        barring = [f"{check.name} ({check.said})" for check in checks if check.needed and not check.found]
        if barring:
            _say(f"this machine runs no lab with nodes: {', '.join(barring)}")
            raise typer.Exit(MISSING)
        return
    if output is Output.JSON:
        told = {"v": 1, "control": control_possible(), "datapath": datapath_possible()}
        sys.stdout.write(json.dumps(told | {"checks": [vars(check) for check in checks]}) + "\n")
    else:
        draw((doctor_table(checks),))
        deepest = "datapath" if datapath_possible() else "control" if control_possible() else ""
        sys.stdout.write(f"a lab runs here at the depth {deepest}\n" if deepest else "no lab runs here\n")
    if not control_possible():
        raise typer.Exit(MISSING)


@app.command("break", cls=_FaultCommand)
def break_verb(fault: FaultArgument, target: TargetArgument, *, state: StateOption = None) -> None:
    """Break something, to see what the mesh makes of it."""
    means = _means(fault)
    lab_in(state).ask("break", progress=_say, fault=fault, target=target)
    _say(f"{fault} {target}: {means}")


@app.command("mend", cls=_FaultCommand)
def mend_verb(fault: FaultArgument, target: TargetArgument, *, state: StateOption = None) -> None:
    """Mend what hms lab break broke."""
    _means(fault)
    lab_in(state).ask("mend", progress=_say, fault=fault, target=target)
    _say(f"{fault} {target}: mended")


@app.command("exec", context_settings={"ignore_unknown_options": True})
def exec_verb(
    space: Annotated[str, typer.Argument(help="A node or a cluster by its name, site-SITE, link-LINK, or outside.")],
    command: Annotated[list[str], typer.Argument(help="What to run there, after --.")],
    *,
    state: StateOption = None,
) -> None:
    """Run a command in a part of the lab: its output is printed at its end."""
    sys.stdout.write(lab_in(state).run(space, *command))


@app.command("kubeconfig")
def kubeconfig_verb(
    cluster: Annotated[str, typer.Argument(help="Name of a cluster.")], *, state: StateOption = None
) -> None:
    """Print the kubeconfig file of a cluster: kubectl --kubeconfig $(hms lab kubeconfig aws-1) get pods -A."""
    files = lab_in(state).record().kubeconfigs
    if cluster not in files:
        raise RefusedError(f"the lab has no cluster {cluster!r}", f"one of {', '.join(files)}")
    sys.stdout.write(f"{files[cluster]}\n")


def deploy_into_lab(fleet: Path, state: Path, policies: PolicyOptions) -> None:
    """Deploy all stacks into the lab beside a state folder: ``hms up --all --simulate --lab --yes``."""
    from ops.cli_deploy import up_verb as deploy

    deploy(
        **vars(TargetOptions(everything=True, fleet=fleet)),
        **vars(WorkOptions(simulate=True, lab=True, state=state)),
        **vars(policies),
        yes=True,
        output=Output.TEXT,
    )


def carry_by_tunnels(lab: Lab, fleet: Path, state: Path, timers: str) -> None:
    """Let the tunnels of the deployed stacks carry the lab's links between clouds; those that do so already go on."""
    from dataclasses import asdict

    from lab.link.session import needed
    from ops.cli_link import deployed_in

    resources = needed(deployed_in(PlaceOptions(simulate=True, state=state), fleet))
    told = lab.ask("carry", resources=[asdict(one) for one in resources], timers=timers, timeout=180.0)
    _say(f"{told['tunnels']} tunnels carry the links between clouds")


def state_in(state: Path | None) -> StateFolder:
    """Give the folder of a lab's state."""
    from ops.adapters.state import StateFolder
    from ops.cli_deploy import factory
    from ops.factory import DEFAULT_LAB_STATE

    return StateFolder((state or factory().root / DEFAULT_LAB_STATE).expanduser().resolve())


def lab_in(state: Path | None) -> Lab:
    """Give the lab beside a state."""
    from ops.adapters.lab import Lab

    return Lab(state_in(state).lab)


def _means(name: str) -> str:
    """Say what a fault does.

    Raises
    ------
    RefusedError
        If there is none of that name.
    """
    from lab.faults.catalogue import FAULTS

    if name not in FAULTS:
        raise RefusedError(f"there is no fault {name!r}", f"one of {', '.join(FAULTS)}")
    return FAULTS[name].means


def _say(text: str) -> None:
    sys.stderr.write(f"lab: {text}\n")
    sys.stderr.flush()


def _next(lab: Lab, state: Path | None, fleet: Path | None, *, pods: bool) -> str:
    """Say where the kubeconfigs are, and what can be typed next."""
    where = f" --state {shlex.quote(str(state))}" if state else ""
    which = f" --fleet {shlex.quote(str(fleet))}" if fleet else ""
    files = lab.record().kubeconfigs
    first = next(iter(files))
    lines = [
        *([(f"hms connectivity test --lab{where}{which}", "every flow, with packets")] if pods else []),
        (f"hms lab status{where}", "clusters, nodes, agents, mesh"),
        (f"hms lab break --help{where}", "what can be broken"),
        (f"hms lab exec{where} {first} -- ip address", "a command in a part of the lab"),
        (f"hms lab down{where}", "end it"),
    ]
    width = max(len(command) for command, _ in lines)
    return (
        "Kubeconfigs:\n"
        + "".join(f"  {name:12} {path}\n" for name, path in files.items())
        + "Go on:\n"
        + "".join(f"  {command:{width}}  {what}\n" for command, what in lines)
    )
