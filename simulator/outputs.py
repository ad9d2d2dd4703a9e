"""Outputs: what a preview can know of them, and what an update leaves as it was."""

# ruff: noqa: ANN401 - property values are any JSON
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.schema import NotInSdk, resource
from simulator.sdk_types import with_read_only
from simulator.values import UNKNOWN, steps

if TYPE_CHECKING:
    from simulator.kind import Inputs, Kind, Outputs


def kept(kind: Kind, outputs: Inputs, old_inputs: Inputs) -> Outputs:
    """Return the outputs that an update leaves as they were: those that are not inputs, or are computed."""
    names = frozenset(old_inputs) if kind.schema == "open" else input_names(kind)
    return {name: value for name, value in outputs.items() if name not in names or name in kind.computed}


def preview_outputs(kind: Kind, inputs: Inputs, before: Inputs | None = None) -> Outputs:
    """Return outputs as a preview knows them: inputs and defaults, and unknown whatever the cloud computes."""
    outputs: Any = {**kind.defaults, **_as_outputs(kind, echoed(kind, inputs), before or {})}
    pure = [name for name in output_names(kind) if name not in input_names(kind)]
    for pattern in (*pure, *kind.computed):
        outputs = _fill(outputs, steps(pattern), None if pattern in kind.volatile else before)
    return dict(outputs)


def echoed(kind: Kind, inputs: Inputs) -> Inputs:
    """Return the inputs as the cloud gives them back."""
    return inputs if kind.echo is None else kind.echo(inputs)


def _as_outputs(kind: Kind, inputs: Inputs, before: Inputs) -> Outputs:
    """Return inputs with the read-only properties that the SDK's output types have inside of them."""
    if kind.schema == "open":
        return dict(inputs)
    known_types = resource(kind.token)
    return {
        name: with_read_only(value, known_types.inputs[name].type, known_types.outputs[name], before.get(name))
        if name in known_types.inputs and name in known_types.outputs
        else value
        for name, value in inputs.items()
    }


def _fill(value: Any, rest: tuple[str, ...], before: Any) -> Any:
    """Return a value with what is absent at a pattern unknown, or as it was before; copied, never changed."""
    if not rest:
        return (UNKNOWN if before is None else before) if value is None else value
    step = rest[0]
    if step == "[]" and isinstance(value, list):
        old = before if isinstance(before, list) and len(before) == len(value) else [None] * len(value)
        return [_fill(item, rest[1:], was) for item, was in zip(value, old, strict=True)]
    if isinstance(value, Mapping):
        was = before.get(step) if isinstance(before, Mapping) else None
        if len(rest) == 1 or step in value:
            return {**value, step: _fill(value.get(step), rest[1:], was)}
    return value


def output_names(kind: Kind) -> tuple[str, ...]:
    """Names of a kind's outputs, inputs that are echoed included."""
    if kind.schema == "open":
        return kind.computed
    try:
        return (*resource(kind.token).outputs, *resource(kind.token).inputs)
    except NotInSdk:
        return kind.computed


def input_names(kind: Kind) -> frozenset[str]:
    """Names of a kind's inputs."""
    return frozenset() if kind.schema == "open" else frozenset(resource(kind.token).inputs)
