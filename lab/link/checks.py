"""Looks at a running twin: at each tunnel, and between the networks of two sites."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import TYPE_CHECKING, Any

from lab.link.packets import Flows, Listener, ping
from lab.link.seen import Seen, SitesSeen, TunnelSeen
from lab.link.twin import INTERNET
from lab.machine.spaces import LAB

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.link.pairs import Tunnel
    from lab.link.twin import End, Twin

_SIZES = (1446, 1400, 1399, 1372, 1350, 1280, 576)
"""Octets of packets that are tried, largest first."""

_FLOWS = 32

_STILL = 3.5
"""Seconds without any change after which nothing more is going to come up: a BGP session takes two."""


class Checks:
    """Looks at a twin."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin

    def run(self, progress: Callable[[str], None], begun: float) -> Seen:
        """Wait for what comes up, exchange keys, and send packets.

        Parameters
        ----------
        begun
            When the twin was begun, by the monotonic clock.
        """
        twin = self._twin
        listener = Listener(INTERNET, twin.prefixes())
        self.settle()
        up = time.monotonic() - begun
        progress(f"settled after {up:.1f} s")
        rekeyed = self._rekey()
        with ThreadPoolExecutor(len(twin.tunnels)) as pool:
            tunnels = tuple(pool.map(lambda tunnel: self._tunnel(tunnel, rekeyed), twin.tunnels))
        sites = tuple(
            seen
            for aws, azure in product(twin.aws_gateways(), twin.azure_gateways())
            if (seen := self._sites(aws, azure))
        )
        heard = listener.stop()
        return Seen(tunnels=tunnels, sites=sites, up=up, sealed=heard.sealed, clear=heard.clear)

    def settle(self, patience: float = 30.0, still: float = _STILL) -> bool:
        """Wait until all is up, or nothing has changed for a while; say whether all is up."""
        end = time.monotonic() + patience
        before: tuple[object, ...] = ()
        since = time.monotonic()
        while time.monotonic() < end:
            now = self.glance()
            if all(good for good, _ in now):
                return True
            if now != before:
                before, since = now, time.monotonic()
            if time.monotonic() - since > still:
                return False
            time.sleep(0.15)
        return False

    def glance(self) -> tuple[tuple[bool, str], ...]:
        """Say of each end whether it is up, and in what state its session is."""
        found: list[tuple[bool, str]] = []
        states = {bird.speaker.name: bird.states() for bird in self._twin.birds}
        for end in self._twin.ends():
            state = states[end.gateway].get(end.device, ("none", ""))[0]
            learned = state == "Established" and end.bird.learned(end.device)
            # States of a session that does not come up change all the time; that is no progress.
            found.append((bool(learned), "up" if learned else state if state == "Established" else "down"))
        for fabric in self._twin.fabrics.values():
            found += [(state[0] == "Established", state[0]) for state in states[fabric.speaker.name].values()]
        return tuple(found)

    def _rekey(self) -> dict[int, str]:
        """Exchange the keys of every tunnel that is up; give what was agreed on then."""
        before: dict[int, dict[str, dict[str, str]]] = {}
        for number, end in self._twin.aws.items():
            if children := end.charon.children():
                before[number] = children
                end.charon.rekey()
        after: dict[int, str] = {}
        until = time.monotonic() + 2.5
        while len(after) < len(before) and time.monotonic() < until:
            time.sleep(0.1)
            for number in before.keys() - after.keys():
                children = self._twin.aws[number].charon.children()
                if fresh := [child for key, child in children.items() if key not in before[number]]:
                    after[number] = _esp(fresh[0])
        return after

    def _tunnel(self, tunnel: Tunnel, rekeyed: dict[int, str]) -> TunnelSeen:
        number = tunnel.number
        aws, azure = self._twin.aws.get(number), self._twin.azure.get(number)
        sa = (aws and aws.charon.sa()) or {}
        children = [one for one in sa.get("child-sas", {}).values() if one.get("state") == "INSTALLED"]
        sessions = [_session(end) for end in (aws, azure)]
        return TunnelSeen(
            number=number,
            ike=_ike(sa) if sa else "",
            esp=_esp(children[0], group=False) if children else "",
            rekeyed=rekeyed.get(number, ""),
            bgp=(sessions[0][0], sessions[1][0]),
            wrong=(sessions[0][1], sessions[1][1]),
            aws_learned=sessions[0][2],
            azure_learned=sessions[1][2],
            ping=bool(aws and children and ping(aws.gateway, aws.side.near, aws.side.far)),
            said=()
            if children
            else tuple(dict.fromkeys(text for end in (aws, azure) if end for text in end.charon.said())),
        )

    def _sites(self, aws: str, azure: str) -> SitesSeen | None:
        """Look between two networks that some tunnel is meant to join."""
        twin = self._twin
        meant = [
            tunnel
            for tunnel in twin.tunnels
            if tunnel.aws
            and tunnel.azure
            and (tunnel.aws.gateway.urn, tunnel.azure.gateway.planned.urn) == (aws, azure)
        ]
        if not meant or aws not in twin.hosts or azure not in twin.hosts:
            return None
        near, far = (twin.sites[aws], twin.hosts[aws]), (twin.sites[azure], twin.hosts[azure])
        there, back = ping(*near, far[1]), ping(*far, near[1])
        largest, used = 0, (0, 0)
        if there and back:
            out, home = tunnels_used(twin, near, far)
            used = len(out), len(home)
            largest = next((size for size in _SIZES if ping(*near, far[1], size) and ping(*far, near[1], size)), 0)
        return SitesSeen(
            aws=twin.aws_gateways()[aws].name,
            azure=twin.azure_gateways()[azure].planned.name,
            paths=(
                self._paths(twin.space(aws), twin.azure_gateways()[azure].prefixes),
                self._paths(twin.space(azure, -1), twin.aws_gateways()[aws].prefixes),
            ),
            used=used,
            ping=(there, back),
            largest=largest,
        )

    def _paths(self, space: str, prefixes: tuple[str, ...]) -> int:
        found = [
            len(route.get("nexthops", [route]))
            for prefix in prefixes
            for route in json.loads(self._twin.processes.run(LAB, "ip", "-n", space, "-j", "route", "show", prefix))
        ]
        return min(found, default=0)


