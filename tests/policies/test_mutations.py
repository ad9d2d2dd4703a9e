"""The mutation bench (``make bench-policies``), as a test."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from policies.document import FAMILIES
from policies.values import UNKNOWN
from tests.bench.policies.coverage import FLEETS, left_out
from tests.bench.policies.edit import added, harmless, lower, remove, remove_resource, turn_off
from tests.bench.policies.harmless import HARMLESS
from tests.bench.policies.mutation import Harmless, Weakening, baseline
from tests.bench.policies.weakenings import WEAKENINGS

if TYPE_CHECKING:
    from tests.policies.properties import Path

KEY = Weakening(id="kms-key-rotates", resource="Key aws-key-key", edit=turn_off("enableKeyRotation"))


@pytest.mark.parametrize(
    "weakening", WEAKENINGS, ids=lambda one: f"{one.id}: {one.resource}: {one.edit.kind} {one.edit.where}"
)
def test_a_weakening_is_caught_by_the_rule_whose_business_it_is(weakening: Weakening) -> None:
    verdict = weakening.judge()
    assert verdict.caught, f"{weakening.what}: only {verdict.others or 'nobody'} spoke"


@pytest.mark.parametrize("change", HARMLESS, ids=lambda one: one.what)
def test_a_harmless_change_raises_nothing(change: Harmless) -> None:
    assert change.judge() == ()


def test_nothing_is_reported_before() -> None:
    for fleet in FLEETS:
        assert baseline(fleet).findings == ()


def test_the_bench_is_as_large_as_it_claims() -> None:
    different = {(one.id, one.fleet, one.resource, one.what) for one in WEAKENINGS}
    assert len(different) == len(WEAKENINGS) >= 120
    assert {one.rule.family for one in WEAKENINGS} == set(FAMILIES)
    assert {one.edit.kind for one in WEAKENINGS} == {"turn off", "remove", "lower", "open up", "mismatch"}
    assert len({one.what for one in HARMLESS}) == len(HARMLESS) >= 40


def test_every_rule_that_looks_at_something_planned_has_a_weakening() -> None:
    assert [rule for rule, why in left_out(WEAKENINGS).items() if not why] == []
    assert left_out([one for one in WEAKENINGS if one.id != KEY.id])[KEY.id] == ""


def test_the_bench_notices_what_is_not_caught() -> None:
    assert KEY.judge().caught
    assert not replace(KEY, id="tags-complete").judge().caught
    assert replace(KEY, id="tags-complete").judge().others == (KEY.id,)
    # Somebody else's resource breaks the rule, not this one.
    assert not replace(KEY, resource="Key azure-encryption-key", edit=remove("tags")).judge().caught
    assert Harmless(what="", edits=((KEY.resource, KEY.edit),)).judge()
    assert Harmless(what="", edits=((KEY.resource, harmless("enableKeyRotation", UNKNOWN)),)).judge()


@pytest.mark.parametrize(
    "edit",
    [
        turn_off("policy"),
        turn_off("noSuchProperty"),
        remove("noSuchProperty"),
        remove("policy.Statement[9]"),
        lower("deletionWindowInDays", 30),
        harmless("noSuchProperty", 1),
        added("deletionWindowInDays", 20),
    ],
    ids=lambda edit: f"{edit.kind} {edit.path}",
)
def test_an_edit_that_finds_nothing_to_change_is_an_error(edit: object) -> None:
    with pytest.raises(LookupError):
        replace(KEY, edit=edit).judge()


@pytest.mark.parametrize("name", ["Key no-such-key", "aws-key-key", "Vpc aws-key-key"])
def test_a_resource_that_is_not_planned_is_an_error(name: str) -> None:
    with pytest.raises(LookupError, match="0 planned resources"):
        replace(KEY, resource=name, edit=remove_resource()).judge()


@pytest.mark.parametrize(
    ("resource", "path", "told"),
    [
        (
            "VpnConnection aws-azure-vpn-1",
            "tunnel1PresharedKey",
            "tunnel1PresharedKey: a value that is not shown → another",
        ),
        ("Key aws-key-key", "deletionWindowInDays", "deletionWindowInDays: 30 → 7"),
    ],
)
def test_what_is_told_of_an_edit_shows_no_secret(resource: str, path: Path, told: str) -> None:
    assert Weakening(id=KEY.id, resource=resource, edit=lower(path, 7)).what == told
