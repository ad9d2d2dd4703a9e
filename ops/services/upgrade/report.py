"""The plan of an upgrade, to read and for scripts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ops.errors import REFUSED
from ops.services.upgrade.path import find, refusals
from ops.services.upgrade.rules import Refusal
from ops.services.upgrade.values import lost_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ops.services.upgrade.rules import Running
    from ops.services.upgrade.steps import Command, Step, Writer


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """A plan, or what is refused.

    Parameters
    ----------
    source
        Where the versions are from: the fleet file, or the clusters.
    remarks
        What a reader has to know of them.
    """

    fleet: str
    source: str
    running: Mapping[str, Running]
    to_cilium: str | None
    to_kubernetes: str | None
    refused: tuple[Refusal, ...]
    steps: tuple[Step, ...]
    remarks: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """Exit code: 2 if something is refused, else 0."""
        return REFUSED if self.refused else 0

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data, version 1."""
        return {
            "v": 1,
            "fleet": self.fleet,
            "source": self.source,
            "remarks": list(self.remarks),
            "running": {name: asdict(each) for name, each in self.running.items()},
            "target": {"cilium": self.to_cilium, "kubernetes": self.to_kubernetes},
            "refused": [asdict(each) for each in self.refused],
            "steps": [{"number": number, **asdict(step)} for number, step in enumerate(self.steps, 1)],
        }

    def as_text(self) -> str:
        """Give it as text."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.fleet}, by {self.source}:"
        width = max(len(name) for name in self.running)
        for name, each in self.running.items():
            nodes = f", nodes {', '.join(each.nodes)}" if set(each.nodes) != {each.kubernetes} else ""
            yield f"  {name:{width}}  Cilium {', '.join(each.cilium)}  Kubernetes {each.kubernetes}{nodes}"
        yield from (f"  {remark}" for remark in self.remarks)
        wanted = [f"{what} {to}" for what, to in (("Cilium", self.to_cilium), ("Kubernetes", self.to_kubernetes)) if to]
        yield f"to {' and '.join(wanted)}:"
        for refusal in self.refused:
            yield ""
            yield f"refused: {refusal.what}"
            yield f"  why      {refusal.why}"
            yield f"  instead  {refusal.instead}"
        if not self.refused and not self.steps:
            yield "  nothing to do"
        for number, step in enumerate(self.steps, 1):
            yield ""
            yield from _step_lines(number, step)


def plan_upgrade(  # noqa: PLR0913 - where from, where to, and how it is written
    writer: Writer,
    running: Mapping[str, Running],
    *,
    to_cilium: str | None,
    to_kubernetes: str | None,
    source: str = "the fleet file",
    remarks: tuple[str, ...] = (),
) -> Upgrade:
    """Plan an upgrade.

    Parameters
    ----------
    running
        Versions by cluster.
    to_cilium, to_kubernetes
        A release of Cilium, a minor of Kubernetes; None to leave it.
    """
    plan = writer.plan
    refused = refusals(running, to_cilium, to_kubernetes)
    if plan.fleet.mesh.ca.next is not None:
        refused = (_rotating(plan.fleet.mesh.ca.next), *refused)
    steps: tuple[Step, ...] = ()
    if not refused:
        moves, against = find(running, to_cilium, to_kubernetes)
        refused = (*((against,) if against else ()), *(lost_values(plan, to_cilium) if to_cilium else ()))
        steps = () if refused else writer.steps(moves)
    return Upgrade(
        fleet=plan.name,
        source=source,
        running=running,
        to_cilium=to_cilium,
        to_kubernetes=to_kubernetes,
        refused=refused,
        steps=steps,
        remarks=remarks,
    )


def _rotating(stage: str) -> Refusal:
    return Refusal(
        what=f"an upgrade while the mesh's CA is changed (mesh.ca.next: {stage})",
        why="both replace agents and mesh API servers: a failure would have two causes",
        instead="hms mesh ca status shows what is left of the rotation",
    )


def _step_lines(number: int, step: Step) -> Iterator[str]:
    yield f"{number}. {step.title}"
    for note in step.notes:
        yield f"   note    {note}"
    yield from _commands("before", step.before)
    for edit in step.edits:
        yield f"   edit    {edit.field}: {edit.before} -> {edit.after}"
    yield from _commands("run", step.run)
    yield from _commands("look", step.look)
    yield f"   back    {step.back}"


def _commands(word: str, commands: tuple[Command, ...]) -> Iterator[str]:
    for each in commands:
        yield f"   {word:7} {each.command}"
        yield f"           {each.what}"
