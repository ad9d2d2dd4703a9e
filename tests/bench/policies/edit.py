"""What is done to one property of one planned resource."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from policies.values import Secret, view_of
from tests.policies.properties import ABSENT, Path, changed, found, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policies.rule import Resource

Kind = Literal["turn off", "remove", "lower", "open up", "mismatch", "harmless"]

_HIDDEN = "a value that is not shown"
_WIDEST = 40
"""Characters that are told of a value."""


@dataclass(frozen=True)
class Edit:
    """A change of one property.

    Parameters
    ----------
    path
        The property; the whole resource if empty.
    value
        What is there afterwards, or a function that makes it of what was there before.
    """

    kind: Kind
    path: Path
    value: Any

    def __call__(self, resource: Resource) -> Resource:
        """Change a resource as its program could have.

        Raises
        ------
        LookupError
            If it changes nothing: it then shows nothing.
        """
        before = found(resource.inputs, self.path)
        inputs = changed(resource.inputs, self.path, self._made_of(before))
        if inputs == resource.inputs:
            raise LookupError(f"{resource.name} has no {self.path} to {self.kind}, or has it so already")
        dependencies = dict(resource.dependencies)
        if len(steps_of(self.path)) == 1:
            # What is written there now does not come from another resource any more.
            dependencies.pop(steps_of(self.path)[0], None)
        return replace(resource, inputs=inputs, dependencies=dependencies)

    def _made_of(self, before: Any) -> Any:
        if callable(self.value):
            return self.value(before)
        return Secret(self.value) if isinstance(before, Secret) and self.value is not ABSENT else self.value

    @property
    def where(self) -> str:
        """The path as text."""
        text = ""
        for step in steps_of(self.path):
            plain = isinstance(step, str) and re.fullmatch(r"\w+", step)
            text += f".{step}" if plain else f"[{step}]"
        return text.lstrip(".")

    def told(self, resource: Resource) -> str:
        """Say in one line what it does to a resource. Shows no secret."""
        if not self.path:
            return "the whole resource"
        where = self.where
        before = found(resource.inputs, self.path)
        after = self._made_of(before)
        if isinstance(before, Secret) and after is not ABSENT and not isinstance(after, Secret):
            return f"{where}: not marked secret"
        shown = [_shown(where, value) for value in (before, after)]
        return f"{where}: {shown[0]} → {shown[1] if shown[0] != shown[1] else 'another'}"


def _shown(where: str, value: Any) -> str:
    shown = view_of(where, None if value is ABSENT else value).shown()
    if shown == _HIDDEN or not isinstance(value, str | list | dict):
        return shown
    if isinstance(value, str):
        return shown if len(value) <= _WIDEST else f"...{value[-_WIDEST:]}"
    text = json.dumps(value, sort_keys=True, default=lambda _secret: "...")
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}..."


def target(resources: Sequence[Resource], name: str) -> Resource:
    """Give the one resource of a name such as ``Vpc aws-network-vpc``: the end of its type, and its logical name.

    Raises
    ------
    LookupError
        Unless there is exactly one.
    """
    matching = [one for one in resources if f"{one.type.rpartition(':')[2]} {one.name}" == name]
    if len(matching) != 1:
        raise LookupError(f"{len(matching)} planned resources are {name!r}; an edit needs one")
    return matching[0]


def edited(resources: Sequence[Resource], name: str, edit: Edit) -> tuple[Resource, ...]:
    """Change one resource of all, or take it away."""
    own = target(resources, name)
    return tuple(edit(one) if one is own else one for one in resources if edit.path or one is not own)


def turn_off(path: Path) -> Edit:
    """Make true false."""
    return Edit("turn off", path, lambda before: _only({True: False, "true": "false"}, before, path))


def remove(path: Path) -> Edit:
    """Take a property away."""
    return Edit("remove", path, ABSENT)


def remove_resource() -> Edit:
    """Take the whole resource away."""
    return Edit("remove", (), ABSENT)


def lower(path: Path, value: Any) -> Edit:
    """Set a weaker value."""
    return Edit("lower", path, value)


def open_up(path: Path, value: Any) -> Edit:
    """Let more in, or let more be done."""
    return Edit("open up", path, value)


def mismatch(path: Path, value: Any) -> Edit:
    """Let one end say what the other does not."""
    return Edit("mismatch", path, value)


def harmless(path: Path, value: Any) -> Edit:
    """Change what is there in a way that no rule minds."""

    def there(before: Any) -> Any:
        if before is ABSENT:
            raise LookupError(f"there is no {path} to change")
        return value(before) if callable(value) else value

    return Edit("harmless", path, there)


def added(path: Path, value: Any) -> Edit:
    """Add what is not there yet, and what no rule minds."""
    return Edit("harmless", path, lambda before: _only({ABSENT: value}, before, path))


def plus(*more: Any) -> Callable[[Any], Any]:
    """Give a list with more in it."""
    return lambda before: [*before, *more]


def minus(one: Any) -> Callable[[Any], Any]:
    """Give a list without an entry."""
    return lambda before: [each for each in before if each != one]


def backwards(before: list[Any]) -> list[Any]:
    """Give a list in the other order."""
    return before[::-1]


def unmarked(before: Secret) -> Any:
    """Give a secret without its mark."""
    return before.value


def _only(answers: dict[Any, Any], before: Any, path: Path) -> Any:
    if before not in answers:
        raise LookupError(f"{path} is {before!r} already")
    return answers[before]
