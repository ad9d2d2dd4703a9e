"""Verbs of ``hms mesh`` that change the mesh: they edit the fleet file, show what follows, deploy it, and wait."""

# ruff: noqa: TC001 - typer reads the annotations when it runs
from __future__ import annotations

import json
import shlex
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from ops.errors import RefusedError
from ops.options import FleetOption, OutputOption, PlaceOptions, PolicyOptions, WorkOptions, YesOption
from ops.splice import spliced
from ops.terminal import Output, Terminal, draw, reporting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infra.plan import FleetPlan
    from ops.adapters.engine import StackState
    from ops.adapters.fleet_file import FleetFile
    from ops.factory import Session
    from ops.progress.reporter import Reporter
    from ops.services.mesh.live import Live
    from ops.services.mesh.membership import Change
    from ops.services.mesh.rotation import Step

ca = typer.Typer(
    help="Change the mesh's certificate authority by stages; no cluster loses another.", no_args_is_help=True
)

ClustersArgument = Annotated[list[str], typer.Argument(help="Clusters, by their names.", metavar="CLUSTER...")]

_ANSWER = 10.0
"""Seconds for an answer of an API server."""


@dataclass(frozen=True, kw_only=True)
class ChangeOptions:
    """What is changed, and how."""

    fleet: FleetOption = None
    wait: Annotated[float, typer.Option(min=1.0, help="Seconds that the mesh may take until it is whole.")] = 900.0
    yes: YesOption = False
    output: OutputOption = Output.TEXT


@ca.command("create")
@spliced
def create_verb(*, where: WorkOptions, policies: PolicyOptions, change: ChangeOptions) -> None:
    """Make a second CA, which nobody trusts yet."""
    _rotate("create", where, policies, change)


@ca.command("trust")
@spliced
def trust_verb(*, where: WorkOptions, policies: PolicyOptions, change: ChangeOptions) -> None:
    """Let every cluster trust both CAs: agents and mesh API servers are rolled."""
    _rotate("trust", where, policies, change)


@ca.command("promote")
@spliced
def promote_verb(*, where: WorkOptions, policies: PolicyOptions, change: ChangeOptions) -> None:
    """Let the second CA sign every certificate anew; nothing is rolled."""
    _rotate("promote", where, policies, change)


@ca.command("distrust")
@spliced
def distrust_verb(*, where: WorkOptions, policies: PolicyOptions, change: ChangeOptions) -> None:
    """Let nobody trust the first CA any more, and delete it: agents and mesh API servers are rolled."""
    _rotate("distrust", where, policies, change)


@ca.command("status")
@spliced
def status_verb(*, fleet: FleetOption = None, where: PlaceOptions, output: OutputOption = Output.TEXT) -> None:
    """Show how far a rotation has come: in the fleet file, in each stack, in each cluster."""
    from ops.cli_deploy import read
    from ops.services.mesh.ca_status import CaStatus
    from ops.services.mesh.rotation import records

    with read(where, fleet) as (session, plan, _):
        stacks = records(_standing(session, plan))
        with _mesh(session, where, plan) as mesh:
            meshed = mesh.trusts(plan) if mesh is not None else {}
    found = CaStatus(fleet=plan.name, declared=plan.fleet.mesh.ca, stacks=stacks, clusters=meshed)
    if output is Output.JSON:
        sys.stdout.write(json.dumps(found.as_json()) + "\n")
    else:
        draw(found.tables())
        sys.stdout.write(f"next: {found.next}\n" if found.next else "no rotation is under way\n")


@spliced
def enable_verb(
    clusters: ClustersArgument,
    *,
    where: WorkOptions,
    policies: PolicyOptions,
    change: ChangeOptions,
) -> None:
    """Take clusters into the mesh; their sites must be linked to those of all others."""
    _join("enable", clusters, where, policies, change)


@spliced
def connect_verb(
    clusters: ClustersArgument,
    *,
    where: WorkOptions,
    policies: PolicyOptions,
    change: ChangeOptions,
) -> None:
    """Take clusters into the mesh, and add the links between sites that it then lacks."""
    _join("connect", clusters, where, policies, change)


@spliced
def disconnect_verb(
    clusters: ClustersArgument,
    *,
    where: WorkOptions,
    policies: PolicyOptions,
    change: ChangeOptions,
) -> None:
    """Take clusters out of the mesh; links between sites stay."""
    _join("disconnect", clusters, where, policies, change)


