"""The tunnels of `dev`, as the real program plans them, for real: up, looked at, one cut, all keys exchanged.

Exits with 1 unless all 4 are up, nothing is in the clear and no request is lost while keys are exchanged. Usage:
python -m tests.bench.link
"""

from __future__ import annotations

import sys

from ops.services.link.drills import drills, drills_table
from ops.services.link.report import WITHOUT
from ops.services.link.rotation import rotation
from ops.services.link.trial import run_link_test
from ops.terminal import draw
from tests.lab.link.planned_fleets import planned


def main() -> int:
    """Print what is seen."""
    resources = planned("dev")
    report = run_link_test(resources, timers="quick", progress=_quiet)
    cuts = drills(resources, ("path", "instance"), timers="quick", progress=_quiet)
    keys = rotation(resources, timers="quick", progress=_quiet)
    draw((*report.tables(), drills_table(cuts, "quick")))
    sys.stdout.write(f"{WITHOUT}\n{report.summary}; {report.seconds:.1f} s in all\n")
    sys.stdout.write(f"{len(keys.tunnels)} keys exchanged, {keys.lost} of {keys.sent} requests lost\n")
    return 0 if report.good and keys.lost == 0 else 1


def _quiet(_text: str) -> None:
    """Say nothing."""


if __name__ == "__main__":
    sys.exit(main())
