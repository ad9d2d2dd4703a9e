"""What is refused before the engine starts, since the engine or a cloud would find out too late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.record import changed
from infra.scopes import stack_name
from infra.trust import plan_trust, read_record
from ops.errors import RefusedError
from ops.services.targets import Target, all_targets, read_stacks, whole_target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from infra.plan import FleetPlan
    from infra.problems import Finding, Problem
    from infra.scopes import Scope
    from ops.adapters.engine import StackState
    from ops.progress.events import Verb


def refuse_changed_fields(
    plan: FleetPlan, fleet: Path, targets: tuple[Target, ...], states: Mapping[str, StackState]
) -> None:
    """Refuse fields that differ from what a stack's first deployment fixed.

    Raises
    ------
    RefusedError
        With every such field, its file and line.
    """
    findings: dict[Finding, None] = {}
    for target in targets:
        before = states[target.stack].outputs.get("fixed")
        if isinstance(before, dict):
            findings.update(dict.fromkeys(compared(before, plan, target.scope(plan))))
    if findings:
        raise RefusedError(
            f"{fleet}: fields that cannot change once deployed",
            "put them back; or destroy what carries them first and deploy it anew",
            details=tuple(str(problem) for problem in located(tuple(findings), fleet)),
        )


def compared(before: dict[str, Any], plan: FleetPlan, scope: Scope) -> tuple[Finding, ...]:
    """Compare a plan with recorded fixed fields."""
    return changed(before, plan, scope)


def located(findings: tuple[Finding, ...], fleet: Path) -> tuple[Problem, ...]:
    """Give findings their file and line."""
    from infra.document import read_document
    from infra.load import problems_of

    document = read_document(fleet.read_text(encoding="utf-8"))
    return problems_of(findings, document, str(fleet))


def refuse_doubles(plan: FleetPlan, targets: tuple[Target, ...], states: Mapping[str, StackState]) -> None:
    """Refuse to deploy the whole fleet beside its sites, or the other way: everything would be there twice.

    Raises
    ------
    RefusedError
        If the other way is deployed.
    """
    whole = whole_target(plan).stack
    wanted = {target.stack for target in targets}
    others = {target.stack for target in all_targets(plan)} if whole in wanted else {whole}
    standing = [stack for stack in sorted(others) if stack in states and states[stack].deployed]
    if standing:
        raise RefusedError(
            f"{', '.join(standing)} is deployed: {', '.join(sorted(wanted))} would make the same resources again",
            f"hms destroy --stack {standing[-1]} first, or go on with it",
        )


def refuse_unread(plan: FleetPlan, targets: tuple[Target, ...], states: Mapping[str, StackState]) -> None:
    """Refuse a stack that reads one which is neither deployed nor will be by then.

    Raises
    ------
    RefusedError
        If there is one.
    """
    before: set[str] = set()
    for target in targets:
        missing = [stack for stack in missing_reads(plan, target, states) if stack not in before]
        if missing:
            raise RefusedError(
                f"{target.stack} reads {', '.join(missing)}, which is not deployed yet",
                f"hms up --stack {missing[0]} first, or hms up --all",
            )
        before.add(target.stack)


def refuse_torn_trust(
    plan: FleetPlan, fleet: Path, targets: tuple[Target, ...], states: Mapping[str, StackState]
) -> None:
    """Refuse a stage of the mesh's CA in which clusters would not accept the certificates of others.

    Raises
    ------
    RefusedError
        If a deployed stack would not get on with what the file says, or a stack would take its CA from one that has
        another stage.
    """
    deployed = {name: read_record(state.outputs.get("ca")) for name, state in states.items() if state.deployed}
    for stack, has in deployed.items():
        if not plan_trust(has).gets_on_with(plan.mesh.trust):
            raise RefusedError(
                f"{fleet}: mesh.ca is more than one stage away from what {stack} has: clusters would be cut off",
                "put it back to what is deployed (hms mesh ca status), and rotate with hms mesh ca",
            )
    home = stack_name(plan, plan.mesh.trust_site)
    if home in deployed and deployed[home] != plan.fleet.mesh.ca:
        for target in targets:
            if target.stack == home:
                break
            if home in read_stacks(plan, target):
                raise RefusedError(
                    f"{target.stack} takes the mesh's CA from {home}, which has another stage of it than {fleet}",
                    f"hms up --stack {home} first, or hms up --all",
                )


def missing_reads(plan: FleetPlan, target: Target, states: Mapping[str, StackState]) -> tuple[str, ...]:
    """List the stacks that a stack reads and that are not deployed."""
    return tuple(stack for stack in read_stacks(plan, target) if not (stack in states and states[stack].deployed))


def refuse_in_use(plan: FleetPlan, targets: tuple[Target, ...], states: Mapping[str, StackState], verb: Verb) -> None:
    """Refuse to destroy a stack that others stand on.

    Raises
    ------
    RefusedError
        If a stack that stays reads one that goes.
    """
    going = {target.stack for target in targets}
    for other in all_targets(plan):
        held = going.intersection(read_stacks(plan, other))
        if other.stack not in going and held and other.stack in states and states[other.stack].deployed:
            raise RefusedError(
                f"{other.stack} stands on {', '.join(sorted(held))}",
                f"hms {verb} --stack {other.stack} first, or hms {verb} --all",
            )


def refuse_protected(plan: FleetPlan, fleet: Path) -> None:
    """Refuse to destroy a fleet that is protected.

    Raises
    ------
    RefusedError
        If it is; with what to change.
    """
    if plan.fleet.protect:
        raise RefusedError(
            f"the fleet {plan.name!r} is protected",
            f"write protect: false in {fleet}, type hms up for its stacks, then destroy",
        )
