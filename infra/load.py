"""From a fleet file to a fleet, or to all that is wrong with it at once."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from infra.checks import Names, check_fleet
from infra.document import Document, UnreadableError, read_document
from infra.model import Fleet
from infra.problems import Finding, FleetRefusedError, Path, Problem, render_path
from infra.wording import findings_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path as FilePath

_ENTRY_DEPTH = {"sites": 2, "clusters": 2, "components": 2, "links": 2, "flows": 2}
"""How deep an entry stands that can be left out so that the rest can still be checked."""

_STAND_INS: dict[str, Any] = {"name": "x", "tags": {"owner": "x", "costCenter": "x"}}
"""Valid values for what must be there, to check the rest of a file in which they are wrong."""


def load_fleet(path: FilePath) -> Fleet:
    """Read and check a fleet file.

    Raises
    ------
    FleetRefusedError
        With every mistake of the file, in the order of its lines.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no text in UTF-8"
        raise FleetRefusedError(
            (
                Problem(
                    file=str(path),
                    line=1,
                    field="(the whole file)",
                    message=f"cannot be read: {reason}",
                    fix="the path of a fleet file, such as fleets/dev.yaml",
                ),
            )
        ) from None
    return parse_fleet(text, str(path))


def parse_fleet(text: str, file: str) -> Fleet:
    """Read and check the text of a fleet file; ``file`` is its name in messages."""
    try:
        document = read_document(text)
    except UnreadableError as error:
        raise FleetRefusedError(
            (
                Problem(
                    file=file,
                    line=error.line,
                    field="(the whole file)",
                    message=str(error),
                    fix="valid YAML; look at the indentation and the quotes of this line and the one before",
                ),
            )
        ) from None
    if not isinstance(document.data, dict):
        nothing = Finding(path=(), message="holds no fields", fix="a fleet such as fleets/dev.yaml")
        raise FleetRefusedError(problems_of([nothing], document, file))
    names = Names.of(document.data)
    findings = list(document.findings)
    fleet: Fleet | None
    try:
        fleet = Fleet.model_validate(document.data)
    except ValidationError as error:
        broken = list(findings_of(error, document.data))
        findings += broken
        fleet = _without(document.data, broken)
    if fleet is not None:
        findings += check_fleet(fleet, names)
    if findings or fleet is None:
        raise FleetRefusedError(problems_of(findings, document, file))
    return fleet


def problems_of(findings: Iterable[Finding], document: Document, file: str) -> tuple[Problem, ...]:
    """Give findings their lines, in the order of the file, none twice."""
    problems = {
        Problem(
            file=file,
            line=document.line(finding.path),
            field=render_path(finding.path),
            message=finding.message,
            fix=finding.fix,
        )
        for finding in findings
    }
    return tuple(sorted(problems))


def _without(data: dict[str, Any], broken: Iterable[Finding]) -> Fleet | None:
    """Give the fleet without its broken entries, so that the rest is checked too; None if too little is left."""
    rest = copy.deepcopy(data)
    for path in sorted({finding.path for finding in broken}, key=_backwards):
        _remove(rest, path)
    for field, value in _STAND_INS.items():
        rest.setdefault(field, value)
    try:
        return Fleet.model_validate(rest)
    except ValidationError:
        return None


def _backwards(path: Path) -> tuple[int, ...]:
    # Later list items first, so that removing one does not move those still to be removed.
    return tuple(-part if isinstance(part, int) else 0 for part in path)


def _remove(data: dict[str, Any], path: Path) -> None:
    entry = path[: _ENTRY_DEPTH.get(str(path[0]), 1)] if path else ()
    holder: Any = data
    for part in entry[:-1]:
        holder = holder[part]
    if not entry:
        return
    if isinstance(holder, dict):
        holder.pop(entry[-1], None)
    elif isinstance(holder, list) and isinstance(entry[-1], int) and entry[-1] < len(holder):
        del holder[entry[-1]]
