"""Create, read, update and delete: what the clouds do once the inputs are right."""

# ruff: noqa: ANN401 - property values are any JSON
from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from simulator.context import Context
from simulator.faults import FaultPlan
from simulator.kind import Inputs, Kind, Outputs, Reference, Refused, Unfinished, walk
from simulator.outputs import echoed, kept, output_names
from simulator.values import known
from simulator.world import Edge, Record, World, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from simulator.registry import Package

_HOLD_SECONDS: Final = 0.03
"""How long an operation holds its exclusive keys at least. With a scale of 0 operations take no time, and two that the
program forgot to chain would collide on one run and not on the next; the engine starts them within this time."""


class Cancelled(Exception):  # noqa: N818
    """The engine asked for the operations under way to stop."""


@dataclass(frozen=True)
class Outcome:
    """What an operation leaves: id, outputs, and why it did not finish, if it did not."""

    id: str
    outputs: Outputs
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Made:
    """What is real of a resource: outputs that go over the simulated ones, and why it is not ready, if it is not."""

    outputs: Outputs
    reasons: tuple[str, ...] = ()

    def over(self, kind: Kind, outcome: Outcome) -> Outcome:
        outputs = {**outcome.outputs, **_known_outputs(kind, self.outputs)}
        return replace(outcome, outputs=outputs, reasons=tuple(dict.fromkeys((*outcome.reasons, *self.reasons))))


