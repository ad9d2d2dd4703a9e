"""Writes a bundle: a compressed tar file that is there as a whole, or not at all."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ops.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def write(path: Path, files: Mapping[str, str], *, made: datetime) -> int:
    """Write a bundle, readable by its user alone, and give its size in octets.

    Parameters
    ----------
    files
        Texts by their names in the bundle, all below a folder of its own name.
    made
        Time of every file.

    Raises
    ------
    RefusedError
        If there is something of that name, or nothing can be written there.
    """
    if path.exists():
        raise RefusedError(f"{path} exists already", "name another file with -o")
    folder = path.name.removesuffix(".tar.gz")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise RefusedError(
            f"nothing can be written to {path.parent}: {error.strerror}", "name a file with -o"
        ) from None
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out, tarfile.open(fileobj=out, mode="w:gz") as tar:
            for inside, text in sorted(files.items()):
                octets = text.encode()
                entry = tarfile.TarInfo(f"{folder}/{inside}")
                entry.size, entry.mtime, entry.mode = len(octets), int(made.timestamp()), 0o600
                tar.addfile(entry, io.BytesIO(octets))
        size = temporary.stat().st_size
        temporary.replace(path)
    finally:
        # Also after Ctrl-C; when all went well there is nothing any more.
        temporary.unlink(missing_ok=True)
    return size