def tunnels_used(twin: Twin, near: tuple[str, str], far: tuple[str, str]) -> tuple[set[int], set[int]]:
    """Give the numbers of the tunnels that packets of many flows take, there and back."""
    numbers = twin.aws.keys() & twin.azure.keys()

    def counted() -> dict[int, tuple[int, int]]:
        return {number: (_sent(twin, twin.aws[number]), _sent(twin, twin.azure[number])) for number in numbers}

    before = counted()
    flows = Flows(near, far, count=_FLOWS, every=0.05)
    time.sleep(0.6)
    flows.stop(0.2)
    after = counted()
    # A flow sends twelve; what BGP says meanwhile is less.
    there, back = ({n for n in numbers if after[n][side] - before[n][side] >= 11} for side in (0, 1))
    return there, back


def _session(end: End | None) -> tuple[str, str, tuple[str, ...]]:
    if end is None:
        return "none", "", ()
    state, wrong = end.bird.states().get(end.device, ("none", ""))
    return state, wrong, end.bird.learned(end.device) if state == "Established" else ()


def _sent(twin: Twin, end: End) -> int:
    told = twin.processes.run(LAB, "ip", "-n", end.gateway, "-j", "-s", "link", "show", "dev", end.device)
    return int(json.loads(told)[0]["stats64"]["tx"]["packets"])


def _ike(sa: dict[str, Any]) -> str:
    return "/".join((_cipher(sa), *(sa[key] for key in ("integ-alg", "prf-alg", "dh-group") if key in sa)))


def _esp(child: dict[str, str], *, group: bool = True) -> str:
    further = ("integ-alg", "dh-group") if group else ("integ-alg",)
    return "/".join((_cipher(child), *(child[key] for key in further if key in child)))


def _cipher(sa: dict[str, Any]) -> str:
    return "-".join(sa[key] for key in ("encr-alg", "encr-keysize") if key in sa)
