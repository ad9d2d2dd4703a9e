"""A machine made up for tests: nothing but what the test puts there is on its PATH, and its cache is its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_ORDINARY = ("sh", "cat", "mkdir", "chmod", "cp", "sleep")


class Machine:
    """A machine whose programs are shell scripts."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.cache = folder / "cache"
        self.bin.mkdir()
        for name in _ORDINARY:
            place = next(place for place in (Path("/bin", name), Path("/usr/bin", name)) if place.exists())
            (self.bin / name).symlink_to(place)
        monkeypatch.setenv("PATH", str(self.bin))
        monkeypatch.setenv("HMS_CACHE", str(self.cache))

    def add(self, name: str, script: str) -> Path:
        program = self.bin / name
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        return program

    def calls(self) -> list[str]:
        """Give what scripts wrote to ``$CALLS``."""
        log = self.folder / "calls"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    def left(self) -> list[str]:
        """Give what is in the cache, unfinished things included."""
        return sorted(path.name for path in self.cache.iterdir()) if self.cache.exists() else []

    def put(self, folder: str, name: str, text: str = "") -> Path:
        """Put a finished program into the cache."""
        program = self.cache / folder / name
        program.parent.mkdir(parents=True)
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
        return program
