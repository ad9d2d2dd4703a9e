"""What goes wrong in a lab."""

from __future__ import annotations


class LabError(Exception):
    """Something of the lab does not do what it should.

    Parameters
    ----------
    message
        What, in one sentence that names the program, node or cluster.
    advice
        What to do or to look at next; empty where nothing helps.
    """

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class UnfinishedError(LabError):
    """Something was made, and does not get healthy."""
