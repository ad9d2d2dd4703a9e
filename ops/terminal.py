"""The terminal: consoles, questions, tables, and which reporter fits it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from ops.errors import HmsError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ops.progress.reporter import Reporter
    from ops.services.tables import Table


class Output(StrEnum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"


class PreviewOutput(StrEnum):
    """How a preview is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def reporter_for(output: Output | PreviewOutput) -> Reporter:
    """Choose a reporter: JSON lines or a comment where asked for, a live picture on a terminal, else plain lines."""
    if output is PreviewOutput.MARKDOWN:
        from ops.progress.markdown import MarkdownReporter

        return MarkdownReporter(sys.stdout)
    if output.value == Output.JSON.value:
        from ops.progress.jsonl import JsonReporter

        return JsonReporter(sys.stdout)
    from rich.console import Console

    console = Console()
    if console.is_terminal and not console.is_dumb_terminal:
        from ops.progress.live import LiveReporter

        return LiveReporter(console, Console(stderr=True))
    from ops.progress.plain import PlainReporter

    return PlainReporter(sys.stdout, sys.stderr)


@contextmanager
def reporting(output: Output | PreviewOutput) -> Iterator[Reporter]:
    """Give a reporter and show it the error that ends the command, if one does."""
    reporter = reporter_for(output)
    try:
        yield reporter
    except HmsError as error:
        if not error.told:
            reporter.fail(error)
        error.told = True
        raise
    finally:
        reporter.close()


class Terminal:
    """Asks on the terminal.

    Raises
    ------
    RefusedError
        If there is none, before anything was begun.
    """

    def __init__(self) -> None:
        if not sys.stdin.isatty():
            raise RefusedError("there is no terminal to ask on", "add --yes where you are sure")

    def sure(self, question: str) -> bool:
        """Ask a question that yes or no answers; no is the default."""
        return self._ask(f"{question} [y/N] ").strip().lower() in {"y", "yes"}

    def typed(self, question: str) -> str:
        """Ask for a word."""
        return self._ask(f"{question} ").strip()

    def _ask(self, text: str) -> str:
        sys.stderr.write(text)
        sys.stderr.flush()
        try:
            return input()
        except EOFError:
            return ""


def draw(tables: Iterable[Table]) -> None:
    """Write tables to standard output, as wide as they need to be where that is no terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 240)
    for table in tables:
        grid = Grid(title=Text(table.title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for head in table.head:
            grid.add_column(head, overflow="fold")
        for row in table.rows:
            grid.add_row(*(Text(cell) for cell in row))
        console.print(grid)
