"""Property values as the engine writes them, to values as rules see them: marks of secrets, unknown values, numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from policies.values import UNKNOWN, Plain, Secret

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""Key under which the engine says what kind of value an object stands for (sdk/go/common/resource/properties.go)."""

SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature, no secret
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"

UNKNOWN_TEXTS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a flag
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # a text, and what has no type yet
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)
"""What stands for a value that only the update will know."""

HIDDEN: Final = "[secret]"
"""What the engine writes for a secret in previews as JSON, and for one that it cannot decrypt."""


def decode(value: object) -> Plain:
    """Read one value, with all that is inside.

    A secret that cannot be read (ciphertext, or hidden) is secret and unknown: rules that ask whether something is
    marked can say so, all others are undecided.
    """
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list):
        return [decode(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        if value in UNKNOWN_TEXTS:
            return UNKNOWN
        if value == HIDDEN:
            return Secret(UNKNOWN)
    return value


def decode_properties(properties: Mapping[str, object]) -> dict[str, Plain]:
    """Read the properties of a resource. Names that begin with two underscores are the engine's own."""
    return {name: decode(value) for name, value in properties.items() if not name.startswith("__")}


def _object(value: Mapping[str, object]) -> Plain:
    sign = value.get(SIGNATURE)
    if sign is None:
        return {name: decode(each) for name, each in value.items()}
    if sign == RESOURCE:
        return value.get("urn")
    if sign != SECRET:
        return UNKNOWN  # assets and archives: no rule looks into files
    if "value" in value:
        return Secret(decode(value["value"]))
    plaintext = value.get("plaintext")
    return Secret(decode(json.loads(plaintext)) if isinstance(plaintext, str) else UNKNOWN)
