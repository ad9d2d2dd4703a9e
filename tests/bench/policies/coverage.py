"""Which rules no weakening is of, and why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policies.registry import RULES
from tests.policies.recorded import resources_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.bench.policies.mutation import Weakening

FLEETS = ("dev", "eni")


def left_out(weakenings: Iterable[Weakening]) -> dict[str, str]:
    """Give the rules that have no weakening.

    Returns
    -------
    dict
        Rule to reason; the reason is empty where the program does plan what the rule looks at.
    """
    tried = {one.id for one in weakenings}
    planned = {one.type for fleet in FLEETS for one in resources_of(fleet)}
    return {
        rule.id: "" if planned.intersection(rule.types) else f"the program plans no {_named(rule.types)}"
        for rule in RULES
        if rule.id not in tried
    }


def _named(types: tuple[str, ...]) -> str:
    return ", ".join(f"{re.split('[/:]', type_)[1]} {type_.rpartition(':')[2]}" for type_ in types)
