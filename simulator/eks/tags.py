"""Tags of the children."""

from __future__ import annotations

from simulator.monitor import Component, Given, together
from simulator.values import UNKNOWN


def named_tags(component: Component, name: str, *others: Given) -> Given:
    """Tags with a Name; unknown as a whole if one of them is."""
    given = (*others, component.input("tags"))
    if not all(one.known for one in given):
        return together(*given, value=UNKNOWN)
    merged = {"Name": name}
    for one in given:
        merged.update(one.value or {})
    return together(*given, value=merged)
