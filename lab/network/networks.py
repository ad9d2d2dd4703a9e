"""Builds the networks of a lab, and cuts, narrows and mends its links."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network
from typing import TYPE_CHECKING, Protocol

from lab.errors import LabError
from lab.machine.spaces import LAB, network_space
from lab.network.firewall import link_rules, site_rules, together
from lab.network.wiring import SITE_MTU, Wiring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.machine.processes import Processes
    from lab.plan import ClusterLab, LabPlan, LinkLab, NodeLab

OUTSIDE = "outside"
"""Namespace of somebody on the internet: joined to every site's router, and let in by none."""

INTERNET, LINK = "internet", "link"
"""Interfaces of a site's router: to the outside, and (with a number behind) to the links."""

_ENDS = ("near", "far")
"""Interfaces of a link's router, in the order of the link's sites."""

_TRANSFER = IPv4Network("100.64.0.0/10")
"""Addresses between routers; no fleet can have them (shared address space, RFC 6598)."""

_OUTSIDE_NETWORK = IPv4Network("198.51.100.0/24")
"""Addresses of the internet's side (TEST-NET-2, RFC 5737)."""


class Carrier(Protocol):
    """What carries a link in its router's place."""

    def cut(self, link: str) -> None:
        """Take a link down."""
        ...

    def mend(self, link: str) -> None:
        """Bring it up again."""
        ...


