"""Property values as rules see them, and the paths that lead to them.

A value is plain Python: ``None``, ``bool``, ``int``, ``float``, ``str``, ``list``, ``dict``, or `UNKNOWN` where a
preview cannot know it yet. Secrets arrive unwrapped: whoever writes a rule never meets a wrapper.

Paths are written as Pulumi writes them: ``ipConfigurations[0].subnet.id``. In a *pattern*, ``[]`` stands for every
element of a list and ``*`` for every key of a map: ``ipConfigurations[].subnet.id``, ``tags.*``.
"""

# ruff: noqa: ANN401 - property values are any JSON
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, final

Inputs = Mapping[str, Any]
Outputs = dict[str, Any]


@final
class Unknown:
    """The type of `UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        # A rule that writes ``if value:`` would otherwise take an unknown value for a given one.
        raise TypeError("an unknown value was tested for truth; look with known() first")

    def __deepcopy__(self, memo: object) -> Unknown:
        return self

    def __copy__(self) -> Unknown:
        return self


UNKNOWN: Final = Unknown()
_STEP = re.compile(r"\[(\d*|\*)\]|([^.\[\]]+)|\[\"([^\"]*)\"\]")


@lru_cache(maxsize=4096)
def steps(path: str) -> tuple[str, ...]:
    """Split a path or pattern into its steps; ``[]`` and ``[0]`` keep their brackets."""
    found: list[str] = []
    for match in _STEP.finditer(path):
        index, name, quoted = match.groups()
        found.append(f"[{index}]" if index is not None else name or quoted or "")
    return tuple(found)


def known(*values: object) -> bool:
    """Whether every value is given and wholly known: neither ``None`` nor `UNKNOWN`, nor holding an `UNKNOWN`."""
    return all(value is not None and not has_unknown(value) for value in values)


def has_unknown(value: object) -> bool:
    """Whether the value is, or holds somewhere inside, an `UNKNOWN`."""
    if value is UNKNOWN:
        return True
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(has_unknown(item) for item in value)
    return False


def walk(value: object, pattern: str) -> Iterator[tuple[str, Any]]:
    """Every (path, value) in ``value`` that the pattern names; absent and ``None`` values are left out.

    An `UNKNOWN` on the way ends the way: it is yielded at the path where it was met.
    """
    yield from _walk(value, steps(pattern), "")


def _walk(value: Any, rest: tuple[str, ...], path: str) -> Iterator[tuple[str, Any]]:  # noqa: C901
    if value is None:
        return
    if not rest or value is UNKNOWN:
        yield path, value
        return
    step, rest = rest[0], rest[1:]
    if step in {"[]", "[*]"}:
        if isinstance(value, list | tuple):
            for index, item in enumerate(value):
                yield from _walk(item, rest, f"{path}[{index}]")
    elif step.startswith("["):
        index = int(step[1:-1])
        if isinstance(value, list | tuple) and index < len(value):
            yield from _walk(value[index], rest, f"{path}[{index}]")
    elif isinstance(value, Mapping):
        for name in value if step == "*" else (step,):
            if name in value:
                yield from _walk(value[name], rest, f"{path}.{name}" if path else name)


def get(value: object, path: str, default: Any = None) -> Any:
    """Return the value at a path: `UNKNOWN` if it or something on the way is unknown, ``default`` if absent."""
    return next((found for _, found in walk(value, path)), default)


def matches(path: str, pattern: str) -> bool:
    """Whether a concrete path lies at or below a pattern, or above it (a parent that was added or removed whole)."""
    for one, other in zip(steps(path), steps(pattern), strict=False):
        wild = (other in {"[]", "[*]"} and one.startswith("[")) or other == "*"
        if not wild and one != other:
            return False
    return True
