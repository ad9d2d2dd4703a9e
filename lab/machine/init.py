"""``python -m lab.machine.init FOLDER``: process 1 of a lab. Starts its supervisor and reaps what nobody waits for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys


def main() -> int:
    """Run the supervisor to its end; everything else in the process namespace ends with this process."""
    # /run is the lab's own, so that names of namespaces and sockets of daemons meet nobody's.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "lab", "/run"], check=True)  # noqa: S607
    os.makedirs("/run/netns", exist_ok=True)  # noqa: PTH103
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: S607
    supervisor = os.fork()
    if supervisor == 0:
        os.execv(sys.executable, [sys.executable, "-m", "lab.supervisor", sys.argv[1]])  # noqa: S606
    signal.signal(signal.SIGTERM, lambda *_: os.kill(supervisor, signal.SIGTERM))
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == supervisor:
            return os.waitstatus_to_exitcode(status) & 0xFF


if __name__ == "__main__":
    sys.exit(main())
