"""The policy pack's entry point, run by the engine: ``pulumi preview --policy-pack policies``."""

import sys
from pathlib import Path

# The engine runs this folder as a program, so it stands on the path itself: its modules would be found twice.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from policies.server import serve  # noqa: E402 - needs the path


def _announce(port: int) -> None:
    # That is how the engine learns the port.
    print(port, flush=True)  # noqa: T201


try:
    serve(_announce)
except KeyboardInterrupt:  # that is how the engine ends its plugins
    sys.exit(0)
