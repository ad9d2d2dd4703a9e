"""What the engine exports of a stack, as services see it."""

from __future__ import annotations

from typing import Any

from ops.adapters.engine import SECRET, Pending, StackState
from ops.adapters.translate import STACK_TYPE, waits_for

_MARK = "4dabf18193072939515e22adb298388d"
"""Key that the engine puts into an object which is something special: a secret, still encrypted, or an asset."""


def state_of_export(stack: str, exported: dict[str, Any]) -> StackState:
    """Read an exported stack; no secret is decrypted."""
    deployment = exported.get("deployment") or {}
    resources = deployment.get("resources") or []
    root: dict[str, Any] = next((each for each in resources if each["type"] == STACK_TYPE), {})
    return StackState(
        name=stack,
        exists=True,
        updated=str((deployment.get("manifest") or {}).get("time", "")) if resources else "",
        resources=sum(each["type"] != STACK_TYPE for each in resources),
        outputs=masked(root.get("outputs") or {}),
        graph={each["urn"]: waits_for(each) for each in resources if each["type"] != STACK_TYPE},
        pending=tuple(
            Pending(urn=each["resource"]["urn"], op=each["type"]) for each in deployment.get("pending_operations") or ()
        ),
    )


def masked(value: Any) -> Any:  # noqa: ANN401 - outputs are whatever the program exports
    """Replace secrets at any depth."""
    if isinstance(value, dict):
        if _MARK in value:
            return SECRET
        return {key: masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value
