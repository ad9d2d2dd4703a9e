"""Types of properties, and what is wrong with a value of the wrong one."""

# ruff: noqa: ANN401 - property values are any JSON
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulator.kind import Failure
from simulator.values import UNKNOWN

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""Key by which Pulumi marks a map that is really a secret, an asset or a reference to a resource."""

_SCALARS: Final[dict[str, tuple[type, ...]]] = {"str": (str,), "bool": (bool,), "int": (int,), "float": (int, float)}
_WORDS: Final = {"str": "a string", "bool": "a boolean", "int": "an integer", "float": "a number"}


class Type:
    """A type of property values."""

    def failures(self, value: Any, path: str) -> Iterator[Failure]:
        """Yield what is wrong with a value at this path; nothing is wrong with an unknown one."""
        raise NotImplementedError

    @property
    def words(self) -> str:
        """The type in words, with its article."""
        raise NotImplementedError


@dataclass(frozen=True)
class Anything(Type):
    """Any JSON value."""

    def failures(self, value: Any, path: str) -> Iterator[Failure]:  # noqa: ARG002, D102
        yield from ()

    @property
    def words(self) -> str:  # noqa: D102
        return "anything"


@dataclass(frozen=True)
class Scalar(Type):
    """``str``, ``bool``, ``int`` or ``float``."""

    name: str

    def failures(self, value: Any, path: str) -> Iterator[Failure]:  # noqa: D102
        if value is UNKNOWN:
            return
        right = isinstance(value, _SCALARS[self.name])
        if not right or (isinstance(value, bool) and self.name != "bool"):
            yield Failure(path, f"expected {self.words}, got {describe(value)}")

    @property
    def words(self) -> str:  # noqa: D102
        return _WORDS[self.name]


@dataclass(frozen=True)
class ListOf(Type):
    """A list."""

    item: Type

    def failures(self, value: Any, path: str) -> Iterator[Failure]:  # noqa: D102
        if value is UNKNOWN:
            return
        if not isinstance(value, list):
            yield Failure(path, f"expected a list, got {describe(value)}")
            return
        for index, item in enumerate(value):
            yield from self.item.failures(item, f"{path}[{index}]")

    @property
    def words(self) -> str:  # noqa: D102
        return "a list"


@dataclass(frozen=True)
class MapOf(Type):
    """A map with keys of the user's."""

    item: Type

    def failures(self, value: Any, path: str) -> Iterator[Failure]:  # noqa: D102
        if value is UNKNOWN:
            return
        if not isinstance(value, Mapping):
            yield Failure(path, f"expected a map, got {describe(value)}")
            return
        for name, item in value.items():
            yield from self.item.failures(item, f"{path}.{name}")

    @property
    def words(self) -> str:  # noqa: D102
        return "a map"


@dataclass(frozen=True)
class Constant(Type):
    """One of these values and no other."""

    values: tuple[Any, ...]

    def failures(self, value: Any, path: str) -> Iterator[Failure]:  # noqa: D102
        if value is UNKNOWN or value in self.values:
            return
        yield Failure(path, f"expected one of {', '.join(map(repr, self.values))}, got {describe(value)}")

    @property
    def words(self) -> str:  # noqa: D102
        return f"one of {', '.join(map(repr, self.values))}"


@dataclass(frozen=True)
class ResourceReference(Type):
    """A whole resource passed as an input, as pulumi-eks has it."""

    name: str

    def failures(self, value: Any, path: str) -> Iterator[Failure]:  # noqa: D102
        if value is not UNKNOWN and not (isinstance(value, Mapping) and SIGNATURE in value):
            yield Failure(path, f"expected {self.words}, got {describe(value)}")

    @property
    def words(self) -> str:  # noqa: D102
        return f"a resource {self.name}"


