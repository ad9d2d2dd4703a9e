"""What changed between two sets of inputs, and what that does to the resource."""

# ruff: noqa: ANN401 - property values are any JSON
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from simulator.schema import NotInSdk, resource
from simulator.values import matches

if TYPE_CHECKING:
    from simulator.kind import Inputs, Kind

Change = Literal["add", "delete", "update"]


@dataclass(frozen=True)
class Difference:
    """The outcome of comparing.

    Attributes
    ----------
    changes
        Every changed path and how it changed.
    replaces
        Those of them that can't be changed in place.
    """

    changes: Mapping[str, Change]
    replaces: frozenset[str]


def compare(kind: Kind, old: Inputs, new: Inputs) -> Difference:
    """Compare the inputs a resource has with those it shall have; an unknown new value counts as a change."""
    changes = {
        path: change
        for path, change in _changes(old, new, "")
        if kind.ignores is None or not kind.ignores(old, new, path)
    }
    patterns = immutable(kind)
    replaces = {path for path in changes if any(matches(path, pattern) for pattern in patterns)}
    if kind.replaces is not None and changes:
        replaces.update(kind.replaces(old, new, tuple(changes)))
    return Difference(changes, frozenset(replaces))


def immutable(kind: Kind) -> tuple[str, ...]:
    """Patterns whose change replaces: the kind's own and those that the SDK names."""
    if kind.schema == "open":
        return kind.immutable
    try:
        return kind.immutable + resource(kind.token).immutable
    except NotInSdk:
        return kind.immutable


def _changes(old: Any, new: Any, path: str) -> Iterator[tuple[str, Change]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted(old.keys() | new.keys()):
            yield from _changes(old.get(name), new.get(name), f"{path}.{name}" if path else name)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from _changes(before, after, f"{path}[{index}]")
    elif old is None and new is not None:
        yield path, "add"
    elif new is None and old is not None:
        yield path, "delete"
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, "update"


def given_by_hand(kind: Kind, logical_name: str, inputs: Iterable[str] | Mapping[str, Any]) -> bool:
    """Whether the resource's name was given by the program and not made up by the provider."""
    if kind.autoname is None or not isinstance(inputs, Mapping):
        return False
    name = inputs.get(kind.autoname.property)
    return name is not None and not made_up(kind, logical_name, name)


def made_up(kind: Kind, logical_name: str, name: object) -> bool:
    """Whether a name looks as the provider makes them up."""
    if kind.autoname is None or not isinstance(name, str):
        return False
    stem, digits = name[: -kind.autoname.digits], name[-kind.autoname.digits :]
    longest = kind.autoname.max_length - kind.autoname.digits - len(kind.autoname.separator)
    expected = logical_name[:longest] + kind.autoname.separator
    return stem == expected and all(digit in "0123456789abcdef" for digit in digits)
