"""Tables without a terminal: titles, heads and rows. The command line draws them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table; cells are text."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def joined(items: object) -> str:
    """Write a list in a cell."""
    return ", ".join(str(item) for item in items) if isinstance(items, list | tuple) else str(items)
