"""The JSON Schemas in ``docs/json``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_PAGES = Path(__file__).parents[2] / "docs" / "json"


def schema_of(page: str) -> dict[str, Any]:
    """Give the schema that a page shows."""
    (text,) = re.findall(r"```json\n(.+?)```", (_PAGES / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)
    found: dict[str, Any] = json.loads(text)
    return found
