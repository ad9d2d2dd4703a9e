"""Verbs that work on stacks: preview, up, refresh, destroy, outputs."""

# ruff: noqa: TC001, TC003 - typer reads the annotations when it runs
from __future__ import annotations

import json
import shlex
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.errors import RefusedError
from ops.options import (
    FleetOption,
    OutputOption,
    PlaceOptions,
    PolicyOptions,
    StackOption,
    TargetOptions,
    WorkOptions,
    YesOption,
)
from ops.splice import spliced
from ops.terminal import Output, PreviewOutput, Terminal, draw, reporting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.plan import FleetPlan
    from ops.adapters.pack import Pack
    from ops.factory import Factory, Session
    from ops.services.deploy import Deploy
    from ops.services.job import Job


@dataclass(frozen=True, kw_only=True)
class _Work:
    deploy: Deploy
    job: Job
    session: Session
    plan: FleetPlan


@spliced
def preview_verb(  # noqa: PLR0913 - one argument an option
    *,
    target: TargetOptions,
    where: WorkOptions,
    expect_no_changes: Annotated[
        bool, typer.Option("--expect-no-changes", help="Exit with 1 if anything would change.")
    ] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the clouds first what they have.")] = False,
    policies: PolicyOptions,
    yes: YesOption = True,
    output: Annotated[
        PreviewOutput, typer.Option("--output", "-o", help="How to write the result; markdown is a comment for GitHub.")
    ] = PreviewOutput.TEXT,
) -> None:
    """Show what up would do."""
    with _work(target, where, policies, yes=yes, output=output, refresh=refresh) as work:
        work.deploy.preview(work.job, expect_no_changes=expect_no_changes)


@spliced
def up_verb(
    *,
    target: TargetOptions,
    where: WorkOptions,
    policies: PolicyOptions,
    yes: YesOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Bring stacks to what the fleet file says; shows the plan first and asks."""
    from ops.services.status import fleet_tables, status

    with _work(target, where, policies, yes=yes, output=output) as work:
        done = work.deploy.up(work.job)
        if done and output is Output.TEXT:
            draw(fleet_tables(status(work.session.engine, work.plan)))
            sys.stdout.write(_look_further(work.plan, where, target.fleet))
    or_declined(done=done)


@spliced
def refresh_verb(
    *, target: TargetOptions, where: WorkOptions, yes: YesOption = True, output: OutputOption = Output.TEXT
) -> None:
    """Bring the state of stacks to what the clouds have; no cloud is changed."""
    with _work(target, where, yes=yes, output=output) as work:
        work.deploy.refresh(work.job)


@spliced
def destroy_verb(
    *, target: TargetOptions, where: WorkOptions, yes: YesOption = False, output: OutputOption = Output.TEXT
) -> None:
    """Take stacks down, with all that they deployed; asks for the fleet's name."""
    with _work(target, where, yes=yes, output=output) as work:
        done = work.deploy.destroy(work.job)
    or_declined(done=done)


@spliced
def outputs_verb(
    *,
    stack: StackOption = None,
    fleet: FleetOption = None,
    where: PlaceOptions,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print the outputs of stacks; secrets are never printed."""
    from ops.services.outputs import as_json, as_text, outputs

    with read(where, fleet, stack) as (session, plan, _):
        found = outputs(session.engine, plan, stack)
    if output is Output.JSON:
        sys.stdout.write(json.dumps(as_json(found)) + "\n")
    else:
        sys.stdout.write(as_text(found, reveal=session.reveal))


def add_verbs(app: typer.Typer) -> None:
    """Hang the verbs into the command line."""
    for name, verb in (
        ("preview", preview_verb),
        ("up", up_verb),
        ("refresh", refresh_verb),
        ("destroy", destroy_verb),
        ("outputs", outputs_verb),
    ):
        app.command(name)(verb)


def factory() -> Factory:
    """Make the factory: the one place for tests to put another."""
    from ops.factory import Factory

    return Factory()


@contextmanager
def _work(  # noqa: PLR0913 - one argument an option
    target: TargetOptions,
    where: WorkOptions,
    policies: PolicyOptions | None = None,
    *,
    yes: bool,
    output: Output | PreviewOutput,
    refresh: bool = False,
) -> Iterator[_Work]:
    """Open all that a verb needs to change things."""
    from ops.services.check import load_plan
    from ops.services.deploy import Deploy
    from ops.services.job import Job
    from ops.services.targets import choose

    with reporting(output) as reporter:
        if output is Output.JSON and not yes:
            raise RefusedError("with -o json nobody can be asked", "add --yes where you are sure")
        ask = None if yes else Terminal()
        made = factory()
        path = made.fleet_file(target.fleet, target.stack)
        plan = load_plan(path)
        targets = choose(plan, stack=target.stack, everything=target.everything)
        pack = pack_for(policies, made) if policies else None
        with made.working(where.place(), plan, path, targets) as session:
            deploy = Deploy(engine=session.engine, reporter=reporter, program=made.program, prepare=session.prepare)
            job = Job(
                plan=plan,
                fleet=path,
                targets=targets,
                again=shlex.join(["hms", *sys.argv[1:]]),
                ask=ask,
                pack=pack,
                no_policies=(policies.no_policies or "") if policies else "",
                refresh=refresh,
            )
            yield _Work(deploy=deploy, job=job, session=session, plan=plan)


@contextmanager
def read(
    where: PlaceOptions, fleet: Path | None, stack: str | None = None
) -> Iterator[tuple[Session, FleetPlan, Factory]]:
    """Open all that a verb needs to look."""
    from ops.services.check import load_plan

    made = factory()
    path = made.fleet_file(fleet, stack)
    plan = load_plan(path)
    with made.reading(where.place(), plan, path) as session:
        yield session, plan, made


def pack_for(policies: PolicyOptions, made: Factory) -> Pack | None:
    """Give the policies that hold; None where the user left them out, and said why."""
    from ops.services.policies import pack_of, refuse_no_reason

    if policies.no_policies is None:
        return pack_of(made.pack_root, policies.policy_config)
    if policies.policy_config is not None:
        raise RefusedError("--no-policies and --policy-config were both given", "leave one out")
    refuse_no_reason(policies.no_policies)
    return None


def _look_further(plan: FleetPlan, place: PlaceOptions, fleet: Path | None) -> str:
    """Say what can be typed next."""
    where = " --simulate" if place.simulate else ""
    where += " --lab" if place.lab else ""
    where += f" --state {shlex.quote(str(place.state))}" if place.state else ""
    which = f" --fleet {shlex.quote(str(fleet))}" if fleet else ""
    file = f" {shlex.quote(str(fleet))}" if fleet else ""
    lines = (
        (f"hms status{where}{which}", "stacks, and how their clusters do"),
        (f"hms outputs{where}{which}", "what the stacks give"),
        (f"hms fleet show{file}", "every address, tunnel and id of the plan"),
        (f"hms fleet values {next(iter(plan.clusters))}{which}", "Cilium's Helm values of a cluster"),
        (f"hms up --all{where}{which}", "again: nothing changes"),
        (f"hms destroy --all{where}{which}", "take everything down"),
    )
    width = max(len(command) for command, _ in lines)
    return "Look further:\n" + "".join(f"  {command:{width}}  {what}\n" for command, what in lines)


def or_declined(*, done: bool) -> None:
    """End with an error where the user said no.

    Raises
    ------
    RefusedError
        If so.
    """
    if not done:
        raise RefusedError("not confirmed; nothing more was done")
