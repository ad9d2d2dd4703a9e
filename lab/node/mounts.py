"""mount(2), for a process that builds the file systems of a node."""

from __future__ import annotations

import ctypes
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_READ_ONLY = 1
_REMOUNT = 1 << 5
_BIND = 1 << 12
_RECURSIVE = 1 << 14
_SHARED = 1 << 20

_LIBC = ctypes.CDLL(None, use_errno=True)


def mount(kind: str, target: str, options: str = "") -> None:
    """Mount a file system that has no device, such as ``proc``."""
    _mount(kind, target, kind, 0, options)


def bind(source: str, target: str) -> None:
    """Show a file, or a folder with what is mounted below it, at another place as well."""
    _mount(source, target, "", _BIND | _RECURSIVE)


def freeze(folder: str) -> None:
    """Let nothing be written in a folder any more."""
    _mount(folder, folder, "", _BIND)
    _mount(folder, folder, "", _BIND | _REMOUNT | _READ_ONLY)


def share() -> None:
    """Let every mount reach those who get a copy of the tree: kubelet hands volumes to containers so."""
    _mount("", "/", "", _SHARED | _RECURSIVE)


@contextmanager
def held(path: str) -> Iterator[str]:
    """Give a name of a file or folder that stays good when something is mounted over it."""
    descriptor = os.open(path, os.O_PATH)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def below(folder: str) -> tuple[str, ...]:
    """List what is mounted directly or deeper below a folder, outermost first."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    places = {line.split()[4].encode().decode("unicode_escape") for line in lines}
    return tuple(sorted(place for place in places if place.startswith(f"{folder}/")))


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    arguments = (source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    if _LIBC.mount(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"mount {source or kind} on {target}: {os.strerror(error)}")
