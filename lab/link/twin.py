"""The twin of all planned links: gateways, tunnels and speakers in network namespaces, between the sites' networks."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING

from lab.link.bird import Bird, Session, Speaker
from lab.link.charon import Charon
from lab.link.routers import Routers
from lab.link.sides import Side, sides_of

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from lab.link.ends import AwsGateway, AzureGateway
    from lab.link.pairs import Tunnel
    from lab.link.programs import Programs
    from lab.link.timers import Timers
    from lab.machine.processes import Processes
    from lab.network.wiring import Wiring

INTERNET = "internet"
"""Namespace between the public addresses: whatever is in the clear is seen here."""

UPLINK = "link-gw"
"""Interface of a site to a gateway; with a number behind."""

_FABRIC_HOLD = 3
"""Seconds until a VNet sees that an instance is gone. Azure's own way of seeing it is not known."""

_MOST_PATHS = 8

_FABRIC = -1
"""Stands for the VNet's own router among the instances of its gateway."""

_RUN = Path("/run/hms/bird")

_PATIENCE = 15.0


@dataclass(frozen=True, kw_only=True)
class End:
    """A tunnel end that runs."""

    side: Side
    charon: Charon
    bird: Bird

    @property
    def gateway(self) -> str:
        """Namespace of the gateway."""
        return self.bird.speaker.name

    @property
    def device(self) -> str:
        """Interface in the gateway's namespace, and name of the session there."""
        return self.side.device


