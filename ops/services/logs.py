"""Logs of a component in all clusters at once; one that is dead does not hide the others."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from queue import Queue
from typing import TYPE_CHECKING

from ops.adapters.redact import redact_lines
from ops.errors import HmsError, RefusedError
from ops.services.at_once import at_once

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from ops.adapters.log_ports import Logs, Source

_AT_ONCE = 16

_WAITING = 1000
"""Lines of followed logs that wait to be shown; who writes more waits."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a log, secrets kept back."""

    source: Source
    text: str


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Something that could not be read.

    Parameters
    ----------
    whose
        A cluster, or a log.
    """

    whose: str
    error: str


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which logs.

    Parameters
    ----------
    clusters, nodes, containers
        Only of these; none for all.
    tail
        Last lines of each.
    """

    component: str
    clusters: Collection[str] = ()
    nodes: Collection[str] = ()
    containers: Collection[str] = ()
    tail: int = 20

    def takes(self, source: Source) -> bool:
        """Say whether a log is one of them."""
        fits = ((self.nodes, source.node), (self.containers, source.container))
        return all(not names or name in names for names, name in fits)


def find(
    logs: Mapping[str, Logs | HmsError], wanted: Wanted
) -> tuple[tuple[tuple[Logs, Source], ...], tuple[Trouble, ...]]:
    """Find who writes the logs that are wanted, in all clusters at once.

    Raises
    ------
    RefusedError
        If every cluster answers, and nobody writes any.
    """
    found: list[tuple[Logs, Source]] = []
    troubles: list[Trouble] = []
    chosen = {name: each for name, each in logs.items() if not wanted.clusters or name in wanted.clusters}
    with at_once(_AT_ONCE) as pool:
        asked = {name: pool.submit(_sources, each, wanted.component) for name, each in chosen.items()}
        for name, future in asked.items():
            try:
                found += [(each, source) for each, source in future.result() if wanted.takes(source)]
            except HmsError as error:
                troubles.append(Trouble(whose=name, error=error.message))
    if not found and not troubles:
        raise RefusedError(
            f"nobody writes logs for {wanted.component!r} in {', '.join(chosen)}",
            "a component of the fleet, or cilium, cilium-operator, clustermesh-apiserver, hubble-relay, coredns",
        )
    return tuple(found), tuple(troubles)


def read(found: tuple[tuple[Logs, Source], ...], tail: int) -> Iterator[Line | Trouble]:
    """Give the last lines of every log, one log after the other, all fetched at once."""
    with at_once(_AT_ONCE) as pool:
        for lines in pool.map(lambda each: list(_lines(*each, tail=tail, follow=False)), found):
            yield from lines


def follow(found: tuple[tuple[Logs, Source], ...], tail: int) -> Iterator[Line | Trouble]:
    """Give the last lines of every log, and those to come, as they come; ends when all of them have ended."""
    waiting: Queue[Line | Trouble | None] = Queue(_WAITING)

    def pump(logs: Logs, source: Source) -> None:
        try:
            for line in _lines(logs, source, tail=tail, follow=True):
                waiting.put(line)
        finally:
            waiting.put(None)

    for each in found:
        # They end with the program: a log that is silent cannot be told to stop.
        threading.Thread(target=pump, args=each, daemon=True).start()
    left = len(found)
    while left:
        line = waiting.get()
        if line is None:
            left -= 1
        else:
            yield line


def _sources(logs: Logs | HmsError, component: str) -> list[tuple[Logs, Source]]:
    if isinstance(logs, HmsError):
        raise logs
    return [(logs, source) for source in logs.sources(component)]


def _lines(logs: Logs, source: Source, *, tail: int, follow: bool) -> Iterator[Line | Trouble]:
    try:
        for text in redact_lines(logs.lines(source, tail=tail, follow=follow)):
            yield Line(source=source, text=text)
    except HmsError as error:
        yield Trouble(whose=str(source), error=error.message)
