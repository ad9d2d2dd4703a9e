"""A fleet is the same whether one stack builds it or one a site, and in whatever order its file is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.components.whole_fleets import NAMES, data_of, fleet, plan_of, record_sites, shuffled, whole

if TYPE_CHECKING:
    from tests.components.recording import Recording


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def stacks(name: str) -> dict[str, Recording]:
    return record_sites(fleet(name).plan)


def inventory(recording: Recording) -> dict[tuple[str, str], Any]:
    """Give inputs by type and name, without the stack's name in them."""
    return {(one.type, one.name): nameless(one.inputs) for one in recording}


def nameless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: nameless(each) for key, each in value.items()}
    if isinstance(value, list):
        return [nameless(each) for each in value]
    return re.sub(r"^urn:pulumi:[^:]+::", "urn:pulumi:::", value) if isinstance(value, str) else value


class TestScopes:
    def test_the_stacks_of_all_sites_are_the_whole(self, name: str, stacks: dict[str, Recording]) -> None:
        parts = set().union(*(inventory(stack) for stack in stacks.values()))
        assert parts == set(inventory(fleet(name).recording))

    def test_nothing_is_in_two_stacks_but_the_clouds_providers(self, stacks: dict[str, Recording]) -> None:
        seen: set[tuple[str, str]] = set()
        for stack in stacks.values():
            own = {one for one in inventory(stack) if not one[0].startswith("pulumi:providers:")}
            assert not seen & own
            seen |= own

    def test_what_a_stack_reads_of_another_is_what_one_graph_hands_on(
        self, name: str, stacks: dict[str, Recording]
    ) -> None:
        together = inventory(fleet(name).recording)
        for stack in stacks.values():
            for one, inputs in inventory(stack).items():
                assert inputs == together[one], one

    def test_secrets_stay_secret_across_stacks(self, name: str, stacks: dict[str, Recording]) -> None:
        together = {(one.type, one.name): one for one in fleet(name).recording}
        for stack in stacks.values():
            for one in stack:
                for path in together[one.type, one.name].secrets:
                    assert one.is_secret(path), (one.urn, path)

    def test_options_are_the_same(self, name: str, stacks: dict[str, Recording]) -> None:
        def told(recording: Recording) -> dict[tuple[str, str], tuple[Any, ...]]:
            return {
                (one.type, one.name): (
                    one.protect,
                    *nameless([one.urn, one.deleted_with, one.provider]),
                    one.additional_secret_outputs,
                    one.ignore_changes,
                    one.timeouts,
                )
                for one in recording
            }

        together = told(fleet(name).recording)
        for stack in stacks.values():
            for one, options in told(stack).items():
                assert options == together[one], one


@pytest.fixture(scope="module")
def reordered(name: str) -> Recording:
    return whole(plan_of(shuffled(data_of(name)))).recording


def test_the_order_of_the_file_decides_no_name(name: str, reordered: Recording) -> None:
    assert {one.urn for one in reordered} == {one.urn for one in fleet(name).recording}


def test_the_order_of_the_file_decides_no_input(name: str, reordered: Recording) -> None:
    before = inventory(fleet(name).recording)
    after = inventory(reordered)
    assert [one for one in before if after[one] != before[one]] == []
