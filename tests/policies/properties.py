"""Looking at, and changing, one property of a resource's inputs: through marks of secrets, and into texts of JSON."""

from __future__ import annotations

import json
import re
from typing import Any

from policies.values import Secret

Steps = tuple[str | int, ...]
Path = str | Steps
"""``a.b[0].c``, or its steps where a name has dots in it."""

ABSENT: Any = object()
"""No property; as a value, what takes it away."""


def steps_of(path: Path) -> Steps:
    if isinstance(path, tuple):
        return path
    return tuple(int(index) if index else name for index, name in re.findall(r"\[(\d+)\]|([^.\[\]]+)", path))


def found(value: Any, path: Path) -> Any:
    """Give what stands at a path, :data:`ABSENT` if nothing does. A mark of its own stays on it."""
    for step in steps_of(path):
        inside = _opened(value)
        known = step in inside if isinstance(inside, dict) else isinstance(step, int) and step < len(inside or ())
        if not known:
            return ABSENT
        value = inside[step]
    return value


def changed(value: Any, path: Path, new: Any) -> Any:
    """Give a copy with another value at a path; objects on the way there that are not there yet are made."""
    first, *rest = steps_of(path) or (None,)
    if first is None:
        return new
    if isinstance(value, Secret):
        return Secret(changed(value.value, path, new))
    if isinstance(value, str):
        return json.dumps(changed(_opened(value), path, new))
    copy: Any = list(value) if isinstance(value, list) else dict(value)
    if rest:
        copy[first] = changed(copy[first] if first in copy or isinstance(copy, list) else {}, tuple(rest), new)
    elif new is not ABSENT:
        copy[first] = new
    elif isinstance(copy, list) or first in copy:
        del copy[first]
    return copy


def _opened(value: Any) -> Any:
    inside = value.value if isinstance(value, Secret) else value
    return json.loads(inside) if isinstance(inside, str) else inside
