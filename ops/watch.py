"""Looks again and again: options of verbs that show how something is."""

# ruff: noqa: TC001 - typer reads the annotations when it runs
from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from ops.errors import FAILED, REFUSED
from ops.options import OutputOption
from ops.terminal import Output, draw

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.services.tables import Table

_EVERY = 2.0
"""Seconds between two looks; one that takes longer is followed at once by the next."""

_CLEAR = "\x1b[H\x1b[2J"


class Shown(Protocol):
    """What a look gives."""

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        ...

    @property
    def usable(self) -> bool:
        """Whether it says anything at all."""
        ...

    @property
    def summary(self) -> str:
        """It, in a line."""
        ...

    def tables(self) -> tuple[Table, ...]:
        """Give it as tables."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        ...


@dataclass(frozen=True, kw_only=True)
class LookOptions:
    """How a verb looks, and how it shows what it saw."""

    timeout: Annotated[
        float, typer.Option(min=1.0, help="Seconds for a look; what has not answered by then is named.")
    ] = 10.0
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Look again until Ctrl-C; a line a look with -o json.")
    ] = False
    output: OutputOption = Output.TEXT

    def show(self, look: Callable[[], Shown]) -> int:
        """Look, and show it, once or until the user has had enough. Gives the exit code of the last look.

        0: all is well; 1: something is wrong; 2: nothing was to be seen.
        """
        code = self._show(look())
        try:
            while self.watch:
                begun = time.monotonic()
                code = self._show(look(), clear=True)
                time.sleep(max(0.0, begun + _EVERY - time.monotonic()))
        except KeyboardInterrupt:
            # How a watch ends: no error.
            sys.stdout.write("\n")
        return code

    def _show(self, found: Shown, *, clear: bool = False) -> int:
        if self.output is Output.JSON:
            sys.stdout.write(json.dumps(found.as_json()) + "\n")
        else:
            if clear and sys.stdout.isatty():
                sys.stdout.write(_CLEAR)
            draw(found.tables())
            sys.stdout.write(f"{found.summary}\n")
        sys.stdout.flush()
        return 0 if found.good else FAILED if found.usable else REFUSED
