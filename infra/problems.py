"""What is wrong with a fleet file, told so that it can be mended without asking anyone."""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A mistake at a place in the data, before it is known which line that is.

    Parameters
    ----------
    path
        Keys and indices from the top of the document, e.g. ``("clusters", "aws-1", "id")``.
        A path that is not in the file (a field left out) stands for its nearest parent that is.
    message
        What is wrong, with the value that was found.
    fix
        What to write instead.
    """

    path: Path
    message: str
    fix: str


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """A mistake in a file, with its place: what the user reads."""

    file: str
    line: int
    field: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.message}. Write instead: {self.fix}"


class FleetRefusedError(Exception):
    """The fleet file has mistakes: all of them, in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


def render_path(path: Path) -> str:
    """Write a path as the user would: ``clusters.aws-1.nodePools``, ``links[0].sites``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "(the whole file)"
