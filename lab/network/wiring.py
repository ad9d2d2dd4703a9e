"""Network namespaces and the cables between them."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from lab.machine.spaces import LAB, network_space

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Interface

    from lab.machine.processes import Processes

SITE_MTU = {"aws": 9001, "azure": 1500}
"""Octets of a node's interface: jumbo frames in a VPC, none in a VNet."""


class Wiring:
    """Makes namespaces and cables.

    Parameters
    ----------
    processes
        Runs the commands.
    """

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._numbers = count(1)

    def namespace(self, name: str) -> None:
        """Make a network namespace whose loopback is up."""
        self._processes.run(LAB, "ip", "netns", "add", name)
        self._processes.run(LAB, "ip", "-n", name, "link", "set", "lo", "up")

    def remove(self, name: str) -> None:
        """Remove a network namespace, with the cable that led into it."""
        self._processes.run(LAB, "ip", "netns", "delete", name)

    def bridge(self, namespace: str, address: IPv4Interface, mtu: int) -> None:
        """Make the bridge ``br0`` of a site, with the router's address, and let the namespace forward."""
        self._ip(namespace, "link", "add", "br0", "mtu", str(mtu), "type", "bridge")
        self._ip(namespace, "address", "add", str(address), "dev", "br0")
        self._ip(namespace, "link", "set", "br0", "up")
        self.forwarding(namespace)

    def forwarding(self, namespace: str) -> None:
        """Let a namespace route."""
        self._processes.run(network_space(namespace), "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")

    def attach(
        self, namespace: str, site: str, addresses: tuple[IPv4Interface, ...], gateway: IPv4Address, mtu: int
    ) -> None:
        """Plug a namespace into a site's bridge as ``eth0``, with a default route over the site's router."""
        end = f"p{next(self._numbers)}"
        self._ip(
            site,
            "link",
            "add",
            "name",
            end,
            "mtu",
            str(mtu),
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            namespace,
        )
        self._ip(site, "link", "set", "dev", end, "master", "br0", "up")
        self._ip(namespace, "link", "set", "eth0", "mtu", str(mtu))
        for address in addresses:
            self._ip(namespace, "address", "add", str(address), "dev", "eth0")
        self._ip(namespace, "link", "set", "eth0", "up")
        self._ip(namespace, "route", "add", "default", "via", str(gateway))

    def cable(self, first: tuple[str, str, IPv4Interface], second: tuple[str, str, IPv4Interface], mtu: int) -> None:
        """Lay a cable between two routers.

        Parameters
        ----------
        first, second
            Namespace, interface and address of an end.
        mtu
            Octets that it carries, in both directions.
        """
        (near, near_end, near_address), (far, far_end, far_address) = first, second
        self._ip(near, "link", "add", "name", near_end, "type", "veth", "peer", "name", far_end, "netns", far)
        for namespace, end, address in ((near, near_end, near_address), (far, far_end, far_address)):
            self._ip(namespace, "address", "add", str(address), "dev", end)
            self._ip(namespace, "link", "set", "dev", end, "mtu", str(mtu), "up")

    def route(self, namespace: str, destination: str, via: IPv4Address) -> None:
        """Add a route."""
        self._ip(namespace, "route", "replace", destination, "via", str(via))

    def _ip(self, namespace: str, *command: str) -> None:
        self._processes.run(LAB, "ip", "-n", namespace, *command)
