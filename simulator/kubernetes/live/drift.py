"""What others changed of an object since it was applied, told by the field managers that the API server records.

A value that the manager still owns is as it was applied, however the server writes it (``1000m`` becomes ``1``). One
that it no longer owns was changed by somebody, who owns it now, or taken away.
"""

# ruff: noqa: ANN401 - values are any JSON
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from simulator.kind import get

if TYPE_CHECKING:
    from simulator.world import Record

_GONE: Final = object()
_UNTRACKED: Final = frozenset({"apiVersion", "kind", "stringData"})
"""Top-level fields that no manager owns; the server turns ``stringData`` into ``data``."""
_UNTRACKED_METADATA: Final = frozenset({"name", "namespace"})


def inputs_as_found(record: Record, live: Mapping[str, Any], manager: str) -> Record:
    """Return a record whose inputs hold what somebody else has made of them.

    Parameters
    ----------
    record
        As it was applied.
    live
        The object with its ``metadata.managedFields``.
    manager
        Field manager that applied it.
    """
    owned = next(
        (
            entry.get("fieldsV1") or {}
            for entry in get(live, "metadata.managedFields") or ()
            if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")
        ),
        {},
    )
    inputs: dict[str, Any] = {}
    for name, value in record.inputs.items():
        found = value if name in _UNTRACKED else _found(value, live.get(name, _GONE), owned.get(f"f:{name}"))
        if name == "metadata" and isinstance(found, dict):
            found |= {key: value[key] for key in _UNTRACKED_METADATA & value.keys()}
        if found is not _GONE:
            inputs[name] = found
    return replace(record, inputs=inputs)


def _found(value: Any, live: Any, owned: Mapping[str, Any] | None) -> Any:
    """Return what has become of an applied value.

    Parameters
    ----------
    live
        What is in the cluster in its place, or `_GONE`.
    owned
        The manager's fields below it: empty where it owns the whole value, ``None`` where it owns nothing of it.
    """
    inside = {name: one for name, one in (owned or {}).items() if name != "."}
    if owned is not None and not inside:
        return value
    if isinstance(value, Mapping) and value and isinstance(live, Mapping):
        found = {name: _found(item, live.get(name, _GONE), inside.get(f"f:{name}")) for name, item in value.items()}
        return {name: item for name, item in found.items() if item is not _GONE}
    if isinstance(value, list) and inside:
        items = (_item(item, live, inside) for item in value)
        return [item for item in items if item is not _GONE]
    if live is _GONE and value in ({}, [], "", None, False, 0):
        return value  # the server does not keep what is empty
    return value if live == value else live


def _item(item: Any, live: Any, inside: Mapping[str, Any]) -> Any:
    """Return what has become of an element of a list whose elements are owned one by one."""
    for name, owned in inside.items():
        mark, _, text = name.partition(":")
        key: Any = json.loads(text) if mark in {"k", "v"} else None
        if mark == "v" and key == item:
            return item
        if mark == "k" and _has(item, key):
            twin = next((one for one in live if _has(one, key)), _GONE) if isinstance(live, list) else _GONE
            return _found(item, twin, owned)
    if not isinstance(item, Mapping):
        return item if isinstance(live, list) and item in live else _GONE
    names = ("name", "key", "ip", "type", "mountPath", "containerPort", "port")
    shared = next((one for one in names if one in item), None)
    twins = live if isinstance(live, list) and shared else []
    return next((_found(item, one, None) for one in twins if one.get(shared) == item[shared]), _GONE)


def _has(item: Any, key: Mapping[str, Any]) -> bool:
    """Whether an element of a list has this key; what it leaves out the server has filled in."""
    return isinstance(item, Mapping) and all(item.get(name, value) == value for name, value in key.items())
