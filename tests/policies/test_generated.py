"""What is generated and committed is current, and rules can be listed."""

from __future__ import annotations

import pytest

from policies.document import FAMILIES, README, render
from policies.registry import RULES
from policies.rule import Metadata, Resource, Results, Rule
from policies.tags.taggable import LIST, read_sdks


def test_the_readme_is_current() -> None:
    assert README.read_text(encoding="utf-8") == render(), "run: python -m policies.document"


def test_the_readme_lists_every_rule_once() -> None:
    text = render()
    assert all(text.count(f"[`{rule.id}`](") == 1 for rule in RULES)


def test_the_list_of_taggable_types_is_current() -> None:
    assert tuple(LIST.read_text(encoding="utf-8").split()) == read_sdks(), "run: python -m policies.tags.taggable"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_says_what_it_is(rule: Rule) -> None:
    assert rule.family in FAMILIES
    assert rule.link.startswith("https://")
    assert rule.remediation.endswith(".")
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
    assert rule.types


def test_a_rule_that_cannot_be_configured_is_refused() -> None:
    def nothing(_resource: Resource) -> Results:
        yield from ()

    with pytest.raises(ValueError, match="kebab-case"):
        Metadata(
            over=Resource,
            id="Not Kebab",
            family="tags",
            title="t",
            severity="low",
            types=("*",),
            remediation="r.",
            link="https://l",
        )(nothing)
