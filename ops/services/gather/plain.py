"""Values of the program as plain data, for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from ops.services.observe.seen import Seen


def plain(value: Any) -> Any:  # noqa: ANN401 - any value
    """Give a value as plain data.

    Dataclasses and models become objects, sets sorted lists, times ISO 8601, and a part that was seen its value or
    ``{"error": ...}``; what else there is, such as addresses, becomes its text.
    """
    found: Any = value
    if isinstance(value, Seen):
        found = plain(value.value) if value.known else {"error": value.error}
    elif isinstance(value, BaseModel):
        found = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    elif is_dataclass(value):
        found = {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    elif isinstance(value, Mapping):
        found = {str(key): plain(each) for key, each in value.items()}
    elif isinstance(value, AbstractSet):
        found = sorted((plain(each) for each in value), key=str)
    elif isinstance(value, list | tuple):
        found = [plain(each) for each in value]
    elif isinstance(value, datetime):
        found = value.isoformat()
    elif value is not None and not isinstance(value, bool | int | float | str):
        found = str(value)
    return found