def add_verbs(app: typer.Typer) -> None:
    """Hang the verbs into ``hms mesh``."""
    app.add_typer(ca, name="ca")
    for name, verb in (("enable", enable_verb), ("connect", connect_verb), ("disconnect", disconnect_verb)):
        app.command(name)(verb)


def _rotate(step: Step, where: WorkOptions, policies: PolicyOptions, change: ChangeOptions) -> None:
    from ops.services.mesh.rotation import edited, records, stepped

    def edit(file: FleetFile, plan: FleetPlan, standing: Mapping[str, StackState]) -> FleetFile:
        return edited(file, stepped(step, plan.fleet.mesh.ca, records(standing)))

    _change(edit, where, policies, change, whole=True)


def _join(
    kind: Change,
    clusters: list[str],
    where: WorkOptions,
    policies: PolicyOptions,
    change: ChangeOptions,
) -> None:
    from ops.services.mesh.membership import edited

    _change(lambda file, plan, _: edited(file, plan, kind, clusters), where, policies, change, whole=False)


def _change(
    edit: Callable[[FleetFile, FleetPlan, Mapping[str, StackState]], FleetFile],
    where: WorkOptions,
    policies: PolicyOptions,
    change: ChangeOptions,
    *,
    whole: bool,
) -> None:
    """Change the mesh.

    Parameters
    ----------
    edit
        Gives the fleet file as it will be, from what it is and the stacks that are deployed.
    whole
        Whether the mesh has to be whole beforehand, unless the file is changed already: then that was so.
    """
    from ops.adapters.fleet_file import FleetFile
    from ops.cli_deploy import factory, or_declined, pack_for
    from ops.services.check import load_plan, read_plan
    from ops.services.deploy import Deploy
    from ops.services.job import Job
    from ops.services.mesh.change import MeshChange
    from ops.services.targets import all_targets, whole_target

    with reporting(change.output) as reporter:
        if change.output is Output.JSON and not change.yes:
            raise RefusedError("with -o json nobody can be asked", "add --yes where you are sure")
        ask = None if change.yes else Terminal()
        made = factory()
        path = made.fleet_file(change.fleet)
        before = load_plan(path)
        with made.reading(where.place(), before, path) as session:
            standing = _standing(session, before)
        if not standing:
            raise RefusedError(f"nothing of {before.name} is deployed, so there is no mesh to change", "hms up --all")
        file = edit(FleetFile.load(path), before, standing)
        plan = read_plan(file.text, path)
        targets = tuple(each for each in (*all_targets(plan), whole_target(plan)) if each.stack in standing)
        with made.working(where.place(), plan, path, targets) as session:
            work = MeshChange(
                deploy=Deploy(engine=session.engine, reporter=reporter, program=made.program, prepare=session.prepare),
                open_mesh=partial(_mesh, session, where),
                say=partial(_say, reporter, plan.name),
                seconds=change.wait,
            )
            if whole and file.text != file.read:
                work.refuse_unsettled(before)
            job = Job(
                plan=plan,
                fleet=path,
                targets=targets,
                again=shlex.join(["hms", *sys.argv[1:]]),
                ask=ask,
                pack=pack_for(policies, made),
                no_policies=policies.no_policies or "",
            )
            done = work.run(job, file)
    or_declined(done=done)


def _standing(session: Session, plan: FleetPlan) -> dict[str, StackState]:
    from ops.services.status import status

    return {state.name: state for state in status(session.engine, plan).standing}


@contextmanager
def _mesh(session: Session, where: PlaceOptions, plan: FleetPlan) -> Iterator[Live | None]:
    """Open the mesh that is deployed; simulated clouds without a lab have none."""
    from datetime import timedelta

    from ops.services.clusters import Access, lab_clusters, named_clusters
    from ops.services.mesh.live import Live
    from ops.services.outputs import kubeconfigs

    if where.lab:
        from ops.cli_lab import lab_in

        # The lab itself writes what kubelet would be late with.
        with lab_clusters(lab_in(where.state), plan, seconds=_ANSWER) as clusters:
            yield Live(clusters=clusters, lag=timedelta(0))
    elif where.simulate:
        yield None
    else:
        accesses = {name: Access(kubeconfig=config) for name, config in kubeconfigs(session.engine, plan, None).items()}
        with named_clusters("its stacks", plan, accesses, seconds=_ANSWER) as clusters:
            yield Live(clusters=clusters)


def _say(reporter: Reporter, stack: str, text: str) -> None:
    from ops.progress.events import Event

    reporter.emit(Event(kind="message", stack=stack, verb="up", time=time.time(), level="info", text=text))
