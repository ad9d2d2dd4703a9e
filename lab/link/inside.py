"""``python -m lab.link.inside``: process 1 of a twin that stands alone. Reads requests and answers, a JSON a line.

Everything that it makes is in namespaces and memory of its own: with it, however it ends, all of that ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.link.checks import Checks
from lab.link.drill import drill
from lab.link.pairs import pair
from lab.link.planned import Planned
from lab.link.programs import link_programs
from lab.link.reading import read_ends
from lab.link.rotate import rotate
from lab.link.timers import TIMERS
from lab.link.twin import Twin
from lab.machine.processes import Processes
from lab.network.wiring import Wiring

_LOGS = Path("/run/hms/logs")


class Inside:
    """A twin, and what it can be asked."""

    def __init__(self) -> None:
        self._twin: Twin | None = None
        self._begun = 0.0

    def answer(self, request: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Do what is asked.

        Raises
        ------
        LabError
            If it fails.
        """
        if request["verb"] == "up":
            return self._up(request)
        twin = self._twin
        if twin is None:
            raise LabError("the twin is not up")
        if request["verb"] == "check":
            return asdict(Checks(twin).run(say, self._begun))
        if request["verb"] == "drill":
            return asdict(drill(twin, request["cut"], say))
        return asdict(rotate(twin, say))

    def _up(self, request: dict[str, Any]) -> dict[str, Any]:
        self._begun = time.monotonic()
        resources = tuple(Planned(**one) for one in request["resources"])
        processes = Processes(_LOGS)
        self._twin = Twin(
            pair(read_ends(resources)), processes, Wiring(processes), link_programs(), TIMERS[request["timers"]]
        )
        self._twin.start()
        self._twin.lead()
        say(f"{len(self._twin.ends())} tunnel ends are started after {time.monotonic() - self._begun:.1f} s")
        return {}


def say(text: str) -> None:
    """Tell progress."""
    _write({"progress": text})


def main() -> int:
    """Answer until nobody asks any more."""
    # /run is the twin's own, so that names of namespaces and sockets of daemons meet nobody's.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "link", "/run"], check=True)  # noqa: S607
    os.makedirs("/run/netns", exist_ok=True)  # noqa: PTH103
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: S607
    inside = Inside()
    for line in sys.stdin:
        try:
            _write({"result": inside.answer(json.loads(line))})
        except LabError as error:
            _write({"error": error.message, "advice": error.advice})
    return 0


def _write(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
