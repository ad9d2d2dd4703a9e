"""``python -m simulator --world FILE``: serve until stdin closes or SIGTERM comes."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from simulator.server import Server


def main() -> None:
    """Start the providers, print their ports as one line of JSON, and wait for the end."""
    parser = argparse.ArgumentParser(prog="simulator", description="Simulated clouds behind a real Pulumi engine.")
    parser.add_argument("--world", type=Path, required=True, help="SQLite file of the world; made if absent")
    parser.add_argument("--scale", type=float, default=0.0, help="factor on the real durations (default 0: at once)")
    parser.add_argument("--faults", type=Path, help="JSON file with a fault plan")
    arguments = parser.parse_args()

    # A bug in a rule shows in the engine as one line; its trace is in the log.
    logging.basicConfig(level=logging.WARNING)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: ended.set())
    # Ctrl-C goes to the whole process group; the engine must still be able to finish, so only its end ends this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    server = Server(arguments.world, scale=arguments.scale, faults=arguments.faults)
    print(json.dumps({"ports": server.ports}), flush=True)  # noqa: T201

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):  # not sys.stdin: its lock would abort the interpreter's end
            pass
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    ended.wait()
    server.stop()


if __name__ == "__main__":
    main()
