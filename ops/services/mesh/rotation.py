"""The order of a rotation of the mesh's CA: which step may follow, by the fleet file and by what stacks have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from infra.model import Authority
from infra.trust import read_record
from ops.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.adapters.engine import StackState
    from ops.adapters.fleet_file import FleetFile

Step = Literal["create", "trust", "promote", "distrust"]
Stage = Literal["created", "trusted", "promoted"]

STEPS: Final[Mapping[Step, tuple[Stage | None, Stage | None]]] = {
    "create": (None, "created"),
    "trust": ("created", "trusted"),
    "promote": ("trusted", "promoted"),
    "distrust": ("promoted", None),
}
"""From which stage each step leads to which; the last one leads to the next generation."""

_FIELD = ("mesh", "ca")


def following(stage: Stage | None) -> Step:
    """Give the step that leads on from a stage."""
    return next(step for step, (before, _) in STEPS.items() if before == stage)


def told(authority: Authority) -> str:
    """Say in words which CAs a stage has."""
    if authority.next is None:
        return f"CA {authority.generation} alone"
    return f"CA {authority.generation}, and CA {authority.generation + 1} {authority.next}"


def records(states: Mapping[str, StackState]) -> dict[str, Authority]:
    """Read the stage of each deployed stack from its outputs."""
    return {name: read_record(state.outputs.get("ca")) for name, state in states.items() if state.deployed}


def stepped(step: Step, declared: Authority, deployed: Mapping[str, Authority]) -> Authority:
    """Give the stage that a step leads to. A step that was interrupted is taken up again.

    Parameters
    ----------
    declared
        The fleet file's.
    deployed
        Each stack's.

    Raises
    ------
    RefusedError
        If it is not the step's turn, by the file or by any stack: clusters would be cut off.
    """
    before, after = _ends(step, declared, deployed)
    for stack, has in deployed.items():
        if has not in (before, after):
            raise RefusedError(
                f"{stack} has {told(has)}; {step} needs {told(before)} in every stack, or clusters are cut off",
                "put mesh.ca in the fleet file back to what is deployed"
                if before == Authority()
                else f"hms mesh ca {_leading(before.next)}",
            )
    return after


def edited(file: FleetFile, authority: Authority) -> FleetFile:
    """Give the fleet file with a stage in it; what it says already stays as it is written."""
    if authority.generation > 1:
        file = file.with_field((*_FIELD, "generation"), authority.generation)
    return file.with_field((*_FIELD, "next"), authority.next)


def _ends(step: Step, declared: Authority, deployed: Mapping[str, Authority]) -> tuple[Authority, Authority]:
    """Give the stages that a step begins and ends with; the file is at one of the two."""
    first, last = STEPS[step]
    if declared.next == first:
        return declared, Authority(generation=declared.generation + (last is None), next=last)
    if declared.next == last:
        before = Authority(generation=max(declared.generation - (last is None), 1), next=first)
        # After the last step the file has no trace of it left, only stacks have.
        if last is not None or before in deployed.values():
            return before, declared
    raise RefusedError(
        f"it is not the turn of {step}: the fleet file has {told(declared)}", f"hms mesh ca {following(declared.next)}"
    )


def _leading(stage: Stage | None) -> Step:
    """Give the step that leads to a stage."""
    return next(step for step, (_, after) in STEPS.items() if after == stage)
