"""The real program's tunnels, as an exported stack tells of them: recorded under mocks, keys hidden."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from lab.link.planned import UNKNOWN, Planned
from lab.link.session import needed
from tests.components.mock_outputs import outputs_of
from tests.components.whole_fleets import data_of, plan_of, whole
from tests.infra.fleets import fleet_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.components.recording import Registered


@cache
def planned(name: str) -> tuple[Planned, ...]:
    """Give the resources of ``dev``, of ``two`` Azure sites on one AWS site, or of a ``transit`` gateway."""
    recording = whole(plan_of(_data(name))).recording
    return needed(tuple(_as_exported(one) for one in recording if one.custom))


def changed(resources: tuple[Planned, ...], name: str, change: Callable[[dict[str, Any]], None]) -> tuple[Planned, ...]:
    """Give the resources with the inputs of one of them changed."""
    assert sum(one.name == name for one in resources) == 1
    return tuple(_with(one, change) if one.name == name else one for one in resources)


def without(resources: tuple[Planned, ...], *nouns: str) -> tuple[Planned, ...]:
    return tuple(one for one in resources if one.noun not in nouns)


def as_previewed(resources: tuple[Planned, ...]) -> tuple[Planned, ...]:
    """Give the resources as a preview of what does not exist yet tells of them."""
    known = {text for one in resources for text in _made_by_clouds(one)}

    def hidden(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: hidden(each) for key, each in value.items()}
        if isinstance(value, list):
            return [hidden(each) for each in value]
        unknown = isinstance(value, str) and (value in known or value.startswith("/subscriptions/"))
        return UNKNOWN if unknown else value

    return tuple(replace(one, id="", outputs={}, inputs=hidden(dict(one.inputs))) for one in resources)


def _made_by_clouds(one: Planned) -> list[str]:
    outputs = [value for value in one.outputs.values() if isinstance(value, str) and value[:1].isdigit()]
    return [text for text in (one.id, *outputs) if text]


def _with(one: Planned, change: Callable[[dict[str, Any]], None]) -> Planned:
    inputs = _copied(one.inputs)
    change(inputs)
    return replace(one, inputs=inputs)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value


def _data(name: str) -> dict[str, Any]:
    if name == "two":
        return fleet_data(
            {"aws": "aws", "azure": "azure", "south": "azure"},
            {"aws-1": ("aws", 1), "n-1": ("azure", 2), "s-1": ("south", 3)},
        )
    data = data_of("dev")
    if name == "transit":
        data["sites"]["aws"]["gateway"] = {"kind": "transit-gateway"}
    return data


def _as_exported(one: Registered) -> Planned:
    outputs = outputs_of(one.type, one.name, one.inputs)
    return Planned(
        urn=one.urn,
        type=one.type,
        name=one.name,
        id=str(outputs.pop("id", f"{one.name}-id")),
        inputs={key: UNKNOWN if one.is_secret(key) else value for key, value in one.inputs.items()},
        outputs=outputs,
        dependencies={key: tuple(sorted(urns)) for key, urns in one.property_dependencies.items() if urns},
    )
