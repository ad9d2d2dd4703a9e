from __future__ import annotations

from datetime import date
from typing import Any

import jsonschema
import pytest

from policies.config import SCHEMA, PolicyConfigError, parse_config
from policies.registry import BY_ID, RULES

GOOD = {"resource": "*::legacy-*", "reason": "moves to TLS with HMS-123", "expires": "2027-03-31"}


def refused(document: object) -> str:
    with pytest.raises(PolicyConfigError) as caught:
        parse_config(document, RULES)
    return str(caught.value)


def test_nothing_said_is_the_rules_own_levels() -> None:
    for document in (None, {}):
        config = parse_config(document, RULES)
        assert all(config.level_of(rule) == rule.level for rule in RULES)
        assert config.exceptions == ()


def test_levels_short_and_long_and_for_all() -> None:
    config = parse_config(
        {"all": "advisory", "tags-complete": "disabled", "psk-strong": {"enforcementLevel": "mandatory"}}, RULES
    )
    assert config.level_of(BY_ID["tags-complete"]) == "disabled"
    assert config.level_of(BY_ID["psk-strong"]) == "mandatory"
    assert config.level_of(BY_ID["kms-key-rotates"]) == "advisory"


def test_exceptions_are_read() -> None:
    (one,) = parse_config({"psk-strong": {"exceptions": [GOOD]}}, RULES).exceptions
    assert (one.rule, one.resource, one.expires) == ("psk-strong", "*::legacy-*", date(2027, 3, 31))
    assert not one.has_expired(date(2027, 3, 31))
    assert one.has_expired(date(2027, 4, 1))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "it is []"),
        ("mandatory", "it is 'mandatory'"),
        ({"no-such-rule": "disabled"}, "no-such-rule: there is no such rule"),
        ({"psk-strong": 7}, "psk-strong: is 7"),
        ({"psk-strong": "remediate"}, "enforcementLevel is 'remediate'; write mandatory, advisory, disabled"),
        ({"psk-strong": "off"}, "enforcementLevel is 'off'"),
        ({"psk-strong": {"level": "advisory"}}, "'level' means nothing"),
        ({"psk-strong": {"exceptions": {}}}, "exceptions is {}; write a list"),
        ({"psk-strong": {"exceptions": ["a"]}}, "exceptions[0] is 'a'"),
        ({"all": {"exceptions": [GOOD]}}, "exceptions are for one rule each"),
    ],
)
def test_a_malformed_configuration_is_refused(document: object, said: str) -> None:
    assert said in refused(document)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": None}, "reason is missing"),
        ({"reason": ""}, "reason is ''"),
        ({"reason": "because"}, "reason is 'because'"),
        ({"reason": 7}, "reason is 7"),
        ({"expires": None}, "expires is missing"),
        ({"expires": "soon"}, "expires is 'soon'"),
        ({"expires": "2027-02-30"}, "expires is '2027-02-30'"),
        ({"expires": "20270331"}, "expires is '20270331'"),
        ({"resource": None}, "resource is missing"),
        ({"resource": "*"}, "resource is '*'"),
        ({"resource": "**::?"}, "resource is '**::?'"),
        ({"urn": "a"}, "'urn' means nothing"),
    ],
)
def test_a_malformed_exception_is_refused(change: dict[str, Any], said: str) -> None:
    exception = {key: value for key, value in {**GOOD, **change}.items() if value is not None}
    assert said in refused({"psk-strong": {"exceptions": [exception]}})


def test_all_mistakes_are_told_at_once() -> None:
    told = refused({"a": "disabled", "psk-strong": {"enforcementLevel": "x", "exceptions": [{}]}})
    assert told.count("\n  - ") == 5


def test_the_schema_that_the_engine_gets_agrees() -> None:
    schema = {"type": "object", "properties": SCHEMA}
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate({"exceptions": [GOOD]}, schema)
    for broken in ({**GOOD, "reason": "ok"}, {"resource": "a"}, {**GOOD, "expires": "soon"}, {**GOOD, "more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"exceptions": [broken]}, schema)
