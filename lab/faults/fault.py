"""What a fault is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.running import RunningLab

Target = Literal["link", "tunnel", "node", "cluster"]
"""What a fault is done to."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong.

    Parameters
    ----------
    name
        As the command line knows it.
    target
        What kind of thing it is done to.
    means
        What has happened, in the words of whoever reads a list of faults.
    break_, mend
        Called with the lab and the target's name. Breaking what is broken, and mending what is whole, are no errors.
    """

    name: str
    target: Target
    means: str
    break_: Callable[[RunningLab, str], None]
    mend: Callable[[RunningLab, str], None]
