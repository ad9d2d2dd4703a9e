"""What a check is, and what it finds.

A cause shows in many places, and only the cause is to be named. So a finding says what has to work for it to mean
anything (``needs``) and what it explains (``breaks``); whoever runs the checks keeps back what needs something that
another one has found broken (:mod:`ops.services.diagnose.run`). Things are the words of :mod:`.things`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ops.services.diagnose.case import Case

Severity = Literal["error", "warning"]
"""``error``: something does not work, or not as planned. ``warning``: it will not, or only by luck."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is wrong.

    Parameters
    ----------
    about
        Names of the clusters, nodes or links that it is about, the most important first.
    saw
        What was seen, with names and values.
    why
        Why it matters.
    run
        The command to run next.
    needs
        Things without which it would be no more than a consequence.
    breaks
        Things that do not work because of it.
    """

    severity: Severity = "error"
    about: tuple[str, ...]
    saw: str
    why: str
    run: str
    needs: frozenset[str] = frozenset()
    breaks: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check: one question about a fleet.

    Parameters
    ----------
    id
        Its name on the command line, and of its file (with ``_``).
    title
        What holds where it finds nothing.
    covers
        What can be wrong, in the words of who looks for it.
    look
        Pure: from what was seen to findings.
    """

    id: str
    title: str
    covers: str
    look: Callable[[Case], Iterable[Finding]]