class Twin:
    """Builds and holds it.

    Parameters
    ----------
    sites
        Namespace of each gateway's network by its URN; what is not there gets one of its own, with a host.

    Attributes
    ----------
    aws, azure
        Ends by the number of their tunnel.
    hosts
        Address of the host in each network that the twin made.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it is built of, and what it is built with
        self,
        tunnels: tuple[Tunnel, ...],
        processes: Processes,
        wiring: Wiring,
        programs: Programs,
        timers: Timers,
        sites: dict[str, str] | None = None,
    ) -> None:
        self.tunnels = tunnels
        self.timers = timers
        self.processes = processes
        self._wiring = wiring
        self._routers = Routers(processes, wiring)
        self._programs = programs
        self.sites: dict[str, str] = dict(sites or {})
        self.hosts: dict[str, str] = {}
        self.aws: dict[int, End] = {}
        self.azure: dict[int, End] = {}
        self.birds: list[Bird] = []
        self.fabrics: dict[str, Bird] = {}
        self._spaces: dict[tuple[str, int], str] = {}
        self._own: dict[str, tuple[tuple[str, str], ...]] = {}
        self._uplinks: dict[str, str] = {}
        self._blocked: set[int] = set()

    def start(self) -> None:
        """Build it and start everything; sessions come up by themselves, and nobody is led into them yet."""
        self._routers.router(INTERNET)
        sides = [side for tunnel in self.tunnels for side in sides_of(tunnel, self.timers)]
        charons = [Charon(side.identity, self.processes, self._programs.root, self.timers) for side in sides]
        for side, charon in zip(sides, charons, strict=True):
            self._place(side)
            charon.start()
        self._gateways()
        for side, charon in zip(sides, charons, strict=True):
            self._plug(side, charon)
        self._speakers(sides)
        by_space = {bird.speaker.name: bird for bird in self.birds}
        for bird in self.birds:
            bird.start()
        for side, charon in zip(sides, charons, strict=True):
            bird = by_space[self.space(side.gateway, side.instance)]
            ends = self.aws if side.cloud == "aws" else self.azure
            ends[side.number] = End(side=side, charon=charon, bird=bird)
        for bird in self.birds:
            self.processes.wait(bird.program, _PATIENCE)
        # Whoever is called has to be there first: nobody tries again soon.
        for charon in sorted(charons, key=lambda one: one.identity.starts):
            charon.load()

    def lead(self) -> None:
        """Lead each network to what lies behind its gateway, as far as its route tables do."""
        aws, azure = self.aws_gateways(), self.azure_gateways()
        for urn, via in self._uplinks.items():
            own = aws[urn].prefixes if urn in aws else azure[urn].prefixes
            routed = aws[urn].routed if urn in aws else None
            for prefix in self.prefixes() if routed is None else routed:
                if prefix not in own:
                    source = ("src", self.hosts[urn]) if urn in self.hosts else ()
                    self._routers.ip(self.sites[urn], "route", "replace", prefix, "via", via, *source)

    def aws_gateways(self) -> dict[str, AwsGateway]:
        """Give the AWS gateways by URN."""
        return {tunnel.aws.gateway.urn: tunnel.aws.gateway for tunnel in self.tunnels if tunnel.aws}

    def azure_gateways(self) -> dict[str, AzureGateway]:
        """Give the Azure gateways by URN."""
        found = (tunnel.azure.gateway for tunnel in self.tunnels if tunnel.azure)
        return {one.planned.urn: one for one in found}

    def prefixes(self) -> tuple[str, ...]:
        """List the ranges of all networks."""
        aws = tuple(prefix for one in self.aws_gateways().values() for prefix in one.prefixes)
        return (*aws, *(prefix for one in self.azure_gateways().values() for prefix in one.prefixes))

    def space(self, urn: str, instance: int = 0) -> str:
        """Give the namespace of a gateway, or of an instance of it; -1 is the router of an Azure gateway's VNet."""
        return self._spaces[urn, instance]

    def ends(self) -> tuple[End, ...]:
        """List all ends that run."""
        return (*self.aws.values(), *self.azure.values())

    def block(self, number: int, *, blocked: bool) -> None:
        """Let what passes between the public addresses of a tunnel vanish, or pass again; twice is no error."""
        if blocked == (number in self._blocked):
            return
        (self._blocked.add if blocked else self._blocked.discard)(number)
        ends = (self.aws[number].side.identity.here, self.azure[number].side.identity.here)
        for source, target in (ends, ends[::-1]):
            verb = "add" if blocked else "delete"
            self._routers.ip(INTERNET, "rule", verb, "pref", "10", "from", source, "to", target, "blackhole")

    def revive(self, end: End) -> None:
        """Start the daemon of an end again, as a cloud does that replaced a tunnel's endpoint."""
        end.charon.start()
        self._plug(end.side, end.charon)
        end.charon.load()

    def _place(self, side: Side) -> None:
        """Make the namespace of a daemon, with its public address."""
        one = side.identity
        self._wiring.namespace(one.name)
        near, far = self._routers.cable((INTERNET, one.name[:15]), (one.name, "outside"))
        self._routers.ip(one.name, "address", "add", f"{one.here}/32", "dev", "lo")
        self._routers.ip(one.name, "route", "add", "default", "via", str(near), "src", one.here)
        if side.cloud == "aws":
            self._wiring.route(INTERNET, f"{one.here}/32", far)
            return
        # Two connections share a public address: which one is meant, Azure knows by who calls.
        table = str(100 + side.number)
        self._routers.ip(INTERNET, "route", "add", "default", "via", str(far), "table", table)
        self._routers.ip(INTERNET, "rule", "add", "from", one.there, "to", one.here, "table", table)

    def _plug(self, side: Side, charon: Charon) -> None:
        """Bring a daemon's interface to its gateway."""
        space = self.space(side.gateway, side.instance)
        charon.hand_over(space, side.device)
        if side.address:
            self._routers.ip(space, "address", "add", *side.address, "dev", side.device)
        self._routers.ip(space, "link", "set", side.device, "up")

    def _gateways(self) -> None:
        for number, (urn, aws) in enumerate(self.aws_gateways().items(), start=1):
            space = self._spaces[urn, 0] = f"aws-gateway-{number}"
            self._routers.router(space)
            self._own[space] = self._uplink(urn, space, f"vpc-{number}", aws.prefixes)
        for number, (urn, azure) in enumerate(self.azure_gateways().items(), start=1):
            fabric = self._spaces[urn, _FABRIC] = f"azure-fabric-{number}"
            self._routers.router(fabric)
            self._own[fabric] = self._uplink(urn, fabric, f"vnet-{number}", azure.prefixes)
            for instance, _ in enumerate(azure.addresses):
                space = self._spaces[urn, instance] = f"azure-instance-{number}-{instance}"
                self._routers.router(space, ports_alone=True)

    def _uplink(self, urn: str, space: str, site: str, prefixes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Join a gateway to its network, and give what it announces and where that lies."""
        if urn not in self.sites:
            self.sites[urn] = site
            self._routers.router(site)
            for prefix in prefixes[:1]:
                self.hosts[urn] = str(IPv4Network(prefix)[10])
                self._routers.ip(site, "address", "add", f"{self.hosts[urn]}/32", "dev", "lo")
        near, far = self._routers.cable((space, "site"), (self.sites[urn], f"{UPLINK}{len(self._uplinks)}"))
        self._uplinks[urn] = str(near)
        return tuple((prefix, str(far)) for prefix in prefixes)

    def _speakers(self, sides: list[Side]) -> None:
        sessions: dict[str, list[Session]] = {}
        for side in sides:
            if side.session:
                sessions.setdefault(self.space(side.gateway, side.instance), []).append(side.session)
        for urn, aws in self.aws_gateways().items():
            space = self.space(urn)
            self._speak(space, _MOST_PATHS if aws.ecmp else 1, self._own[space], sessions.get(space, []))
        for urn, azure in self.azure_gateways().items():
            fabric = self.space(urn, _FABRIC)
            inner: list[Session] = []
            for instance, _ in enumerate(azure.addresses):
                space = self.space(urn, instance)
                near, far = self._routers.cable((fabric, f"i{instance}"), (space, "fabric"))
                inner.append(_inner(f"i{instance}", near, far, azure.asn, passive=True))
                back = _inner("fabric", far, near, azure.asn, passive=False)
                self._speak(space, _MOST_PATHS, (), [*sessions.get(space, []), back])
            self.fabrics[urn] = self._speak(fabric, _MOST_PATHS, self._own[fabric], inner)

    def _speak(self, space: str, paths: int, own: tuple[tuple[str, str], ...], sessions: list[Session]) -> Bird:
        number = len(self.birds) + 1
        speaker = Speaker(name=space, identifier=f"192.0.2.{number}", paths=paths, own=own, sessions=tuple(sessions))
        self.birds.append(Bird(speaker, self.processes, self._programs.bird, _RUN))
        return self.birds[-1]


def _inner(name: str, near: IPv4Address, far: IPv4Address, asn: int, *, passive: bool) -> Session:
    """Give a session between an instance and the router of its VNet."""
    return Session(
        name=name, near=str(near), near_asn=asn, far=str(far), far_asn=asn, hold=_FABRIC_HOLD, passive=passive
    )
