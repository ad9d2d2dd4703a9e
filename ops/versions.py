"""Versions as numbers that can be compared and counted: ``1.35``, ``1.19.6``, ``v1.35.2-eks-1234``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def numbers(version: str) -> tuple[int, ...]:
    """Read the numbers at the beginning of a version.

    Raises
    ------
    ValueError
        If it does not begin with at least two.
    """
    match = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", version)
    if match is None:
        raise ValueError(f"{version!r} is no version")
    return tuple(int(part) for part in match.groups() if part is not None)


def minor(version: str) -> str:
    """Give the minor that a version belongs to: ``1.35`` for ``v1.35.2-eks-1234``."""
    return ".".join(map(str, numbers(version)[:2]))


def newest_first(versions: Iterable[str]) -> list[str]:
    """Sort versions."""
    return sorted(versions, key=numbers, reverse=True)
