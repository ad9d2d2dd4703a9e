"""Property values as rules see them: a literal, unknown until the update, or missing; secret or not.

A rule never touches a raw property. It takes a :class:`View` along a path and asks; so an unknown value cannot raise in
a preview, a wrongly typed one cannot crash a rule, and a secret one cannot reach a message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeAlias, TypeGuard

Plain: TypeAlias = Any
"""JSON, in which :data:`UNKNOWN` and :class:`Secret` may stand anywhere."""


class _Sign(Enum):
    UNKNOWN = "unknown"
    MISSING = "missing"
    MISPLACED = "misplaced"


UNKNOWN: Final = _Sign.UNKNOWN
"""A value that only the update, or only the holder of the key, knows."""

MISSING: Final = _Sign.MISSING
"""No value: the property is not there, or null."""

_MISPLACED: Final = _Sign.MISPLACED
"""What a path leads to that goes through something that has no properties."""


@dataclass(frozen=True)
class Secret:
    """A value that is marked secret. It does not show itself."""

    value: Plain = field(repr=False)


class Kind(Enum):
    """What a property has to be."""

    TEXT = "text"
    FLAG = "true or false"
    NUMBER = "a number"
    LIST = "a list"
    OBJECT = "an object"


_SENSITIVE = re.compile(
    r"(presharedkey|sharedkey|password|kubeconfig|privatekey\w*|token|secret\w*|ca\.key|stringdata|(?<!meta)data)(\b|$)",
    re.IGNORECASE,
)
"""Paths whose values no message shows, marked or not: that one is not marked may be the finding."""

_LONGEST_SHOWN = 80

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


@dataclass(frozen=True)
class View:
    """A place in a resource's properties, and what stands there.

    Parameters
    ----------
    path
        Where it is, as in ``ipsecPolicies[0].dhGroup``.
    value
        What stands there, not wrapped; :data:`UNKNOWN` or :data:`MISSING`.
    secret
        Whether it, or something that holds it, is marked secret.
    """

    path: str
    value: Plain = field(repr=False)
    secret: bool = False

    def __getitem__(self, path: str) -> View:
        """Follow a path, ``a.b[0].c``. Keys with dots in them need :meth:`key`."""
        view = self
        for index, name in _STEP.findall(path):
            view = view._at(int(index)) if index else view.key(name)
        return view

    def key(self, name: str) -> View:
        """Go to one property."""
        path = f"{self.path}.{name}" if self.path and re.fullmatch(r"\w+", name) else f"{self.path}[{name}]"
        if not self.path:
            path = name
        if self.value in (UNKNOWN, MISSING, _MISPLACED):
            return View(path, self.value, self.secret)
        if not isinstance(self.value, Mapping):
            return View(path, _MISPLACED, self.secret)
        return view_of(path, self.value.get(name), secret=self.secret)

    def _at(self, index: int) -> View:
        path = f"{self.path}[{index}]"
        if self.value in (UNKNOWN, MISSING, _MISPLACED):
            return View(path, self.value, self.secret)
        if not isinstance(self.value, list):
            return View(path, _MISPLACED, self.secret)
        return view_of(path, self.value[index] if index < len(self.value) else None, secret=self.secret)

    @property
    def unknown(self) -> bool:
        """Whether only the update will tell."""
        return self.value is UNKNOWN

    @property
    def missing(self) -> bool:
        """Whether nothing is there."""
        return self.value is MISSING

    def is_a(self, kind: Kind) -> bool:
        """Say whether it is a literal of that kind."""
        return read(self, kind) is not None

    def elements(self) -> tuple[View, ...]:
        """List the entries of a literal list; nothing of anything else."""
        return tuple(self._at(index) for index in range(len(self.value))) if isinstance(self.value, list) else ()

    def entries(self) -> tuple[tuple[str, View], ...]:
        """List the properties of a literal object; nothing of anything else."""
        if not isinstance(self.value, Mapping):
            return ()
        return tuple((name, self.key(name)) for name in self.value)

    def text(self) -> str | None:
        """Give a literal text."""
        return self.value if isinstance(self.value, str) else None

    def flag(self) -> bool | None:
        """Give a literal flag."""
        value = read(self, Kind.FLAG)
        return value if isinstance(value, bool) else None

    def number(self) -> int | float | None:
        """Give a literal number."""
        return self.value if _is_number(self.value) else None

    def shown(self) -> str:
        """Describe what stands there, for a message: nothing of a secret, and of anything long only the kind."""
        if self.value is MISSING:
            return "missing"
        sounds_secret = _SENSITIVE.search(self.path) and not isinstance(self.value, bool)
        if self.secret or sounds_secret:
            return "a value that is not shown"
        match self.value:
            case str() as text:
                shown = repr(text) if len(text) <= _LONGEST_SHOWN else "a long text"
            case bool() as flag:
                shown = str(flag).lower()
            case int() | float() as number:
                shown = str(number)
            case list() as entries:
                shown = f"a list of {len(entries)}"
            case Mapping():
                shown = "an object"
            case _:
                shown = "misplaced"
        return shown


def view_of(path: str, value: Plain, *, secret: bool = False) -> View:
    """Look at a value, out of the wrapper that marks it secret."""
    while isinstance(value, Secret):
        value, secret = value.value, True
    return View(path, MISSING if value is None else value, secret)


def read(view: View, kind: Kind) -> Plain | None:
    """Give a literal of a kind, or None.

    Flags and numbers may be written as text: several AWS properties are typed so, and Pulumi converts both ways.
    """
    value = view.value
    match kind:
        case Kind.TEXT:
            return value if isinstance(value, str) else None
        case Kind.FLAG:
            return {"true": True, "false": False}.get(value) if isinstance(value, str) else _literal(value, bool)
        case Kind.NUMBER:
            if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
                return int(value)
            return value if _is_number(value) else None
        case Kind.LIST:
            return _literal(value, list)
        case Kind.OBJECT:
            return _literal(value, Mapping)


def holds_unknown(value: Plain) -> bool:
    """Say whether something inside a value is unknown."""
    if isinstance(value, Secret):
        return holds_unknown(value.value)
    if isinstance(value, Mapping):
        return any(holds_unknown(each) for each in value.values())
    if isinstance(value, list):
        return any(holds_unknown(each) for each in value)
    return value is UNKNOWN


def revealed(value: Plain) -> Plain:
    """Give a value without the marks of secrets, to compare it with another. Never for a message."""
    if isinstance(value, Secret):
        return revealed(value.value)
    if isinstance(value, Mapping):
        return {name: revealed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [revealed(each) for each in value]
    return value


def _literal(value: Plain, type_: type) -> Plain | None:
    return value if isinstance(value, type_) else None


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
