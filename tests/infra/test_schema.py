from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from infra.document import read_document
from infra.schema import schema_text

SCHEMA = Path("fleets/schema.json")


def test_the_committed_schema_is_the_models() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("path", sorted(Path("fleets").glob("*.yaml")), ids=str)
def test_the_committed_fleets_fit_it(path: Path) -> None:
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(read_document(path.read_text()).data)


def test_it_refuses_an_unknown_field() -> None:
    data = read_document(Path("fleets/dev.yaml").read_text()).data
    data["mesh"]["mtuu"] = 1
    with pytest.raises(ValidationError):
        Draft202012Validator(json.loads(SCHEMA.read_text())).validate(data)


def test_every_field_has_a_title_or_is_a_model() -> None:
    schema = json.loads(SCHEMA.read_text())
    for name, model in schema["$defs"].items():
        for field, spec in model.get("properties", {}).items():
            assert spec.get("title") or "$ref" in spec, (name, field)
