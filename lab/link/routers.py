"""Routers of the twin, and the cables between them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from itertools import count
from typing import TYPE_CHECKING

from lab.machine.spaces import LAB, network_space

if TYPE_CHECKING:
    from lab.machine.processes import Processes
    from lab.network.wiring import Wiring

_TRANSFER = IPv4Network("100.100.0.0/16")
"""Addresses between routers of the twin, out of the shared address space (RFC 6598)."""

_MTU = 1500

_FLOW = ("ip_forward=1", "conf.all.rp_filter=0", "conf.default.rp_filter=0", "fib_multipath_hash_policy=1")
"""Settings of a router: answers may come back another way, and a flow keeps to its path."""

_PORTS = ("fib_multipath_hash_policy=3", "fib_multipath_hash_fields=0x30")
"""Settings of a router that chooses paths by source and destination port alone."""


class Routers:
    """Makes routers and cables."""

    def __init__(self, processes: Processes, wiring: Wiring) -> None:
        self._processes = processes
        self._wiring = wiring
        self._cables = count()

    def router(self, space: str, *, ports_alone: bool = False) -> None:
        """Make the namespace of a router on which each flow keeps to one path.

        Parameters
        ----------
        ports_alone
            Choose the path by ports alone. A router behind one that chose by all of a flow would else choose the same
            again, and leave half of its paths empty.
        """
        self._wiring.namespace(space)
        settings = (*_FLOW, *(_PORTS if ports_alone else ()))
        self._processes.run(network_space(space), "sysctl", "-q", "-w", *(f"net.ipv4.{each}" for each in settings))

    def cable(self, near: tuple[str, str], far: tuple[str, str]) -> tuple[IPv4Address, IPv4Address]:
        """Lay a cable between two namespaces, and give the addresses of its ends.

        Parameters
        ----------
        near, far
            Namespace and interface.
        """
        base = int(_TRANSFER.network_address) + 4 * next(self._cables)
        first, second = IPv4Interface((base + 1, 30)), IPv4Interface((base + 2, 30))
        self._wiring.cable((*near, first), (*far, second), _MTU)
        return first.ip, second.ip

    def ip(self, namespace: str, *command: str) -> None:
        """Run ``ip`` in a namespace."""
        self._processes.run(LAB, "ip", "-n", namespace, *command)
