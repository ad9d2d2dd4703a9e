"""The JSON Schema of a fleet file, for editors; committed as ``fleets/schema.json`` and checked for drift."""

from __future__ import annotations

import json
from typing import Any

from infra.model import Fleet


def fleet_schema() -> dict[str, Any]:
    """Give the schema, generated from the model."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Fleet.model_json_schema(by_alias=True)}


def schema_text() -> str:
    """Give the schema as the committed file has it."""
    return json.dumps(fleet_schema(), indent=2, ensure_ascii=False) + "\n"
