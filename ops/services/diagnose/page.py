"""The table of checks in ``docs/diagnose.md``, made from what the checks say of themselves.

``python -m ops.services.diagnose.page docs/diagnose.md`` writes it anew.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ops.services.diagnose.catalogue import CHECKS

BEGIN, END = "<!-- checks: begin -->\n", "<!-- checks: end -->\n"


def checks_table() -> str:
    """Write the checks as a table of Markdown, in the order in which one may explain another."""
    rows = [f"| `{check.id}` | {check.title} | {check.covers} |" for check in CHECKS]
    return "\n".join(("| Check | If it finds nothing | What it finds |", "|---|---|---|", *rows, ""))


def renewed(page: str) -> str:
    """Put the table into a page, between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{checks_table()}{END}{after}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
