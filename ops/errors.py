"""What can go wrong for the person at the terminal, and the exit code of each.

======  =======================================================
code    meaning
======  =======================================================
0       done
1       the engine or a cloud failed, or changes where none were expected
2       the fleet or the command cannot be meant that way
3       something is missing on this machine: credentials, a tool
130     interrupted (128 + SIGINT)
======  =======================================================
"""

from __future__ import annotations

FAILED = 1
REFUSED = 2
MISSING = 3
INTERRUPTED = 130


class HmsError(Exception):
    """An error that is told in a line, with what to do about it, and no traceback.

    Parameters
    ----------
    message
        What is wrong, with the place.
    fix
        What to type or change next; empty where the message says it.
    details
        Further lines, each a finding of its own.
    told
        Whether a reporter has shown it already, so that only the exit code is left.
    """

    code = FAILED

    def __init__(self, message: str, fix: str = "", *, details: tuple[str, ...] = (), told: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.details = details
        self.told = told


class RefusedError(HmsError):
    """The fleet, or the command, cannot be meant that way. Nothing was started."""

    code = REFUSED


class MissingError(HmsError):
    """The machine lacks something: credentials, a backend, a tool. Nothing was started."""

    code = MISSING


class EngineError(HmsError):
    """The engine or a cloud failed."""


class ClusterError(HmsError):
    """A cluster, or something in it, does not answer or does not do what it should."""


class ChangesError(HmsError):
    """There are changes where none were expected."""


class InterruptedByUserError(HmsError):
    """The user stopped it; the message says in what state things are."""

    code = INTERRUPTED
