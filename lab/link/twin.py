"""The twin of all planned links: gateways, tunnels and speakers in network namespaces, between the sites' networks."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.link.bird import Bird, Session, Speaker
from lab.link.charon import Charon, Identity
from lab.machine.spaces import LAB, network_space

if TYPE_CHECKING:
    from lab.link.ends import AwsEnd, AwsGateway, AzureEnd, AzureGateway
    from lab.link.pairs import Tunnel
    from lab.link.programs import Programs
    from lab.link.timers import Timers
    from lab.machine.processes import Processes
    from lab.network.wiring import Wiring

INTERNET = "internet"
"""Namespace between the public addresses: whatever is in the clear is seen here."""

_TRANSFER = IPv4Network("100.100.0.0/16")
"""Addresses between routers of the twin, out of the shared address space (RFC 6598)."""

UPLINK = "link-gw"
"""Interface of a site to a gateway; with a number behind."""

_MTU = 1500

_FABRIC_HOLD = 3
"""Seconds until a VNet sees that an instance is gone. Azure's own way of seeing it is not known."""

_RUN = Path("/run/hms/bird")

_FLOW = ("ip_forward=1", "conf.all.rp_filter=0", "conf.default.rp_filter=0", "fib_multipath_hash_policy=1")
"""Settings of a router: answers may come back another way, and a flow keeps to its path."""

_PORTS = 0x30
"""Source and destination port, of ``fib_multipath_hash_fields``."""


@dataclass(frozen=True, kw_only=True)
class End:
    """A tunnel end that runs.

    Parameters
    ----------
    device
        Its interface in the gateway's namespace, and the name of its BGP session there.
    near, far
        Addresses inside.
    address
        The near one as ``ip address add`` takes it.
    """

    charon: Charon
    bird: Bird
    device: str
    near: str
    far: str
    address: tuple[str, ...]

    @property
    def gateway(self) -> str:
        """Namespace of the gateway."""
        return self.bird.speaker.name