@dataclass(frozen=True)
class Choice(Type):
    """A union: the value must be right for one of the options."""

    options: tuple[Type, ...]

    def failures(self, value: Any, path: str) -> Iterator[Failure]:  # noqa: D102
        found = [list(option.failures(value, path)) for option in self.options]
        if not found or any(not failures for failures in found):
            return
        # The option that got furthest into the value is the one that was meant: its complaint has the longest path.
        deepest = max(found, key=lambda failures: max(len(failure.path) for failure in failures))
        if max(len(failure.path) for failure in deepest) > len(path):
            yield from deepest
        else:
            yield Failure(path, f"expected {self.words}, got {describe(value)}")

    @property
    def words(self) -> str:  # noqa: D102
        return " or ".join(option.words for option in self.options)


@dataclass(frozen=True)
class Property:
    """A property of an object: its type, and whether it must be there."""

    type: Type
    required: bool


@dataclass(frozen=True)
class Record(Type):
    """An object with known properties; they are read when first needed, since types refer to each other in circles."""

    name: str
    load: Callable[[], Mapping[str, Property]]

    def failures(self, value: Any, path: str) -> Iterator[Failure]:  # noqa: D102
        if value is UNKNOWN:
            return
        if not isinstance(value, Mapping):
            yield Failure(path, f"expected {self.words}, got {describe(value)}")
            return
        yield from object_failures(self.load(), value, path)

    @property
    def words(self) -> str:  # noqa: D102
        return f"an object {self.name.removesuffix('Args')}"


@dataclass(frozen=True)
class Later(Type):
    """A type whose definition is read when first needed."""

    resolve: Callable[[], Type]

    def failures(self, value: Any, path: str) -> Iterator[Failure]:  # noqa: D102
        yield from self.resolve().failures(value, path)

    @property
    def words(self) -> str:  # noqa: D102
        return self.resolve().words


def object_failures(properties: Mapping[str, Property], value: Mapping[str, Any], path: str = "") -> Iterator[Failure]:
    """Yield what is wrong with an object of these properties: unknown, missing, badly typed."""
    prefix = f"{path}." if path else ""
    for name, item in value.items():
        known = properties.get(name)
        if known is None:
            yield Failure(prefix + name, f"unknown property{_nearest(name, properties)}")
        elif item is not None:
            yield from known.type.failures(item, prefix + name)
    for name, wanted in properties.items():
        if wanted.required and value.get(name) is None:
            yield Failure(prefix + name, "missing required property")


def with_read_only(value: Any, given: Type, got: Type, before: Any) -> Any:
    """Return an input as a preview shows it in the outputs: with what only the output type has as it was, or unknown.

    Azure's types are made like this: ``oidcIssuerProfile`` takes ``enabled`` and comes back with ``issuerURL`` too.
    """
    given, got = _resolved(given), _resolved(got)
    if isinstance(value, Mapping) and isinstance(given, Record) and isinstance(got, Record):
        was = before if isinstance(before, Mapping) else {}
        takes, gives = given.load(), got.load()
        shown = {name: was.get(name, UNKNOWN) for name in gives if name not in takes}
        for name, item in value.items():
            both = name in takes and name in gives
            shown[name] = with_read_only(item, takes[name].type, gives[name].type, was.get(name)) if both else item
        return shown
    if isinstance(value, list) and isinstance(given, ListOf) and isinstance(got, ListOf):
        old = before if isinstance(before, list) and len(before) == len(value) else [None] * len(value)
        return [with_read_only(item, given.item, got.item, was) for item, was in zip(value, old, strict=True)]
    if isinstance(value, Mapping) and isinstance(given, MapOf) and isinstance(got, MapOf):
        was = before if isinstance(before, Mapping) else {}
        return {name: with_read_only(item, given.item, got.item, was.get(name)) for name, item in value.items()}
    return value


def _resolved(type_: Type) -> Type:
    return type_.resolve() if isinstance(type_, Later) else type_


def describe(value: object) -> str:
    """Return a value in an error message: its type, and itself only where it can't be a secret of any length."""
    if isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, str):
        # Keys and certificates are long; enum values and sizes are short.
        return repr(value) if len(value) <= 24 else "a string"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list) else type(value).__name__


def _nearest(name: str, properties: Mapping[str, Property]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, properties, 1)
    return f"; did you mean {near[0]!r}?" if near else ""
