"""Editing YAML text in place: a value is set, taken away or appended, and every other octet stays.

PyYAML says where each value stands; the text between is never read and written again, which is where libraries that
round-trip YAML change indentation, line breaks and quotes that nobody asked them to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from infra.problems import render_path
from ops.errors import RefusedError

if TYPE_CHECKING:
    from infra.problems import Path


def with_value(text: str, path: Path, value: object) -> str:
    """Set a value; mappings that lead to it are made where they are not there yet.

    Raises
    ------
    RefusedError
        If the way to it leads through an alias, or the text holds no mapping.
    """
    node = _find(text, path)
    if node is not None:
        written = _flow(value)
        # An empty value ends right after its colon.
        return f"{text[: node.start_mark.index]}{'' if _filled(node) else ' '}{written}{text[node.end_mark.index :]}"
    for part in reversed(path):
        path = path[:-1]
        holder = _find(text, path)
        if holder is not None and isinstance(holder, yaml.MappingNode):
            return _added(text, holder, str(part), value)
        value = {str(part): value}
        if holder is not None:
            return with_value(text, path, value)
    raise RefusedError("the fleet file holds no fields", "a fleet such as fleets/dev.yaml")


def without(text: str, path: Path) -> str:
    """Take a value away; one that is not there is no error.

    Raises
    ------
    RefusedError
        If the way to it leads through an alias.
    """
    holder = _find(text, path[:-1])
    if not isinstance(holder, yaml.MappingNode):
        return text
    entries = holder.value
    names = [key.value for key, _ in entries]
    if path[-1] not in names:
        return text
    place = names.index(path[-1])
    key, value = entries[place]
    if holder.flow_style:
        start = entries[place - 1][1].end_mark.index if place else key.start_mark.index
        end = entries[1][0].start_mark.index if not place and len(entries) > 1 else value.end_mark.index
        return text[:start] + text[end:]
    lines = text.splitlines(keepends=True)
    del lines[key.start_mark.line : _last_line(value, key) + 1]
    return "".join(lines)


def with_item(text: str, path: Path, items: list[object], value: object) -> str:
    """Append to a list, which is made where it is not there yet.

    Parameters
    ----------
    items
        What the list holds then.

    Raises
    ------
    RefusedError
        As :func:`with_value`.
    """
    node = _find(text, path)
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        return with_value(text, path, items)
    if node.flow_style:
        end = node.value[-1].end_mark.index
        return f"{text[:end]}, {_flow(value)}{text[end:]}"
    return _after(text, node, _item(value, _dash(text, node)))


def _added(text: str, holder: yaml.MappingNode, key: str, value: object) -> str:
    """Add a field to a mapping, as its last."""
    if holder.flow_style:
        entries = holder.value
        end = entries[-1][1].end_mark.index if entries else holder.end_mark.index - 1
        return f"{text[:end]}{', ' if entries else ''}{key}: {_flow(value)}{text[end:]}"
    column = holder.value[0][0].start_mark.column
    return _after(text, holder, _block(key, value, column))


def _find(text: str, path: Path) -> yaml.Node | None:
    """Give the node of a field that stands in the file itself; None where it does not.

    Raises
    ------
    RefusedError
        If the way to it leads through an alias.
    """
    node: yaml.Node | None = yaml.compose(text, yaml.SafeLoader)
    for depth, part in enumerate(path):
        entries = node.value if isinstance(node, yaml.MappingNode) else []
        found = next(((key, value) for key, value in entries if key.value == part), None)
        if found is None:
            return None
        key, node = found
        if node.start_mark.index < key.end_mark.index:
            raise RefusedError(f"{render_path(path[: depth + 1])} is an alias", "write the fields out, without anchors")
    return node


def _after(text: str, node: yaml.Node, added: list[str]) -> str:
    """Put lines behind the last line of a block, before comments and empty lines that follow it."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    last = _last_line(node)
    if not lines[last].endswith(end):
        lines[last] += end
    lines[last + 1 : last + 1] = [f"{line}{end}" for line in added]
    return "".join(lines)


def _last_line(node: yaml.Node, key: yaml.Node | None = None) -> int:
    """Give the last line (from 0) that belongs to a node: a block's own end is where the next thing begins."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        below_key, below = node.value[-1]
        return _last_line(below, below_key)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1])
    if key is not None and node.start_mark.index < key.end_mark.index:
        return int(key.end_mark.line)  # an alias: it stands where its name does
    return int(node.end_mark.line) - (node.end_mark.column == 0)


def _filled(node: yaml.Node) -> bool:
    return bool(node.end_mark.index > node.start_mark.index)


def _block(key: str, value: object, column: int) -> list[str]:
    """Write a field as lines."""
    indent = " " * column
    if isinstance(value, dict):
        return [f"{indent}{key}:", *(line for name, below in value.items() for line in _block(name, below, column + 2))]
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [f"{indent}{key}:", *(line for item in value for line in _item(item, column + 2))]
    return [f"{indent}{key}: {_flow(value)}"]


def _item(value: object, column: int) -> list[str]:
    """Write an item of a list as lines."""
    lines = (
        [line for name, below in value.items() for line in _block(name, below, column + 2)]
        if isinstance(value, dict) and value
        else [" " * (column + 2) + _flow(value)]
    )
    return [f"{' ' * column}- {lines[0].lstrip()}", *lines[1:]]


def _dash(text: str, node: yaml.SequenceNode) -> int:
    """Give the column of a list's dashes."""
    mark = node.value[0].start_mark
    return int(text.splitlines()[mark.line].rindex("-", 0, mark.column))


def _flow(value: object) -> str:
    """Write plain data in one line."""
    if isinstance(value, dict) and value:
        return "{" + ", ".join(f"{key}: {_flow(below)}" for key, below in value.items()) + "}"
    written: str = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return written.removesuffix("...\n").strip()
