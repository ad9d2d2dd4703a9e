"""A YAML file as data, with the line of every field, so that a mistake can be shown where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from infra.problems import Finding, Path

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class UnreadableError(Exception):
    """The text is no YAML at all."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


@dataclass(frozen=True, kw_only=True)
class Document:
    """Data of a file.

    Parameters
    ----------
    data
        Mappings, lists and scalars as YAML reads them.
    lines
        Line (from 1) of every field and list item, by path.
    findings
        What YAML would pass over in silence: fields written twice, fields whose name is no text.
    """

    data: Any
    lines: dict[Path, int]
    findings: tuple[Finding, ...]

    def line(self, path: Path) -> int:
        """Give the line of a path, or of its nearest parent in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass
class _Reader:
    loader: Any
    lines: dict[Path, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    open_nodes: set[int] = field(default_factory=set)

    def read(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401 - YAML is untyped
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self.loader.construct_object(node)
        if id(node) in self.open_nodes:
            self.findings.append(
                Finding(path=path, message="refers to itself", fix="the values themselves, without the alias")
            )
            return None
        self.open_nodes.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self.open_nodes.discard(id(node))

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        first: dict[str, int] = {}
        data: dict[str, Any] = {}
        for key_node, _ in node.value:
            key = key_node.value
            line = key_node.start_mark.line + 1
            if key in first:
                self.findings.append(
                    Finding(
                        path=(*path, key),
                        message=f"{key!r} stands twice, first in line {first[key]}",
                        fix="one entry, or another name for the second",
                    )
                )
            first.setdefault(key, line)
            self.lines[(*path, key)] = line
        self.loader.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode) or not isinstance(self.loader.construct_object(key_node), str):
                self.findings.append(
                    Finding(path=path, message=f"the name {key!r} is not text", fix=f'the name in quotes: "{key}"')
                )
                continue
            data[key] = self.read(value_node, (*path, key))
        return data


def read_document(text: str) -> Document:
    """Read YAML text.

    Raises
    ------
    UnreadableError
        If the text is no YAML, with the line where reading stopped.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Document(data=None, lines={}, findings=())
        # The C loader composes; constructing needs the pure parts, which both loaders have.
        reader = _Reader(loader=loader)
        data = reader.read(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UnreadableError(mark.line + 1 if mark else 1, f"is no YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise UnreadableError(1, f"is no YAML: {error}") from error
    finally:
        loader.dispose()
    return Document(data=data, lines=reader.lines, findings=tuple(reader.findings))
