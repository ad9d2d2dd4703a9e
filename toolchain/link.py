"""``make link-tools``: what the link's twin runs, unpacked once for this user. Quick and silent the second time.

Usage: python3 toolchain/link.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from toolchain import debian
from toolchain.run import StepFailedError, say


def root() -> Path:
    """Give the folder of the unpacked packages, whether or not they are there."""
    return debian.folder(debian.LINK) / "root"


def bird() -> Path:
    """Give BIRD, whether or not it is there."""
    return debian.folder(debian.LINK) / "bin" / "bird"


def missing() -> list[str]:
    """List what is not unpacked."""
    return [] if debian.folder(debian.LINK).exists() else [tool.name for tool in debian.LINK_TOOLS]


def main() -> int:
    """Get everything, and say what was done."""
    try:
        debian.obtain(debian.LINK)
    except StepFailedError as error:
        say(f"link-tools: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
