"""Looks at a mesh through its guests: calls between them, changes that peers learn of, and hms lab status."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from ops.errors import HmsError
from ops.services.lab import status, status_tables
from tests.live.dial import Call
from tests.live.guests import PORT, dial_from_node
from tests.live.lab import seen_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.adapters.kubernetes_ports import Pod
    from tests.live.guests import Guests

HERE, PEER = "aws-1", "azure-1"
"""The cluster that something is done to, and the one that looks on."""

LARGE_OCTETS = 900_000
"""Just below what the server takes in one request."""

INSIDE = f"in {HERE}, a pod calls one on the other node"
SERVICE = f"in {HERE}, a pod calls a global service that prefers {HERE}"
THERE = f"a pod in {HERE} calls one in {PEER}"
BACK = f"a pod in {PEER} calls one in {HERE}"
LARGE = f"a pod in {PEER} sends {LARGE_OCTETS // 1000} kB to one in {HERE}"
CHANGE_THERE = f"a global service changes in {HERE}: {PEER}"
CHANGE_BACK = f"a global service changes in {PEER}: {HERE}"
CONFIGURATION = f"{HERE} is configured as"

ANSWERED, ANSWERED_THERE = f"answered by {HERE}", f"answered by {PEER}"
IN_PART = f"{ANSWERED}, and some calls by nobody"
NOBODY = "no answer"
LEARNS, IGNORANT = "learns it", "does not learn it"
UNASKED = "cannot be tried: nobody there can be asked"

_PATIENCE = 2.5
"""Seconds for a call, and for a change: many times what a whole mesh takes."""

_SOME = 12
"""Calls to a service: were half of its pods dead, none of them would be met once in 4096 times."""

_SETTINGS = {"cluster-id": "id", "cluster-pool-ipv4-cidr": "pods", "max-connected-clusters": "maximum"}


@dataclass(frozen=True)
class Seen:
    """What was seen at one time.

    ``tried`` has what came of each thing tried; ``status`` what hms lab status says is not as it should be.
    """

    tried: dict[str, str]
    status: tuple[str, ...] = ()


@dataclass
class Watch:
    """Looks at the mesh of two clusters with two nodes each, which is whole to begin with."""

    guests: Guests
    _pods: dict[str, Pod] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._nodes = self.guests.clusters
        self._service = self.guests.service(HERE)
        self._remember()

    def look(self) -> Seen:
        """Try everything at once."""
        self._remember()
        (first, second), (far, _) = self._nodes[HERE], self._nodes[PEER]
        work: dict[str, Callable[[], str]] = {
            INSIDE: lambda: self._calls(first, self._to(second)),
            SERVICE: lambda: self._calls(first, *(Call(host=self._service, port=PORT, octets=0),) * _SOME),
            THERE: lambda: self._calls(first, self._to(far)),
            BACK: lambda: self._calls(far, self._to(second)),
            LARGE: lambda: self._calls(far, self._to(second, LARGE_OCTETS)),
            CHANGE_THERE: lambda: self._change(HERE, PEER),
            CHANGE_BACK: lambda: self._change(PEER, HERE),
            CONFIGURATION: self._configuration,
        }
        with ThreadPoolExecutor(len(work) + 1) as pool:
            complaints = pool.submit(self._complaints)
            tried = dict(zip(work, pool.map(lambda one: one(), work.values()), strict=True))
            return Seen(tried, complaints.result())

    def until(self, expected: Seen, seconds: float) -> tuple[Seen, float]:
        """Look until it is as expected, at least once; give what was seen last and the seconds until then."""
        return seen_until(self.look, expected, seconds)

    def _remember(self) -> None:
        """Learn where guests are; one that cannot be found is called where it was."""
        self._pods |= {pod.node: pod for cluster in self._nodes for pod in self.guests.pods(cluster)}

    def _to(self, node: str, octets: int = 0) -> Call:
        return Call(host=self._pods[node].address, port=PORT, octets=octets)

    def _calls(self, source: str, *calls: Call) -> str:
        try:
            answers = dial_from_node(self.guests.lab, self._pods[source], calls, _PATIENCE)
        except HmsError:
            return UNASKED
        clusters = {cluster for names in answers for name in names for cluster in self._nodes if cluster in name}
        if not clusters:
            return NOBODY
        lost = any(not names for names in answers)
        return f"answered by {' and '.join(sorted(clusters))}" + (", and some calls by nobody" if lost else "")

    def _change(self, origin: str, peer: str) -> str:
        node, end = self._nodes[peer][0], time.monotonic() + _PATIENCE
        try:
            address = self.guests.shine(origin)
            while not self.guests.sees(node, address):
                if time.monotonic() > end:
                    return IGNORANT
                time.sleep(0.2)
        except (HmsError, ApiException, HTTPError):
            return UNASKED
        return LEARNS

    def _configuration(self) -> str:
        try:
            found = self.guests.lab.api(HERE).get("/api/v1/namespaces/kube-system/configmaps/cilium-config")["data"]
        except HmsError:
            return UNASKED
        return ", ".join(f"{shown} {found[setting]}" for setting, shown in _SETTINGS.items())

    def _complaints(self) -> tuple[str, ...]:
        found = status(self.guests.lab.lab)
        silent = [f"{one.name}: API server: does not answer" for one in found if one.api != "ready"]
        wrong = [row for table in status_tables(found)[1:] for row in table.rows]
        return (*silent, *(f"{cluster}: {what}: {_plain(text)}" for cluster, what, text in wrong))


def _plain(text: str) -> str:
    """Take out of a message the command that failed and all that follows its first line."""
    line = (text.strip().splitlines() or [""])[0]
    return re.sub(r"^.* failed with \d+: ", "", line)
