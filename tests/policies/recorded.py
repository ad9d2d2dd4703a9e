"""The real program's resources, recorded under mocks, as the pack gets them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from policies.rule import Resource
from policies.values import Secret
from tests.components.whole_fleets import fleet

if TYPE_CHECKING:
    from tests.components.recording import Recording


@cache
def resources_of(name: str) -> tuple[Resource, ...]:
    """Every resource that a whole fleet registers."""
    return as_resources(fleet(name).recording)


def as_resources(recording: Recording) -> tuple[Resource, ...]:
    return tuple(
        Resource(
            urn=one.urn,
            type=one.type,
            name=one.name,
            inputs=_marked(dict(one.inputs), one.secrets),
            provider=one.provider.rpartition("::")[0],
            dependencies=one.property_dependencies,
        )
        for one in recording
    )


def _marked(inputs: dict[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    """Put the marks of secrets back where the recording took them out."""

    def walk(value: Any, path: str) -> Any:
        if isinstance(value, dict):
            value = {key: walk(each, f"{path}.{key}" if path else key) for key, each in value.items()}
        elif isinstance(value, list):
            value = [walk(each, f"{path}[{index}]") for index, each in enumerate(value)]
        return Secret(value) if path in secrets else value

    marked = walk(inputs, "")
    assert isinstance(marked, dict)
    assert not secrets or re.search(r"Secret\(", repr(marked))
    return marked
