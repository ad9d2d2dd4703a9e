"""Comparing one Helm value over all clusters of a stack.

One stack may hold a part of the fleet; the clusters of other stacks are seen as peers only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.cilium import values_of
from policies.rule import Resource, Results, Undecided, Violation
from policies.values import Kind, Plain, View, read, revealed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def undecided_in(releases: Sequence[Resource], path: str) -> Results:
    """Say of each release whose value is not known yet that it is not."""
    for release in releases:
        if values_of(release)[path].unknown:
            yield Undecided(path=f"values.{path}", urn=release.urn)


def same(releases: Sequence[Resource], path: str, why: str) -> Results:
    """Demand one value in all; missing is a value too, the chart's default. The message shows no secret."""
    yield from undecided_in(releases, path)
    known = [one for one in releases if not values_of(one)[path].unknown]
    for release in known[1:]:
        view, first = values_of(release)[path], values_of(known[0])[path]
        if revealed(view.value) != revealed(first.value):
            yield Violation(
                path=view.path,
                message=f"is {view.shown()}, but {first.shown()} in {known[0].name}: {why}",
                urn=release.urn,
            )


def unique(releases: Sequence[Resource], path: str, good: Callable[[View], bool], what: str) -> Results:
    """Demand a value of its own in each, one that passes a test."""
    yield from undecided_in(releases, path)
    seen: dict[Plain, Resource] = {}
    for release in releases:
        view = values_of(release)[path]
        if view.unknown:
            continue
        if not good(view):
            yield Violation(path=view.path, message=f"is {view.shown()}: {what}", urn=release.urn)
        elif view.value in seen:
            other = seen[view.value].name
            yield Violation(path=view.path, message=f"is {view.shown()}, which {other} has too", urn=release.urn)
        else:
            seen[view.value] = release


def at(release: Resource, result: Violation | Undecided) -> Violation | Undecided:
    """Blame a release for what a check of its values found."""
    if isinstance(result, Undecided):
        return Undecided(path=result.path, urn=release.urn)
    return Violation(path=result.path, message=result.message, urn=release.urn)


def is_between(view: View, least: int, most: int) -> bool:
    """Say whether it is a whole number within bounds."""
    number = read(view, Kind.NUMBER)
    return isinstance(number, int) and least <= number <= most