class Networks:
    """The networks of a lab.

    Parameters
    ----------
    overlay_port
        UDP port of the overlay between nodes.
    iptables
        Command and environment of ``iptables-restore``.
    """

    def __init__(
        self, plan: LabPlan, processes: Processes, *, overlay_port: int, iptables: tuple[str, dict[str, str]]
    ) -> None:
        self._plan = plan
        self._processes = processes
        self._wiring = Wiring(processes)
        self._overlay_port = overlay_port
        self._iptables = iptables
        self._carriers: dict[str, Carrier] = {}

    def build(self) -> None:
        """Make sites, clusters' places and links; nodes are plugged in when they are switched on."""
        for site in self._plan.sites.values():
            self._wiring.namespace(site.namespace)
            self._wiring.bridge(
                site.namespace, IPv4Interface((site.gateway, site.cidr.prefixlen)), SITE_MTU[site.cloud]
            )
        for cluster in self._plan.clusters.values():
            self._cluster(cluster)
        for number, link in enumerate(self._plan.links.values()):
            self._link(link, number)
        self._outside()

    def plug(self, node: NodeLab) -> None:
        """Plug a node in."""
        site = self._plan.sites[node.site]
        self._wiring.namespace(node.namespace)
        address = IPv4Interface((node.address, site.cidr.prefixlen))
        self._wiring.attach(node.namespace, site.namespace, (address,), site.gateway, SITE_MTU[site.cloud])

    def unplug(self, node: NodeLab) -> None:
        """Take a node's interface away: nobody answers at its address any more."""
        self._wiring.remove(node.namespace)

    def hand_over(self, links: Iterable[str], firewall: str, carrier: Carrier) -> None:
        """Take the routers of links away, since something else carries them from now on.

        Parameters
        ----------
        firewall
            Namespace that all of these links pass: it lets through what their routers did.
        """
        rules = [link_rules(self._plan, self._find(link), overlay_port=self._overlay_port) for link in links]
        command, environment = self._iptables
        self._processes.run(network_space(firewall), command, input_=together(rules), env=environment)
        for link in links:
            self._wiring.remove(self._find(link).namespace)
            self._carriers[link] = carrier

    def cut(self, link: str) -> None:
        """Take a link down, as when its last tunnel is lost."""
        if link in self._carriers:
            self._carriers[link].cut(link)
        else:
            self._switch(link, up=False)

    def mend(self, link: str) -> None:
        """Bring a link up again, with its planned MTU."""
        if link in self._carriers:
            self._carriers[link].mend(link)
            return
        self._switch(link, up=True)
        self.narrow(link, self._find(link).mtu)

    def narrow(self, link: str, mtu: int) -> None:
        """Let a link carry smaller packets than planned.

        The overlay's packets may be cut up, so nobody is told; and the sites take no fragments from a link, so they
        vanish. That is how a wrong MTU looks on a real path.
        """
        found = self._find(link)
        if link in self._carriers:
            raise LabError(f"{link} is carried by tunnels, whose MTU is what it is", "narrow it with --link router")
        for end in _ENDS:
            self._processes.run(
                LAB, "ip", "-n", found.namespace, "link", "set", "dev", end, "mtu", str(min(mtu, found.mtu))
            )

    def _find(self, link: str) -> LinkLab:
        if link not in self._plan.links:
            raise LabError(f"there is no link {link}", f"links: {', '.join(self._plan.links) or 'none'}")
        return self._plan.links[link]

    def _switch(self, link: str, *, up: bool) -> None:
        found = self._find(link)
        for end in _ENDS:
            self._processes.run(LAB, "ip", "-n", found.namespace, "link", "set", "dev", end, "up" if up else "down")
        if up:
            self._routes(found, list(self._plan.links).index(link))

    def _cluster(self, cluster: ClusterLab) -> None:
        """Its control plane's place holds the addresses of its API server and of its mesh load balancer."""
        site = self._plan.sites[cluster.site]
        prefix = site.cidr.prefixlen
        mesh = cluster.plan.mesh_addresses if cluster.plan.meshed else ()
        addresses = (IPv4Interface((cluster.api, prefix)), *(IPv4Interface(f"{text}/{prefix}") for text in mesh))
        self._wiring.namespace(cluster.namespace)
        # The mesh API server is a pod: it sends what a pod's interface takes, not a node's.
        mtu = min(SITE_MTU[site.cloud], self._plan.fleet.mesh.mtu)
        self._wiring.attach(cluster.namespace, site.namespace, addresses, site.gateway, mtu)

    def _link(self, link: LinkLab, number: int) -> None:
        self._wiring.namespace(link.namespace)
        self._wiring.forwarding(link.namespace)
        for side, site in enumerate(link.sites):
            near, far = _transfer(number, side)
            self._wiring.cable(
                (link.namespace, _ENDS[side], near),
                (self._plan.sites[site].namespace, f"{LINK}{number}", far),
                link.mtu,
            )
        self._routes(link, number)
        command, environment = self._iptables
        rules = link_rules(self._plan, link, overlay_port=self._overlay_port)
        self._processes.run(network_space(link.namespace), command, input_=rules, env=environment)

    def _routes(self, link: LinkLab, number: int) -> None:
        for side, site in enumerate(link.sites):
            near, far = _transfer(number, side)
            here, there = self._plan.sites[site], self._plan.sites[link.sites[1 - side]]
            self._wiring.route(link.namespace, str(here.cidr), far.ip)
            self._wiring.route(here.namespace, str(there.cidr), near.ip)

    def _outside(self) -> None:
        """Somebody who has a route to everything: what keeps them out are the sites' routers alone."""
        self._wiring.namespace(OUTSIDE)
        self._wiring.forwarding(OUTSIDE)
        for number, site in enumerate(self._plan.sites.values()):
            base = int(_OUTSIDE_NETWORK.network_address) + 4 * number
            near, far = IPv4Interface((base + 1, 30)), IPv4Interface((base + 2, 30))
            self._wiring.cable((OUTSIDE, f"site{number}", near), (site.namespace, INTERNET, far), 1500)
            self._wiring.route(OUTSIDE, str(site.cidr), far.ip)
            command, environment = self._iptables
            rules = site_rules(internet=INTERNET, links=LINK)
            self._processes.run(network_space(site.namespace), command, input_=rules, env=environment)


def _transfer(link: int, side: int) -> tuple[IPv4Interface, IPv4Interface]:
    """Addresses of the cable between a link's router and the site at its side: the router's, the site's."""
    base = int(_TRANSFER.network_address) + 8 * link + 4 * side
    return IPv4Interface((base + 1, 30)), IPv4Interface((base + 2, 30))
