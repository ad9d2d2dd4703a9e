"""``python -m tests.live.record_faults STATE``: writes docs/lab/faults.md.

``STATE`` is the folder of state of a lab of the fleet ``dev`` that is up: ``hms lab up --state STATE``.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from tests.live.faults import cases, whole_mesh
from tests.live.guests import Guests
from tests.live.lab import LiveLab
from tests.live.record import PAGE, page, put_in_and_out
from tests.live.watch import Watch


def main() -> int:
    """Put every fault in and out; exits with 1 where one shows something else than it should."""
    with closing(LiveLab(Path(sys.argv[1]).resolve())) as lab, Guests.of(lab) as guests:
        watch, whole = Watch(guests), whole_mesh(lab.plan)
        records = []
        for case in cases(lab.plan):
            record = put_in_and_out(watch, case, whole)
            sys.stderr.write(f"{case.fault} {case.target}: whole after {record.seconds:.1f} s\n")
            if record.seen != case.expected(whole):
                sys.stderr.write(f"  expected {case.expected(whole)}\n  seen     {record.seen}\n")
                return 1
            if record.told != case.told:
                sys.stderr.write(f"  to be told {case.told}\n  told       {record.told}\n")
                return 1
            records.append(record)
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(lab.plan, records), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
