"""The outputs of stacks, secrets kept back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from ops.adapters.engine import SECRET
from ops.errors import RefusedError
from ops.services.at_once import at_once
from ops.services.status import status

if TYPE_CHECKING:
    from infra.plan import FleetPlan
    from ops.adapters.engine import Engine


def outputs(engine: Engine, plan: FleetPlan, stack: str | None) -> dict[str, dict[str, Any]]:
    """Read the outputs of one stack, or of all that are deployed.

    Raises
    ------
    RefusedError
        If that stack is not deployed.
    """
    states = status(engine, plan).standing if stack is None else (engine.state(stack),)
    if stack is not None and not states[0].deployed:
        raise RefusedError(f"the stack {stack} is not deployed", "hms status shows which are")
    return {state.name: dict(state.outputs) for state in states}


def kubeconfigs(engine: Engine, plan: FleetPlan, stack: str | None) -> dict[str, dict[str, Any]]:
    """Read the kubeconfigs of the clusters of one stack, or of all that are deployed. Secret: never to be shown.

    Raises
    ------
    RefusedError
        If that stack, or any, is not deployed, or has no cluster.
    """
    names = list(outputs(engine, plan, stack))
    with at_once(len(names)) as pool:
        revealed = pool.map(lambda name: engine.reveal(name, "kubeconfigs") or {}, names)
        found = {cluster: yaml.safe_load(text) for texts in revealed for cluster, text in texts.items()}
    if not found:
        raise RefusedError("no cluster is deployed", "hms up --all, or hms lab up for a fleet on this machine")
    return found


def as_json(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Give outputs as plain data, version 1; a secret is the text ``[secret]``."""
    return {"v": 1, "stacks": found}


def as_text(found: dict[str, dict[str, Any]], *, reveal: str) -> str:
    """Write outputs as YAML.

    Parameters
    ----------
    reveal
        What to type to see a secret: named where there is one.
    """
    text = "".join(
        f"# {stack}\n{yaml.safe_dump(values, sort_keys=False, width=110)}" for stack, values in found.items()
    )
    if SECRET in text:
        text += f"# {SECRET}: never shown here. To see one: {reveal}\n"
    return text
