"""The names that a file declares, those of entries with mistakes included, so that one mistake is not told twice."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Names:
    """Names of sites, clusters and components as the file has them."""

    sites: frozenset[str]
    clusters: frozenset[str]
    components: frozenset[str]

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        """Collect the names of a file's data."""

        def keys(section: str) -> frozenset[str]:
            entries = data.get(section)
            return frozenset(entries) if isinstance(entries, dict) else frozenset()

        return cls(sites=keys("sites"), clusters=keys("clusters"), components=keys("components"))


def suggest(wrong: str, known: frozenset[str]) -> str:
    """Say which known name was probably meant."""
    close = get_close_matches(wrong, sorted(known), n=1)
    return close[0] if close else f"one of {', '.join(sorted(known))}" if known else "none is declared yet: add it"
