"""The checks that rules are written with. Each answers for one property, so that one unknown value hides no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

from policies.rule import Results, Undecided, Violation
from policies.values import Kind, View, holds_unknown, read

Test = Callable[[Any], bool]


def demand(view: View, kind: Kind, test: Test, why: str, *, optional: bool = False) -> Results:
    """Demand that a property is a literal of a kind and passes a test.

    Parameters
    ----------
    test
        Gets the literal.
    why
        What follows if it does not pass, for the message: ``<path> is <value>: <why>``.
    optional
        Whether a missing property passes, because what the cloud then does is right.
    """
    if view.unknown:
        yield Undecided(path=view.path)
    elif view.missing:
        if not optional:
            yield Violation(path=view.path, message=f"is missing: {why}")
    else:
        value = read(view, kind)
        if value is None:
            yield mistyped(view, kind)
        elif not test(value):
            yield Violation(path=view.path, message=f"is {view.shown()}: {why}")


def mistyped(view: View, kind: Kind) -> Violation:
    """Say that a property cannot be read."""
    return Violation(path=view.path, message=f"is {view.shown()} where {kind.value} belongs")


def is_true(view: View, why: str, *, optional: bool = False) -> Results:
    """Demand true. ``optional``: the default is true."""
    return demand(view, Kind.FLAG, bool, why, optional=optional)


def is_false(view: View, why: str, *, optional: bool = True) -> Results:
    """Demand false. ``optional``: the default is false."""
    return demand(view, Kind.FLAG, lambda value: not value, why, optional=optional)


def is_set(view: View, why: str) -> Results:
    """Demand some text."""
    return demand(view, Kind.TEXT, lambda value: bool(value.strip()), why)


def own_key(view: View) -> Results:
    """Demand a key of the account's own. AWS's are named, too: they have aliases below ``alias/aws/``."""
    why = "a key of the account is what decides who can read it"
    return demand(view, Kind.TEXT, lambda value: bool(value.strip()) and "alias/aws/" not in value, why)


def one_of(view: View, allowed: Collection[str], why: str, *, optional: bool = False) -> Results:
    """Demand one of some words, in any case: the clouds compare most of theirs so."""
    words = {word.lower() for word in allowed}
    return demand(view, Kind.TEXT, lambda value: value.lower() in words, why, optional=optional)


def at_least(view: View, least: float, why: str, *, optional: bool = False) -> Results:
    """Demand a number, or more."""
    return demand(view, Kind.NUMBER, lambda value: value >= least, why, optional=optional)


def at_most(view: View, most: float, why: str, *, optional: bool = False) -> Results:
    """Demand a number, or less."""
    return demand(view, Kind.NUMBER, lambda value: value <= most, why, optional=optional)


def each(view: View, check: Callable[[View], Results], *, why: str | None = None) -> Results:
    """Apply a check to every entry of a list.

    Parameters
    ----------
    why
        What follows if the list is empty or missing; None lets that pass.
    """
    if view.unknown:
        yield Undecided(path=view.path)
    elif view.missing or view.value == []:
        if why is not None:
            yield Violation(path=view.path, message=f"is {'missing' if view.missing else 'empty'}: {why}")
    elif not view.is_a(Kind.LIST):
        yield mistyped(view, Kind.LIST)
    else:
        for element in view.elements():
            yield from check(element)


def exactly_one(view: View, kind: Kind, test: Test, why: str) -> Results:
    """Demand a list of exactly one entry, which passes a test."""
    yield from each(view, lambda element: demand(element, kind, test, why), why=why)
    if len(view.elements()) > 1:
        yield Violation(path=view.path, message=f"is {view.shown()}: {why}")


def holds_all(view: View, needed: Collection[str], why: str) -> Results:
    """Demand a list of texts that holds all of some words."""
    yield from each(view, lambda element: demand(element, Kind.TEXT, bool, why), why=why)
    elements = view.elements()
    if elements and not any(element.unknown for element in elements):
        lacking = [word for word in needed if word not in [element.text() for element in elements]]
        if lacking:
            yield Violation(path=view.path, message=f"lacks {', '.join(lacking)}: {why}")


def document(view: View, check: Callable[[View], Results], *, optional: bool = False) -> Results:
    """Read JSON out of a text property and apply a check to it; an object in its place is read as it is."""
    if view.unknown:
        yield Undecided(path=view.path)
    elif view.missing:
        if not optional:
            yield Violation(path=view.path, message="is missing: nothing says what is allowed")
    elif view.is_a(Kind.OBJECT):
        yield from check(view)
    elif (text := view.text()) is None:
        yield mistyped(view, Kind.TEXT)
    else:
        try:
            parsed = json.loads(text)
        except ValueError:
            yield Violation(path=view.path, message="is no JSON: what it allows cannot be read")
            return
        inner = View(view.path, parsed, view.secret)
        if inner.is_a(Kind.OBJECT):
            yield from check(inner)
        else:
            yield Violation(path=view.path, message="is no JSON object: what it allows cannot be read")


def decided(*views: View) -> Results:
    """Say of each property that is not known yet that it is not; the others pass."""
    for view in views:
        if view.unknown or holds_unknown(view.value):
            yield Undecided(path=view.path)
