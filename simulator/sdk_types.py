"""Types of properties, and what is wrong with a value of the wrong one."""

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
        """What is wrong with a value at this path; nothing is wrong with an unknown one."""
        raise NotImplementedError

    @property
    def words(self) -> str:
        """The type in words, with its article."""
        raise NotImplementedError


@dataclass(frozen=True)
class Anything(Type):
    """Any JSON value."""

    def failures(self, value: Any, path: str) -> Iterator[Failure]:  # noqa: ARG002
        yield from ()

    @property
    def words(self) -> str:
        return "anything"


@dataclass(frozen=True)
class Scalar(Type):
    """``str``, ``bool``, ``int`` or ``float``."""

    name: str

    def failures(self, value: Any, path: str) -> Iterator[Failure]:
        if value is UNKNOWN:
            return
        right = isinstance(value, _SCALARS[self.name])
        if not right or (isinstance(value, bool) and self.name != "bool"):
            yield Failure(path, f"expected {self.words}, got {describe(value)}")

    @property
    def words(self) -> str:
        return _WORDS[self.name]


@dataclass(frozen=True)
class ListOf(Type):
    """A list."""

    item: Type

    def failures(self, value: Any, path: str) -> Iterator[Failure]:
        if value is UNKNOWN:
            return
        if not isinstance(value, list):
            yield Failure(path, f"expected a list, got {describe(value)}")
            return
        for index, item in enumerate(value):
            yield from self.item.failures(item, f"{path}[{index}]")

    @property
    def words(self) -> str:
        return "a list"


@dataclass(frozen=True)
class MapOf(Type):
    """A map with keys of the user's."""

    item: Type

    def failures(self, value: Any, path: str) -> Iterator[Failure]:
        if value is UNKNOWN:
            return
        if not isinstance(value, Mapping):
            yield Failure(path, f"expected a map, got {describe(value)}")
            return
        for name, item in value.items():
            yield from self.item.failures(item, f"{path}.{name}")

    @property
    def words(self) -> str:
        return "a map"


@dataclass(frozen=True)
class Constant(Type):
    """One of these values and no other."""

    values: tuple[Any, ...]

    def failures(self, value: Any, path: str) -> Iterator[Failure]:
        if value is UNKNOWN or value in self.values:
            return
        yield Failure(path, f"expected one of {', '.join(map(repr, self.values))}, got {describe(value)}")

    @property
    def words(self) -> str:
        return f"one of {', '.join(map(repr, self.values))}"


@dataclass(frozen=True)
class ResourceReference(Type):
    """A whole resource passed as an input, as pulumi-eks has it."""

    name: str

    def failures(self, value: Any, path: str) -> Iterator[Failure]:
        if value is not UNKNOWN and not (isinstance(value, Mapping) and SIGNATURE in value):
            yield Failure(path, f"expected {self.words}, got {describe(value)}")

    @property
    def words(self) -> str:
        return f"a resource {self.name}"


@dataclass(frozen=True)
class Choice(Type):
    """A union: the value must be right for one of the options."""

    options: tuple[Type, ...]

    def failures(self, value: Any, path: str) -> Iterator[Failure]:
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
    def words(self) -> str:
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

    def failures(self, value: Any, path: str) -> Iterator[Failure]:
        if value is UNKNOWN:
            return
        if not isinstance(value, Mapping):
            yield Failure(path, f"expected {self.words}, got {describe(value)}")
            return
        yield from object_failures(self.load(), value, path)

    @property
    def words(self) -> str:
        return f"an object {self.name.removesuffix('Args')}"


@dataclass(frozen=True)
class Later(Type):
    """A type whose definition is read when first needed."""

    resolve: Callable[[], Type]

    def failures(self, value: Any, path: str) -> Iterator[Failure]:
        yield from self.resolve().failures(value, path)

    @property
    def words(self) -> str:
        return self.resolve().words


def object_failures(properties: Mapping[str, Property], value: Mapping[str, Any], path: str = "") -> Iterator[Failure]:
    """What is wrong with an object of these properties: unknown, missing, badly typed."""
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


def describe(value: object) -> str:
    """A value in an error message: its type, and itself only where it can't be a secret of any length."""
    if isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, str):
        # Keys and certificates are long; enum values and sizes are short.
        return repr(value) if len(value) <= 24 else "a string"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list) else type(value).__name__


def _nearest(name: str, properties: Mapping[str, Property]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  (only after a mistake)

    near = get_close_matches(name, properties, 1)
    return f"; did you mean {near[0]!r}?" if near else ""
