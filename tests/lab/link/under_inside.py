"""Inside namespaces of its own: the networks of the lab of `dev`, then the planned tunnels in place of the router."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

from infra.load import load_fleet
from infra.planner import plan_fleet
from lab.link.checks import Checks
from lab.link.packets import MARK, Listener
from lab.link.sockets import within
from lab.link.twin import INTERNET
from lab.link.under import carry
from lab.machine.processes import Processes
from lab.network.networks import Networks
from lab.plan import plan_lab
from lab.tools import debian_environment, tool
from tests.lab.link.planned_fleets import planned

OVERLAY, CLOSED = 8472, 7001


def passes(near: tuple[str, str], far: tuple[str, str], port: int, *, size: int = 100) -> bool:
    """Say whether a datagram arrives."""

    def bound(address: str, number: int) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setsockopt(socket.IPPROTO_IP, 10, 3)
        made.bind((address, number))
        return made

    with within(far[0], lambda: bound(far[1], port)) as taker, within(near[0], lambda: bound(near[1], 0)) as sender:
        for _ in range(3):
            try:
                sender.sendto(MARK.ljust(size - 28, b"."), (far[1], port))
            except OSError:
                continue
            if select.select([taker], [], [], 0.3)[0]:
                return True
    return False


def main() -> int:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "lab", "/run"], check=True)  # noqa: S607
    os.makedirs("/run/netns")  # noqa: PTH103
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: S607
    plan = plan_lab(plan_fleet(load_fleet(Path("fleets/dev.yaml"))), depth="datapath")
    processes = Processes(Path("/run/logs"))
    iptables = (str(tool("iptables-restore")), debian_environment())
    networks = Networks(plan, processes, overlay_port=OVERLAY, iptables=iptables)
    networks.build()
    for node in plan.nodes:
        networks.plug(node)
    first, second = (next(node for node in plan.nodes if node.site == site) for site in ("aws", "azure"))
    near, far = (first.namespace, str(first.address)), (second.namespace, str(second.address))
    told: dict[str, object] = {"router": passes(near, far, OVERLAY)}
    tunnels = carry(networks, plan, processes, planned("dev"), timers="quick")
    listener = Listener(INTERNET, tunnels.twin.prefixes())
    told["tunnels"] = passes(near, far, OVERLAY) and passes(far, near, OVERLAY)
    told["closed"] = passes(near, far, CLOSED)
    told["1400"] = passes(near, far, OVERLAY, size=1400)
    told["namespaces"] = sorted(os.listdir("/run/netns"))  # noqa: PTH208
    networks.cut("aws-azure")
    time.sleep(4)
    told["cut"] = passes(near, far, OVERLAY)
    networks.mend("aws-azure")
    told["whole"] = Checks(tunnels.twin).settle(60, still=60)
    told["mended"] = passes(near, far, OVERLAY)
    tunnels.break_("instance", "aws-azure-connection-1")
    tunnels.break_("instance", "aws-azure-connection-1")
    time.sleep(5)
    told["one instance"] = passes(near, far, OVERLAY)
    tunnels.restore("instance", "aws-azure-connection-1")
    told["restored"] = Checks(tunnels.twin).settle(60, still=60)
    heard = listener.stop()
    told["sealed"], told["clear"] = heard.sealed, heard.clear
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