class Twin:
    """Builds and holds it.

    Parameters
    ----------
    sites
        Namespace of each gateway's network by its URN; what is not there gets one of its own, with a host.
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
        self._programs = programs
        self._transfers = count()
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
        self._inside: dict[tuple[str, int], tuple[str, str, str, str, tuple[str, ...]]] = {}

    def start(self) -> None:
        """Build it and start everything; sessions come up by themselves, and nobody is led into them yet."""
        self._wiring.namespace(INTERNET)
        self._wiring.forwarding(INTERNET)
        charons = self._charons()
        for charon in charons.values():
            charon.start()
        self._gateways()
        sessions: dict[str, list[Session]] = {}
        for key, charon in charons.items():
            self._join(key, charon, sessions)
        self._speakers(sessions)
        for bird in self.birds:
            bird.start()
        for bird in self.birds:
            self.processes.wait(bird.program, 15)
        self._ends(charons)
        # Whoever is called has to be there first: nobody tries again soon.
        for charon in sorted(charons.values(), key=lambda one: one.identity.starts):
            charon.load()

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
        """Give the namespace of a gateway, or of an instance of it."""
        return self._spaces[urn, instance]

    def ends(self) -> tuple[End, ...]:
        """List all ends that run."""
        return (*self.aws.values(), *self.azure.values())

    def block(self, number: int, *, blocked: bool) -> None:
        """Let what passes between the public addresses of a tunnel vanish, or pass again; twice is no error."""
        if blocked == (number in self._blocked):
            return
        (self._blocked.add if blocked else self._blocked.discard)(number)
        ends = (self.aws[number].charon.identity.here, self.azure[number].charon.identity.here)
        for source, target in (ends, ends[::-1]):
            verb = "add" if blocked else "delete"
            self._ip(INTERNET, "rule", verb, "pref", "10", "from", source, "to", target, "blackhole")

    def revive(self, end: End) -> None:
        """Start the daemon of an end again, as a cloud does that replaced a tunnel's endpoint."""
        end.charon.start()
        self._plug(end.charon, end.gateway, end.device, end.address)
        end.charon.load()

    def _plug(self, charon: Charon, space: str, device: str, address: tuple[str, ...]) -> None:
        """Bring a daemon's interface to its gateway."""
        charon.hand_over(space, device)
        if address:
            self._ip(space, "address", "add", *address, "dev", device)
        self._ip(space, "link", "set", device, "up")

    def _charons(self) -> dict[tuple[str, int], Charon]:
        """Make the daemons of all ends that have public addresses, each at its place in the internet."""
        made: dict[tuple[str, int], Charon] = {}
        for tunnel in self.tunnels:
            if tunnel.aws and tunnel.aws.outside and tunnel.aws.peer:
                identity = _aws_identity(tunnel.aws, tunnel.number)
                made["aws", tunnel.number] = self._charon(identity)
                self._wiring.route(INTERNET, f"{identity.here}/32", self._place(identity))
            if tunnel.azure and tunnel.azure.peer and tunnel.instance < len(tunnel.azure.gateway.addresses):
                identity = _azure_identity(tunnel.azure, tunnel.instance, tunnel.number)
                made["azure", tunnel.number] = self._charon(identity)
                # Two connections share a public address: which one is meant, Azure knows by who calls.
                table = str(100 + tunnel.number)
                via = self._place(identity)
                self._ip(INTERNET, "route", "add", "default", "via", str(via), "table", table)
                self._ip(INTERNET, "rule", "add", "from", identity.there, "to", identity.here, "table", table)
        return made

    def _charon(self, identity: Identity) -> Charon:
        return Charon(identity, self.processes, self._programs.root, self.timers)

    def _place(self, identity: Identity) -> IPv4Address:
        """Make the namespace of a daemon and give its address towards the internet."""
        self._wiring.namespace(identity.name)
        near, far = self._transfer()
        self._wiring.cable((INTERNET, identity.name[:15], near), (identity.name, "outside", far), _MTU)
        self._ip(identity.name, "address", "add", f"{identity.here}/32", "dev", "lo")
        self._ip(identity.name, "route", "add", "default", "via", str(near.ip), "src", identity.here)
        return far.ip

    def _gateways(self) -> None:
        for number, (urn, aws) in enumerate(self.aws_gateways().items(), start=1):
            space = self._spaces[urn, 0] = f"aws-gateway-{number}"
            self._router(space)
            self._own[space] = self._uplink(urn, space, f"vpc-{number}", aws.prefixes)
        for number, (urn, azure) in enumerate(self.azure_gateways().items(), start=1):
            fabric = self._spaces[urn, -1] = f"azure-fabric-{number}"
            self._router(fabric)
            self._own[fabric] = self._uplink(urn, fabric, f"vnet-{number}", azure.prefixes)
            for instance, _ in enumerate(azure.addresses):
                space = self._spaces[urn, instance] = f"azure-instance-{number}-{instance}"
                self._router(space, ports_alone=True)

    def _uplink(self, urn: str, space: str, site: str, prefixes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Join a gateway to its network, and give what it announces and where that lies."""
        if urn not in self.sites:
            self.sites[urn] = site
            self._wiring.namespace(site)
            self._wiring.forwarding(site)
            for prefix in prefixes[:1]:
                self.hosts[urn] = str(IPv4Network(prefix)[10])
                self._ip(site, "address", "add", f"{self.hosts[urn]}/32", "dev", "lo")
        near, far = self._transfer()
        self._wiring.cable((space, "site", near), (self.sites[urn], f"{UPLINK}{len(self._uplinks)}", far), _MTU)
        self._uplinks[urn] = str(near.ip)
        return tuple((prefix, str(far.ip)) for prefix in prefixes)

    def lead(self) -> None:
        """Lead each network to what lies behind its gateway, as far as its route tables do."""
        aws, azure = self.aws_gateways(), self.azure_gateways()
        everything = self.prefixes()
        for urn, via in self._uplinks.items():
            mine = aws[urn].prefixes if urn in aws else azure[urn].prefixes
            reached = everything if urn in azure or aws[urn].routed is None else aws[urn].routed or ()
            for prefix in reached:
                if prefix not in mine:
                    source = ("src", self.hosts[urn]) if urn in self.hosts else ()
                    self._ip(self.sites[urn], "route", "replace", prefix, "via", via, *source)

    def _join(self, key: tuple[str, int], charon: Charon, sessions: dict[str, list[Session]]) -> None:
        """Bring a daemon's interface to its gateway, with its addresses, and note its session."""
        tunnel = self.tunnels[key[1] - 1]
        device = f"t{tunnel.number}"
        if key[0] == "aws" and tunnel.aws:
            aws = tunnel.aws
            space, near, far = self._spaces[aws.gateway.urn, 0], str(aws.inside[1]), str(aws.inside[2])
            address: tuple[str, ...] = (f"{near}/30",)
            speaks, hold, asns = aws.bgp, self.timers.aws_hold, (aws.gateway.asn, aws.peer_asn)
        else:
            azure = _there(tunnel.azure)
            space = self._spaces[azure.gateway.planned.urn, tunnel.instance]
            near, far = azure.speaks(tunnel.instance), azure.peer_bgp
            address = (near, "peer", far)
            speaks, hold = azure.bgp and azure.gateway.bgp, self.timers.azure_hold
            asns = (azure.gateway.asn, azure.peer_asn)
        if not (near and far):
            address = ()
        self._plug(charon, space, device, address)
        if speaks and near and far and all(asns):
            sessions.setdefault(space, []).append(
                Session(
                    name=device,
                    near=near,
                    near_asn=asns[0],
                    far=far,
                    far_asn=asns[1],
                    hold=hold,
                    passive=key[0] == "azure",
                )
            )
        self._inside[key] = (space, device, near, far, address)

    def _speakers(self, sessions: dict[str, list[Session]]) -> None:
        for urn, aws in self.aws_gateways().items():
            space = self._spaces[urn, 0]
            self._speak(space, 8 if aws.ecmp else 1, self._own[space], sessions.get(space, []))
        for urn, azure in self.azure_gateways().items():
            fabric = self._spaces[urn, -1]
            inner: list[Session] = []
            for instance, _ in enumerate(azure.addresses):
                space = self._spaces[urn, instance]
                near, far = self._transfer()
                self._wiring.cable((fabric, f"i{instance}", near), (space, "fabric", far), _MTU)
                asn, hold = azure.asn, _FABRIC_HOLD
                inner.append(
                    Session(
                        name=f"i{instance}",
                        near=str(near.ip),
                        near_asn=asn,
                        far=str(far.ip),
                        far_asn=asn,
                        hold=hold,
                        passive=True,
                    )
                )
                back = Session(name="fabric", near=str(far.ip), near_asn=asn, far=str(near.ip), far_asn=asn, hold=hold)
                self._speak(space, 8, (), [*sessions.get(space, []), back])
            self.fabrics[urn] = self._speak(fabric, 8, self._own[fabric], inner)

    def _speak(self, space: str, paths: int, own: tuple[tuple[str, str], ...], sessions: list[Session]) -> Bird:
        number = len(self.birds) + 1
        speaker = Speaker(name=space, identifier=f"192.0.2.{number}", paths=paths, own=own, sessions=tuple(sessions))
        self.birds.append(Bird(speaker, self.processes, self._programs.bird, _RUN))
        return self.birds[-1]

    def _ends(self, charons: dict[tuple[str, int], Charon]) -> None:
        by_space = {bird.speaker.name: bird for bird in self.birds}
        for key, charon in charons.items():
            space, device, near, far, address = self._inside[key]
            side = self.aws if key[0] == "aws" else self.azure
            side[key[1]] = End(charon=charon, bird=by_space[space], device=device, near=near, far=far, address=address)

    def _router(self, space: str, *, ports_alone: bool = False) -> None:
        """Make the namespace of a router on which each flow keeps to one path.

        Parameters
        ----------
        ports_alone
            Choose the path by ports alone. A router behind one that chose by all of a flow would else choose the same
            again, and leave half of its paths empty.
        """
        self._wiring.namespace(space)
        chosen = (
            (*_FLOW, "fib_multipath_hash_policy=3", f"fib_multipath_hash_fields={_PORTS}") if ports_alone else _FLOW
        )
        self.processes.run(network_space(space), "sysctl", "-q", "-w", *(f"net.ipv4.{each}" for each in chosen))

    def _transfer(self) -> tuple[IPv4Interface, IPv4Interface]:
        base = int(_TRANSFER.network_address) + 4 * next(self._transfers)
        return IPv4Interface((base + 1, 30)), IPv4Interface((base + 2, 30))

    def _ip(self, namespace: str, *command: str) -> None:
        self.processes.run(LAB, "ip", "-n", namespace, *command)


def _there(end: AzureEnd | None) -> AzureEnd:
    if end is None:
        raise LabError("a tunnel has no Azure end")
    return end


def _aws_identity(end: AwsEnd, number: int) -> Identity:
    return Identity(
        name=f"aws-end-{number}",
        here=end.outside,
        there=end.peer,
        version=0 if len(end.versions) > 1 else end.versions[0],
        ike=end.ike.ike(),
        esp=end.esp.esp(),
        key=end.key,
        starts=end.starts,
        restarts=end.dpd_action == "restart",
        dpd_timeout=end.dpd_timeout,
    )


def _azure_identity(end: AzureEnd, instance: int, number: int) -> Identity:
    return Identity(
        name=f"azure-end-{number}",
        here=end.gateway.addresses[instance],
        there=end.peer,
        version=end.version,
        ike=end.ike.ike(),
        esp=end.esp.esp(),
        key=end.key,
        starts=False,
        restarts=False,
        dpd_timeout=end.dpd_timeout,
        narrow=end.narrow,
    )
