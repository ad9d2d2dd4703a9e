"""The real program keeps every rule, and no input of it can make a rule fall over or tell a secret."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from policies.config import PolicyConfig
from policies.evaluate import evaluate, stack_of
from policies.registry import RULES
from policies.tags.taggable import taggable_types
from policies.values import UNKNOWN, Secret
from tests.components.whole_fleets import NAMES, data_of, fleet, plan_of, record_sites
from tests.policies.properties import Steps, changed
from tests.policies.recorded import as_resources, resources_of

if TYPE_CHECKING:
    from policies.rule import Resource

TODAY = date(2026, 1, 1)
MARK = "s3cr3t-marked-value-that-nobody-may-see"
WRONG: tuple[Any, ...] = (7, True, "text", [], {}, ["text"], {"a": {"b": 1}}, [{"a": None}], UNKNOWN, None)


@pytest.mark.parametrize("name", NAMES)
def test_the_real_program_keeps_every_rule(name: str) -> None:
    report = evaluate(resources_of(name), PolicyConfig(), TODAY)
    assert [str(finding) for finding in report.findings] == []
    assert report.undecided == ()
    assert not report.fails
    assert report.passes > 400


@pytest.mark.parametrize("name", NAMES)
def test_each_stack_of_a_site_keeps_every_rule(name: str) -> None:
    for stack, recording in record_sites(plan_of(data_of(name))).items():
        report = evaluate(as_resources(recording), PolicyConfig(), TODAY)
        assert [str(finding) for finding in report.findings] == [], stack
        assert report.undecided == ()


@pytest.mark.parametrize("name", ["dev", "eni"])
def test_what_the_program_tags_is_what_can_be_tagged(name: str) -> None:
    for resource in resources_of(name):
        if resource.type.startswith(("aws:", "azure-native:")):
            assert ("tags" in resource.inputs) == (resource.type in taggable_types()), resource.urn


def test_most_rules_look_at_something_in_the_real_program() -> None:
    types = {resource.type for name in ("dev", "eni") for resource in resources_of(name)}
    idle = [rule.id for rule in RULES if not any(rule.applies_to(type_) for type_ in types)]
    # The rest is for what the program does not make yet.
    assert len(idle) < len(RULES) / 4, idle


def places(value: Any, path: Steps = ()) -> Iterator[Steps]:
    """Walk through every property, nested ones included."""
    inside = value.value if isinstance(value, Secret) else value
    yield path
    if isinstance(inside, Mapping):
        for key, each in inside.items():
            yield from places(each, (*path, key))
    elif isinstance(inside, list):
        for index, each in enumerate(inside):
            yield from places(each, (*path, index))


def one_of_each_type() -> list[Resource]:
    return list({resource.type: resource for resource in resources_of("dev")}.values())


def test_no_value_makes_a_rule_fall_over() -> None:
    for resource in one_of_each_type():
        rules = [rule for rule in RULES if rule.applies_to(resource.type)]
        for path in places(resource.inputs):
            for wrong in WRONG if path else ():
                other = replace(resource, inputs=changed(resource.inputs, path, wrong))
                for rule in rules:
                    rule.run(other)


@pytest.mark.parametrize(
    "kind",
    ["VpnConnection", "VirtualNetworkGatewayConnection", "LocalNetworkGateway", "Release", "Namespace", "Vpc"],
)
def test_no_value_makes_a_rule_over_the_stack_fall_over(kind: str) -> None:
    index = next(index for index, one in enumerate(resources_of("dev")) if one.type.endswith(f":{kind}"))
    subject = resources_of("dev")[index]
    over_stack = [rule for rule in RULES if rule.over_stack and rule.applies_to(subject.type)]
    needed = {type_ for rule in over_stack for type_ in rule.types}
    others = [one for one in resources_of("dev") if one.type in needed and one.urn != subject.urn]
    for path in places(subject.inputs):
        for wrong in WRONG if path else ():
            stack = stack_of([*others, replace(subject, inputs=changed(subject.inputs, path, wrong))])
            for rule in over_stack:
                rule.run(stack)


def test_no_message_tells_a_secret_marked_or_not() -> None:
    """Replace every secret by a marked text, wrapped and bare, and make everything around it wrong."""
    recording = fleet("dev").recording
    secret_paths = {one.urn: one.secrets for one in recording if one.secrets}
    assert len(secret_paths) > 5
    for wrap in (Secret, lambda text: text):
        resources = []
        for resource in resources_of("dev"):
            inputs: Mapping[str, Any] = resource.inputs
            for path in secret_paths.get(resource.urn, ()):
                inputs = changed(inputs, path, wrap(MARK))
            resources.append(replace(resource, inputs=inputs))
        report = evaluate(resources, PolicyConfig(), TODAY)
        assert report.findings, "the marked text is no good key"
        told = json.dumps([str(finding) for finding in report.findings])
        assert MARK not in told
        assert MARK not in repr(resources[0]) + repr(report)
