"""Changing fields of a fleet file and nothing else in it: comments, order, quotes and layout stay, octet by octet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from infra.document import UnreadableError, read_document
from infra.problems import Path, render_path
from ops.adapters import yaml_edit
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
        if _at(data, path) == value:
            return self
        text = yaml_edit.without(self.text, path) if value is None else yaml_edit.with_value(self.text, path, value)
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
        text = yaml_edit.with_item(self.text, path, items, value)
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
