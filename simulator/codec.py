"""Property values on the wire (protobuf structs) and as rules see them (plain Python)."""

# ruff: noqa: ANN401 - property values are any JSON
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value

from simulator.sdk_types import SIGNATURE
from simulator.values import UNKNOWN, Outputs

_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  (Pulumi's mark of a secret)
_UNKNOWN: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string, and what everyone sends for every type
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # map
    }
)
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How an unknown value is written on the wire."""


class Decoded:
    """Properties of one message.

    Attributes
    ----------
    values
        Plain values, secrets unwrapped.
    secrets
        Names of the top-level properties that are, or hold, a secret.
    wire
        The message itself, to echo values just as they came.
    """

    def __init__(self, wire: Struct) -> None:
        self.wire = wire
        self.values: Outputs = {}
        self.secrets: set[str] = set()
        for name, value in wire.fields.items():
            self._secret = False
            plain = self._plain(value)
            if plain is not None:
                self.values[name] = plain
            if self._secret:
                self.secrets.add(name)

    def _plain(self, value: Value) -> Any:
        match value.WhichOneof("kind"):
            case "string_value":
                text = value.string_value
                return UNKNOWN if text in _UNKNOWN else text
            case "number_value":
                number = value.number_value
                return int(number) if number.is_integer() else number
            case "bool_value":
                return value.bool_value
            case "list_value":
                return [self._plain(item) for item in value.list_value.values]
            case "struct_value":
                return self._map(value.struct_value)
            case _:
                return None

    def _map(self, struct: Struct) -> Any:
        fields = struct.fields
        if SIGNATURE in fields and fields[SIGNATURE].string_value == _SECRET:
            self._secret = True
            return self._plain(fields["value"])
        return {name: self._plain(item) for name, item in fields.items()}

    def encode(self, values: Mapping[str, Any], secrets: Iterable[str] = ()) -> Struct:
        """Values as a message: what is as it came is echoed as it came, and what was secret stays secret."""
        secret = self.secrets.union(secrets)
        struct = Struct()
        for name, value in values.items():
            target = struct.fields[name]
            if name in self.values and self.values[name] == value and (name in self.secrets or name not in secret):
                target.CopyFrom(self.wire.fields[name])
            elif name in secret:
                wrapped = target.struct_value.fields
                wrapped[SIGNATURE].string_value = _SECRET
                _fill(wrapped["value"], value)
            else:
                _fill(target, value)
        return struct


def encode(values: Mapping[str, Any]) -> Struct:
    """Plain values as a message."""
    return Decoded(Struct()).encode(values)


def _fill(target: Value, value: Any) -> None:
    if value is UNKNOWN:
        target.string_value = UNKNOWN_TEXT
    elif value is None:
        target.null_value = NullValue.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, Mapping):
        target.struct_value.CopyFrom(Struct())
        for name, item in value.items():
            _fill(target.struct_value.fields[name], item)
    else:
        target.list_value.CopyFrom(ListValue())
        for item in value:
            _fill(target.list_value.values.add(), item)
