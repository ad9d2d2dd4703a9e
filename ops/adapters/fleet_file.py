"""Changing fields of a fleet file and nothing else in it: comments, order, quotes and layout stay, octet by octet.

PyYAML says where each value stands; the text between is never read and written again, which is where libraries that
round-trip YAML change indentation, line breaks and quotes that nobody asked them to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import yaml

from infra.document import UnreadableError, read_document
from infra.problems import Path, render_path
from ops.errors import RefusedError

if TYPE_CHECKING:
    from pathlib import Path as FilePath


@dataclass(frozen=True)
class FleetFile:
    """The text of a fleet file, as it was read or as it will be written.

    Parameters
    ----------
    path
        The file.
    text
        Its text, line ends as they are.
    read
        The text as the file had it.
    """

    path: FilePath
    text: str
    read: str

    @classmethod
    def load(cls, path: FilePath) -> FleetFile:
        """Read the file.

        Raises
        ------
        RefusedError
            If it cannot be read.
        """
        try:
            with path.open(encoding="utf-8", newline="") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise RefusedError(f"{path} cannot be read: {error}") from None
        return cls(path, text, text)

    def with_field(self, path: Path, value: object) -> FleetFile:
        """Set a field; what leads to it is made where it is not there yet.

        Parameters
        ----------
        value
            Of plain data; None takes the field away.

        Raises
        ------
        RefusedError
            If the field belongs to an alias, or other fields would change with it.
        """
        data = read_document(self.text).data
        text = _removed(self.text, path) if value is None else _set(self.text, path, value)
        return self._checked(text, _expected(data, path, value), path)

    def with_item(self, path: Path, value: object) -> FleetFile:
        """Append to a list, which is made where it is not there yet.

        Raises
        ------
        RefusedError
            As :meth:`with_field`.
        """
        data = read_document(self.text).data
        items = [*(_at(data, path) or ()), value]
        node = _find(self.text, path)
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            text = _set(self.text, path, items)
        elif node.flow_style:
            end = node.value[-1].end_mark.index
            text = f"{self.text[:end]}, {_flow(value)}{self.text[end:]}"
        else:
            text = _after(self.text, node, _item(value, _dash(self.text, node)))
        return self._checked(text, _expected(data, path, items), path)

    def write(self) -> None:
        """Let the file have the text, all of it or none.

        Raises
        ------
        RefusedError
            If somebody has changed the file since it was read.
        """
        target = self.path.resolve()
        if FleetFile.load(self.path).text != self.read:
            raise RefusedError(f"{self.path} was changed in the meantime; nothing was written", "type it again")
        fresh = target.with_name(f".{target.name}.new")
        with fresh.open("w", encoding="utf-8", newline="") as file:
            file.write(self.text)
        fresh.chmod(target.stat().st_mode)
        fresh.replace(target)

    def _checked(self, text: str, expected: object, path: Path) -> FleetFile:
        """Make sure that one field changed: an anchor may have carried the change elsewhere."""
        try:
            found = read_document(text).data
        except UnreadableError:
            found = None
        if found != expected:
            raise RefusedError(
                f"{self.path}: {render_path(path)} cannot be changed by itself", "write the fields out, without anchors"
            )
        return replace(self, text=text)


def _expected(data: Any, path: Path, value: object) -> Any:  # noqa: ANN401 - plain data
    """Give the data with one field changed."""
    if not path:
        return value
    changed = dict(data or {})
    below = _expected(changed.get(str(path[0])), path[1:], value)
    if below is None:
        changed.pop(str(path[0]), None)
    else:
        changed[str(path[0])] = below
    return changed


def _at(data: Any, path: Path) -> Any:  # noqa: ANN401 - plain data
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _set(text: str, path: Path, value: object) -> str:
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
            return _set(text, path, value)
    raise RefusedError("the fleet file holds no fields", "a fleet such as fleets/dev.yaml")


def _added(text: str, holder: yaml.MappingNode, key: str, value: object) -> str:
    """Add a field to a mapping, as its last."""
    if holder.flow_style:
        entries = holder.value
        end = entries[-1][1].end_mark.index if entries else holder.end_mark.index - 1
        return f"{text[:end]}{', ' if entries else ''}{key}: {_flow(value)}{text[end:]}"
    column = holder.value[0][0].start_mark.column
    return _after(text, holder, _block(key, value, column))


def _removed(text: str, path: Path) -> str:
    holder = _find(text, path[:-1])
    entries = holder.value if isinstance(holder, yaml.MappingNode) else []
    names = [key.value for key, _ in entries]
    if path[-1] not in names:
        return text
    place = names.index(path[-1])
    key, value = entries[place]
    if holder is not None and holder.flow_style:
        start = entries[place - 1][1].end_mark.index if place else key.start_mark.index
        end = entries[1][0].start_mark.index if not place and len(entries) > 1 else value.end_mark.index
        return text[:start] + text[end:]
    lines = text.splitlines(keepends=True)
    del lines[key.start_mark.line : _last_line(value, key) + 1]
    return "".join(lines)


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
    return text.splitlines()[mark.line].rindex("-", 0, mark.column)


def _flow(value: object) -> str:
    """Write plain data in one line."""
    if isinstance(value, dict) and value:
        return "{" + ", ".join(f"{key}: {_flow(below)}" for key, below in value.items()) + "}"
    written: str = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return written.removesuffix("...\n").strip()
