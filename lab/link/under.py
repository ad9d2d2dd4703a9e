"""The twin under a lab's mesh: real tunnels in the place of the routers between clouds.

The lead-in is :func:`carry`: it brings the tunnels up beside the routers, and only then leads the sites into them and
takes the routers away, so that a mesh that stands goes on standing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.plan import VpnLinkPlan
from lab.errors import LabError
from lab.link.checks import Checks
from lab.link.drill import Cutter
from lab.link.pairs import pair
from lab.link.programs import link_programs
from lab.link.reading import read_ends
from lab.link.timers import TIMERS
from lab.link.twin import Twin
from lab.network.wiring import Wiring

if TYPE_CHECKING:
    from lab.link.planned import Planned
    from lab.machine.processes import Processes
    from lab.network.networks import Networks
    from lab.plan import LabPlan

_PATIENCE = 90.0


class Tunnels:
    """The tunnels that carry a lab's links between clouds."""

    def __init__(self, plan: LabPlan, twin: Twin) -> None:
        self._plan = plan
        self._cutters: dict[tuple[str, str], Cutter] = {}
        self.twin = twin

    def cut(self, link: str) -> None:
        """Take every tunnel of a link down."""
        for number in self._numbers(link):
            self.twin.block(number, blocked=True)

    def mend(self, link: str) -> None:
        """Let every tunnel of a link come up again."""
        for number in self._numbers(link):
            self.twin.block(number, blocked=False)

    def break_(self, what: str, connection: str) -> None:
        """Cut one of :data:`lab.link.drill.CUTS`; twice is no error.

        Parameters
        ----------
        connection
            Azure's name of a tunnel: that is cut, or what it belongs to.

        Raises
        ------
        LabError
            If there is no such tunnel.
        """
        names = {
            tunnel.azure.name: tunnel.number
            for tunnel in self.twin.tunnels
            if tunnel.azure and tunnel.number in self.twin.aws
        }
        if connection not in names:
            raise LabError(f"there is no tunnel {connection}", f"tunnels: {', '.join(names)}")
        if (what, connection) not in self._cutters:
            self._cutters[what, connection] = Cutter(self.twin, names[connection], what)
            self._cutters[what, connection].cut()

    def restore(self, what: str, connection: str) -> None:
        """Mend what was cut; what is whole stays so."""
        if (what, connection) in self._cutters:
            self._cutters.pop((what, connection)).mend()

    def _numbers(self, link: str) -> tuple[int, ...]:
        ranges = {str(self._plan.sites[site].cidr) for site in self._plan.links[link].sites}
        return tuple(
            tunnel.number
            for tunnel in self.twin.tunnels
            if tunnel.aws and tunnel.azure
            if ranges == {*tunnel.aws.gateway.prefixes, *tunnel.azure.gateway.prefixes}
        )


def carry(
    networks: Networks, plan: LabPlan, processes: Processes, resources: tuple[Planned, ...], *, timers: str
) -> Tunnels:
    """Bring the planned tunnels up and let them carry the lab's links between clouds.

    Parameters
    ----------
    networks
        Built already.
    resources
        What the program planned, or deployed on simulated clouds.
    timers
        ``cloud`` or ``quick``.

    Raises
    ------
    LabError
        If a tunnel does not come up, or joins networks that the lab does not have; the routers carry on then.
    """
    links = tuple(name for name, link in plan.links.items() if isinstance(link.plan, VpnLinkPlan))
    twin = Twin(
        pair(read_ends(resources)),
        processes,
        Wiring(processes),
        link_programs(),
        TIMERS[timers],
        _sites(plan, resources),
    )
    twin.start()
    if not Checks(twin).settle(_PATIENCE):
        raise LabError("not all planned tunnels come up", "hms link test says which, and why")
    twin.lead()
    tunnels = Tunnels(plan, twin)
    for urn, gateway in twin.azure_gateways().items():
        # What a link lets through is held on Azure's side, where each site has a router of its own.
        here = next(site for site in plan.sites.values() if str(site.cidr) in gateway.prefixes)
        own = tuple(name for name in links if here.name in plan.links[name].sites)
        networks.hand_over(own, twin.space(urn, -1), tunnels)
    return tunnels


def _sites(plan: LabPlan, resources: tuple[Planned, ...]) -> dict[str, str]:
    """Give the namespace of each planned gateway's network.

    Raises
    ------
    LabError
        If the lab has no such network.
    """
    by_range = {str(site.cidr): site.namespace for site in plan.sites.values()}
    ends = read_ends(resources)
    found = {end.gateway.urn: end.gateway.prefixes for end in ends.aws}
    found |= {end.gateway.planned.urn: end.gateway.prefixes for end in ends.azure}
    for urn, prefixes in found.items():
        if not any(prefix in by_range for prefix in prefixes):
            raise LabError(f"{urn.rpartition('::')[2]} is at {', '.join(prefixes)}, where the lab has no site")
    return {urn: by_range[next(one for one in prefixes if one in by_range)] for urn, prefixes in found.items()}
