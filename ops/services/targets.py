"""Which stacks a command is about, and in what order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.scopes import Scope, scope_of, stack_name
from ops.errors import RefusedError

if TYPE_CHECKING:
    from infra.plan import FleetPlan


@dataclass(frozen=True, kw_only=True)
class Target:
    """A stack and what it deploys.

    Parameters
    ----------
    sites
        None for the whole fleet.
    """

    stack: str
    sites: tuple[str, ...] | None

    def scope(self, plan: FleetPlan) -> Scope:
        """Give the part of the fleet that the stack deploys."""
        return scope_of(plan, self.sites)


def all_targets(plan: FleetPlan) -> tuple[Target, ...]:
    """List the site stacks, each after those it reads."""
    return tuple(Target(stack=stack_name(plan, site), sites=(site,)) for site in plan.sites)


def whole_target(plan: FleetPlan) -> Target:
    """Give the stack that deploys the whole fleet as one graph."""
    return Target(stack=stack_name(plan), sites=None)


def choose(plan: FleetPlan, *, stack: str | None, everything: bool) -> tuple[Target, ...]:
    """Give the stacks that the user means.

    Raises
    ------
    RefusedError
        If they named none, both ways, or one that the fleet does not have.
    """
    sites = all_targets(plan)
    known = {target.stack: target for target in (*sites, whole_target(plan))}
    names = f"--all for {', then '.join(target.stack for target in sites)}; or --stack with one of {', '.join(known)}"
    if everything and stack:
        raise RefusedError("--all and --stack were both given", names)
    if everything:
        return sites
    if stack is None:
        raise RefusedError("which stack?", names)
    if stack not in known:
        raise RefusedError(f"the fleet {plan.name!r} has no stack {stack!r}", names)
    return (known[stack],)


def read_stacks(plan: FleetPlan, target: Target) -> tuple[str, ...]:
    """List the stacks whose outputs a stack reads."""
    return tuple(stack_name(plan, site) for site in target.scope(plan).reads)
