"""The programs of the twin, as ``make link-tools`` left them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.errors import LabError
from toolchain import link

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Programs:
    """Where the unpacked programs are.

    Parameters
    ----------
    root
        Folder of the unpacked packages.
    bird
        BIRD, started with its libraries.
    """

    root: Path
    bird: Path


def link_programs() -> Programs:
    """Give them.

    Raises
    ------
    LabError
        If they are not unpacked.
    """
    if missing := link.missing():
        raise LabError(f"{' and '.join(missing)} are not on this machine", "run: make link-tools")
    return Programs(root=link.root(), bird=link.bird())