class Operations:
    """Runs operations of every package on one world.

    Parameters
    ----------
    world
        Where the resources live.
    scale
        Factor on every duration; 0 means at once.
    faults
        The fault plan.
    """

    def __init__(self, world: World, *, scale: float = 0.0, faults: FaultPlan | None = None) -> None:
        self.world = world
        self.scale = scale
        self._faults = faults or FaultPlan()
        self._busy: dict[str, str] = {}
        self._busy_lock = threading.Lock()

    def sleep(self, context: Context, seconds: float) -> None:
        """Let time pass for an operation.

        Raises
        ------
        Cancelled
            The engine would not wait.
        """
        if seconds > 0 and context.stop.wait(seconds):
            raise Cancelled

    def context(  # noqa: PLR0913
        self, package: Package, kind: Kind, config: Mapping[str, Any], *, urn: str, inputs: Inputs, id_: str = ""
    ) -> Context:
        """Return the context of an operation on one resource."""
        return Context(
            world=self.world,
            package=package.name,
            urn=urn,
            name=urn.rpartition("::")[2],
            kind_token=kind.token,
            scope=package.scope_of(kind, config, inputs),
            config=config,
            id=id_,
            scale=self.scale,
        )

    def create(self, package: Package, kind: Kind, context: Context, inputs: Inputs) -> Outcome:
        """Make a resource.

        Raises
        ------
        Refused
            The cloud would not.
        """
        with self._exclusive(kind, context, inputs):
            self._strike(context, "create", "before")
            self._spend(context, kind.duration.create, lambda: self._admit(kind, context, inputs))
            made = self._make_real(kind, context, inputs)
            with self.world.transaction():
                edges = self._admit(kind, context, inputs)
                if not kind.virtual:
                    context.incarnation = self.world.next_incarnation(context.urn)
                context.id = kind.make_id(context, inputs) if kind.make_id else context.token(kind.id_prefix)
                if not kind.virtual and self.world.one(kind.token, context.id, context.scope) is not None:
                    code, message = kind.exists
                    raise Refused(code, message.format(id=context.id), status=409)
                outcome = made.over(kind, self._compute(package, kind, context, inputs, {}))
                self._store(kind, context, inputs, outcome, edges)
        self._strike(context, "create", "after")
        return outcome

    def update(  # noqa: PLR0913
        self,
        package: Package,
        kind: Kind,
        context: Context,
        inputs: Inputs,
        *,
        old_inputs: Inputs,
        old_outputs: Outputs,
    ) -> Outcome:
        """Change a resource in place.

        Raises
        ------
        Refused
            The cloud would not, or has no such resource any more.
        """
        if kind.virtual:
            # What was drawn or signed stays: whatever would change it replaces the resource.
            return Outcome(context.id, {**kept(kind, old_outputs, old_inputs), **kind.defaults, **inputs})
        with self._exclusive(kind, context, inputs):
            self._adopt(kind, context)
            self._strike(context, "update", "before")
            self._spend(context, kind.duration.update, lambda: self._admit(kind, context, inputs))
            made = self._make_real(kind, context, inputs)
            with self.world.transaction():
                self._adopt(kind, context)
                edges = self._admit(kind, context, inputs)
                before = context.old.outputs if context.old is not None else old_outputs
                outcome = self._compute(package, kind, context, inputs, kept(kind, before, old_inputs))
                outcome = made.over(kind, outcome)
                self._store(kind, context, inputs, outcome, edges)
        self._strike(context, "update", "after")
        return outcome

    def delete(self, kind: Kind, context: Context, inputs: Inputs) -> None:
        """Remove a resource; one that is gone already is no error, as with the real providers.

        Raises
        ------
        Refused
            Something still refers to it.
        """
        if kind.virtual:
            return
        with self._exclusive(kind, context, inputs):
            if self.world.one(kind.token, context.id, context.scope) is None:
                return
            self._strike(context, "delete", "before")
            self._spend(context, kind.duration.delete, lambda: self._release(kind, context))
            if kind.real is not None:
                self._release(kind, context)
                real = kind.real(context)
                if real is not None:
                    real.delete(context, inputs)
            with self.world.transaction():
                record = self._release(kind, context)
                if record is None:
                    return
                self._remove(kind, context, record)
        self._strike(context, "delete", "after")

    def read(self, kind: Kind, context: Context) -> Record | None:
        """Return the resource as it is now, or ``None``."""
        self._strike(context, "read", "before")
        with self.world.transaction():
            record = self.world.one(kind.token, context.id, context.scope)
            if record is None:
                return None
            context.old, context.urn, context.incarnation = record, record.urn or context.urn, record.incarnation
            if kind.on_read is not None:
                record = record.with_outputs(kind.on_read(context))
        real = kind.real(context) if kind.real is not None else None
        if real is None:
            return record
        found = real.read(context, record)
        if found is None:
            with self.world.transaction():
                self._remove(kind, context, record)
            return None
        return replace(found, outputs=_known_outputs(kind, found.outputs))

    def _make_real(self, kind: Kind, context: Context, inputs: Inputs) -> _Made:
        """Make the resource for real where something real runs; not inside a transaction, for it may take minutes."""
        real = kind.real(context) if kind.real is not None else None
        if real is None:
            return _Made({})
        self._admit(kind, context, inputs)
        try:
            return _Made(real.put(context, inputs))
        except Unfinished as unfinished:
            return _Made(unfinished.outputs, unfinished.reasons)

    def _remove(self, kind: Kind, context: Context, record: Record) -> None:
        """Take a resource out of the world, with what goes along with it."""
        if kind.on_delete is not None:
            kind.on_delete(context)
        for patched in context.patches:
            self.world.put(patched)
        for child in self.world.owned(_owner(record)):
            self.world.remove(child)
        self.world.remove(record)

    def _adopt(self, kind: Kind, context: Context) -> None:
        """Go on as the resource that is there: ids derive from the URN it was made with, not from a later alias."""
        record = self.world.one(kind.token, context.id, context.scope)
        if record is None:
            raise Refused("ResourceNotFound", f"{kind.token} {context.id} does not exist", status=404)
        context.old, context.urn, context.incarnation = record, record.urn or context.urn, record.incarnation

    def _release(self, kind: Kind, context: Context) -> Record | None:
        record = self.world.one(kind.token, context.id, context.scope)
        if record is None:
            return None
        context.old, context.urn, context.incarnation = record, record.urn, record.incarnation
        for _, edge in self.world.blockers(record):
            raise Refused(edge.code, edge.message, status=409)
        return record

    def _admit(self, kind: Kind, context: Context, inputs: Inputs) -> tuple[Edge, ...]:
        """Look up references and ask the rules; return the edges that forbid deleting what is referred to."""
        with self.world.transaction():
            edges = [edge for reference in kind.references for edge in self._look_up(reference, context, inputs)]
            for admit in kind.admits:
                admit(context, inputs)
        return tuple(edges)

    def _look_up(self, reference: Reference, context: Context, inputs: Inputs) -> Iterator[Edge]:
        for path, value in walk(inputs, reference.path):
            if not known(value) or value == "" or (reference.when is not None and not reference.when(value)):
                continue
            target = self._target(reference, context, value)
            if target is None:
                message = reference.message.format(value=value, path=path, kind=" or ".join(reference.kinds))
                raise Refused(reference.code, message, status=reference.status)
            if reference.blocks_delete:
                source = context.id or context.name
                message = reference.blocks_message.format(target=target.id, source=source)
                yield Edge(target.key, reference.blocks_code, message)

    def _target(self, reference: Reference, context: Context, value: Any) -> Record | None:
        scope = None if reference.anywhere else context.scope
        for token in reference.kinds:
            if reference.by == "id":
                if isinstance(value, str) and (found := self.world.one(token, value, scope)) is not None:
                    return found
                continue
            for record in self.world.find(token, scope=scope):
                names = (
                    (record.outputs.get(reference.by),)
                    if isinstance(reference.by, str)
                    else tuple(reference.by(record))
                )
                if any(isinstance(name, str) and fold(name) == fold(str(value)) for name in names):
                    return record
        return None

    def _compute(self, package: Package, kind: Kind, context: Context, inputs: Inputs, kept: Outputs) -> Outcome:
        base: Outputs = {**kept, **kind.defaults, **echoed(kind, inputs)}
        reasons: tuple[str, ...] = ()
        try:
            computed = kind.compute(context, inputs) if kind.compute is not None else {}
        except Unfinished as unfinished:
            computed, reasons = unfinished.outputs, unfinished.reasons
        outputs = {**base, **computed}
        outputs = {**package.complete(context, kind, outputs), **outputs}
        if kind.schema == "sdk" and (strange := set(outputs) - set(output_names(kind)) - {"id", "urn"}):
            raise ValueError(f"the kind {kind.token} computes outputs that the SDK does not have: {sorted(strange)}")
        return Outcome(context.id, outputs, reasons)

    def _store(self, kind: Kind, context: Context, inputs: Inputs, outcome: Outcome, edges: tuple[Edge, ...]) -> None:
        if kind.virtual:
            return
        record = Record(
            kind.token,
            context.scope,
            context.id,
            context.urn,
            dict(inputs),
            {**outcome.outputs, "id": context.id},
            context.incarnation,
            edges=edges,
        )
        for patched in context.patches:
            self.world.put(patched)
        self.world.put(record)
        for child in context.children:
            self.world.put(replace(child, owner=_owner(record)))

    def _spend(self, context: Context, seconds: float, admit: Callable[[], object]) -> None:
        """Let the operation take its time; a cloud says no at the start, not after 40 minutes."""
        if self.scale > 0:
            admit()
            self.sleep(context, seconds * self.scale)

    def _strike(self, context: Context, operation: str, when: str) -> None:
        self._faults.strike(
            token=context.kind_token,
            urn=context.urn,
            operation=operation,
            when=when,
            sleep=partial(self.sleep, context),
        )

    @contextmanager
    def _exclusive(self, kind: Kind, context: Context, inputs: Inputs) -> Iterator[None]:
        """Hold the kind's exclusive keys; refuse if another operation holds one of them."""
        keys = sorted({fold(key) for key in kind.exclusive(inputs)}) if kind.exclusive is not None else []
        if not keys:
            yield
            return
        with self._busy_lock:
            for key in keys:
                if (other := self._busy.get(key)) is not None:
                    raise Refused(
                        kind.exclusive_code,
                        f"Another operation on this or dependent resource is in progress: {key} ({other})",
                        status=409,
                    )
            self._busy.update(dict.fromkeys(keys, context.name))
        started = time.monotonic()
        try:
            yield
            self.sleep(context, _HOLD_SECONDS - (time.monotonic() - started))
        finally:
            with self._busy_lock:
                for key in keys:
                    del self._busy[key]


def _known_outputs(kind: Kind, outputs: Inputs) -> Outputs:
    """Return the outputs that the SDK has too: a real server may be newer."""
    names = {*output_names(kind), "id"} if kind.schema == "sdk" else outputs.keys()
    return {name: value for name, value in outputs.items() if name in names}


def _owner(record: Record) -> str:
    return f"{record.urn}#{record.incarnation}"
