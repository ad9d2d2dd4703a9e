"""Where tools and pins are."""

from __future__ import annotations

import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

BIN = ROOT / ".tools" / "bin"
"""The checkout's own tools: links to what setup chose."""


def shared_cache() -> Path:
    """Give the folder that keeps built tools for all checkouts of this user: ``HMS_CACHE``, else the XDG cache."""
    base = os.environ.get("HMS_CACHE")
    return Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hms"


@cache
def versions() -> dict[str, Any]:
    """Read ``versions.toml``."""
    return tomllib.loads((ROOT / "toolchain" / "versions.toml").read_text(encoding="utf-8"))
