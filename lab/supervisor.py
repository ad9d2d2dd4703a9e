"""``python -m lab.supervisor FOLDER``: builds a lab inside its namespaces, and answers its control socket."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

from infra.load import load_fleet
from infra.planner import plan_fleet
from lab.machine.control import serve
from lab.plan import plan_lab
from lab.running import RunningLab
from lab.verbs import Verbs


def main() -> int:
    """Serve until the lab is ended."""
    folder = Path(sys.argv[1])
    spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    plan = plan_lab(plan_fleet(load_fleet(Path(spec["fleet"]))), depth=spec["depth"], nodes=spec["nodes"])
    listeners = {name: socket.socket(fileno=number) for name, number in spec["forwards"].items()}
    serve(socket.socket(fileno=spec["control"]), Verbs(RunningLab(plan, folder, listeners)).answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
