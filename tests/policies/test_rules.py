from __future__ import annotations

import pytest

from policies.registry import BY_ID, RULES
from policies.rule import Violation
from policies.values import UNKNOWN
from tests.policies.properties import ABSENT
from tests.policies.rows import ALL_ROWS
from tests.policies.rows.row import Row, says

IDS = [f"{row.rule}-{index}" for index, row in enumerate(ALL_ROWS)]


def each_row() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", ALL_ROWS, ids=IDS)


def test_every_rule_has_a_row_and_every_row_a_rule() -> None:
    assert sorted({row.rule for row in ALL_ROWS}) == sorted(rule.id for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_is_shown_each_of_the_five_inputs(rule: object) -> None:
    # Good, unknown, missing and wrong are made of every row; bad ones have to be written down.
    own = [row for row in ALL_ROWS if row.rule == getattr(rule, "id", None)]
    assert any(row.bad or row.bad_stacks for row in own), "no row has a bad value"
    assert any(row.unknown == "undecided" for row in own) or _never_undecided(own)


def _never_undecided(rows: list[Row]) -> bool:
    """Rules over what is there at all, and not over its values."""
    return all(BY_ID[row.rule].over_stack for row in rows)


@each_row()
def test_good_input_passes(row: Row) -> None:
    assert row.judge(row.resources) == ()


@each_row()
def test_bad_input_is_a_violation(row: Row) -> None:
    for change in [(row.path, value) for value in row.bad] + list(row.also_bad):
        assert says(row.judge(row.changed(change))) == "violation", change
    for stack in row.bad_stacks:
        assert says(row.judge(stack)) == "violation"


@each_row()
def test_other_good_input_passes(row: Row) -> None:
    for change in row.also_good:
        assert row.judge(row.changed(change)) == (), change


@each_row()
def test_unknown_input(row: Row) -> None:
    assert says(row.judge(row.changed((row.path, UNKNOWN)))) == row.unknown


@each_row()
def test_missing_input(row: Row) -> None:
    assert says(row.judge(row.changed((row.path, ABSENT)))) == row.missing


@each_row()
def test_wrongly_typed_input(row: Row) -> None:
    assert says(row.judge(row.changed((row.path, row.wrong)))) == row.wrong_is


@each_row()
def test_an_unknown_value_hides_no_bad_one(row: Row) -> None:
    for path, value in row.also_bad:
        # What is not there is no literal: whether it may be missing can hang on what is unknown.
        if value is not ABSENT and not _overlap(row.path, path):
            results = row.judge(row.changed((row.path, UNKNOWN), (path, value)))
            assert says(results) == "violation", (path, value)


def _overlap(one: object, other: object) -> bool:
    """Whether one path leads through the other: then the unknown value is what decides."""
    first, second = str(one), str(other)
    return first.startswith(second) or second.startswith(first)


@each_row()
def test_violations_name_a_place_and_what_follows(row: Row) -> None:
    for change in [(row.path, value) for value in row.bad] + list(row.also_bad):
        for result in row.judge(row.changed(change)):
            if isinstance(result, Violation):
                assert result.path
                assert len(result.message) > 10
