"""Looks at all clusters of a fleet at once."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ops.errors import HmsError
from ops.services.observe import read_cilium, read_kubernetes
from ops.services.observe.asking import Asking
from ops.services.observe.parts import ALL, OBJECTS
from ops.services.observe.seen import Seen
from ops.services.observe.snapshot import ClusterView, Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.adapters.cilium_ports import Cilium, Container, Objects
    from ops.services.observe.mesh import MeshServer, Way

PATIENCE = 10.0
"""Seconds after which a look is over, whatever is still missing."""

_WORKERS, _MOST = 16, 64
"""Questions at the same time: for each cluster, and for all."""

_STEP = "3s"
"""For the way to a peer: name, TCP, TLS and a request."""

_MESH = "/usr/bin/clustermesh-apiserver"
_JSON = ("-o", "json")

_AGENTS, _SERVERS = "list of agents", "list of mesh API servers"


@dataclass(frozen=True, kw_only=True)
class Sight:
    """How a cluster is looked at."""

    objects: Objects
    cilium: Cilium


def look(  # noqa: PLR0913 - what, where, and how much of it
    fleet: str,
    where: str,
    sights: Mapping[str, Sight | HmsError],
    *,
    parts: frozenset[str] = ALL,
    seconds: float = PATIENCE,
    remarks: tuple[str, ...] = (),
) -> Snapshot:
    """See what can be seen of a fleet.

    Parameters
    ----------
    sights
        By cluster, in the order of the fleet file; an error where there is no way to one.
    parts
        Of each cluster: some of :data:`ops.services.observe.parts.ALL`.
    seconds
        After which the answer is given. What has not been said by then has an error that says so.
    """
    taken, begun = datetime.now(UTC), time.monotonic()
    asking = Asking(min(_MOST, _WORKERS * max(1, len(sights))), seconds)
    looks = [_Look(name, sight, asking, parts) for name, sight in sights.items()]
    for each in looks:
        each.begin()
    asking.run()
    clusters = {each.name: each.view() for each in looks}
    passed = time.monotonic() - begun
    return Snapshot(fleet=fleet, where=where, taken=taken, seconds=passed, clusters=clusters, remarks=remarks)


class _Look:
    """A look at one cluster."""

    def __init__(self, name: str, sight: Sight | HmsError, asking: Asking, parts: frozenset[str]) -> None:
        self.name = name
        self._sight = sight
        self._asking = asking
        # Without the nodes nobody would miss an agent.
        self._parts = parts | {"nodes"} if parts & {"agents", "addresses"} else parts

    def begin(self) -> None:
        """Ask the API server for its version: what is not answered by then need not be asked for."""
        if isinstance(self._sight, HmsError):
            self._asking.seen[self.name, "api"] = Seen(error=self._sight.message, at=datetime.now(UTC))
        else:
            question = partial(read_kubernetes.api, self._sight.objects)
            self._asking.ask((self.name, "api"), question, partial(self._go_on, self._sight))

    def view(self) -> ClusterView:
        """Put together what was seen."""
        api = self._asking.seen[self.name, "api"]
        parts = [part for part in OBJECTS if part in self._parts]
        found: dict[str, Any] = dict.fromkeys(parts, api)
        if not api.known:
            return ClusterView(name=self.name, api=api, **found)
        found = {part: self._asking.seen[self.name, part] for part in parts}
        found |= {part: self._by_node(part) for part in ("agents", "addresses") if part in self._parts}
        if "mesh_servers" in self._parts:
            found["mesh_servers"] = self._several("mesh_servers") or self._missing(_SERVERS)
        if "ways" in self._parts:
            found["ways"] = self._ways()
        return ClusterView(name=self.name, api=api, **found)

    def _go_on(self, sight: Sight, _: Any) -> None:  # noqa: ANN401 - the version, which is not needed here
        for part, read in OBJECTS.items():
            if part in self._parts:
                self._asking.ask((self.name, part), partial(read, sight.objects))
        if self._parts & {"agents", "addresses"}:
            self._asking.ask((self.name, _AGENTS), sight.cilium.agents, partial(self._ask_agents, sight.cilium))
        if self._parts & {"mesh_servers", "ways"}:
            self._asking.ask((self.name, _SERVERS), sight.cilium.mesh_servers, partial(self._ask_servers, sight.cilium))

    def _ask_agents(self, cilium: Cilium, found: Mapping[str, Container]) -> None:
        for node, container in found.items():
            if "agents" in self._parts:
                self._asking.ask((self.name, "agents", node), partial(self._agent, cilium, container))
            if "addresses" in self._parts:
                self._asking.ask((self.name, "addresses", node), partial(self._addresses, cilium, container))

    def _ask_servers(self, cilium: Cilium, found: tuple[Container, ...]) -> None:
        for container in found:
            then = partial(self._ask_ways, cilium, container) if "ways" in self._parts else None
            key = (self.name, "mesh_servers", container.pod)
            self._asking.ask(key, partial(self._mesh_server, cilium, container), then)

    def _ask_ways(self, cilium: Cilium, container: Container, server: MeshServer) -> None:
        for peer in server.peers:
            key = (self.name, "ways", container.pod, peer.name)
            self._asking.ask(key, partial(self._way, cilium, container, peer.name))

    def _agent(self, cilium: Cilium, container: Container) -> Any:  # noqa: ANN401 - as the part has it
        return read_cilium.agent(json.loads(self._run(cilium, container, "cilium-dbg", "status", *_JSON)))

    def _addresses(self, cilium: Cilium, container: Container) -> Any:  # noqa: ANN401 - as the part has it
        command = ("cilium-dbg", "bpf", "ipcache", "list", *_JSON)
        return read_cilium.addresses(json.loads(self._run(cilium, container, *command)))

    def _mesh_server(self, cilium: Cilium, container: Container) -> MeshServer:
        return read_cilium.mesh_server(
            json.loads(self._run(cilium, container, _MESH, "kvstoremesh-dbg", "status", *_JSON))
        )

    def _way(self, cilium: Cilium, container: Container, peer: str) -> Way:
        command = (_MESH, "kvstoremesh-dbg", "troubleshoot", peer, "--timeout", _STEP)
        return read_cilium.way(peer, self._run(cilium, container, *command))

    def _run(self, cilium: Cilium, container: Container, *command: str) -> str:
        return cilium.run(container, *command, seconds=self._asking.left)

    def _several(self, part: str) -> dict[str, Seen[Any]]:
        return {key[2]: seen for key, seen in self._asking.seen.items() if key[:2] == (self.name, part)}

    def _by_node(self, part: str) -> dict[str, Seen[Any]]:
        seen = self._several(part)
        listed = self._asking.seen[self.name, _AGENTS]
        none: Seen[Any] = Seen(error=listed.error or "no agent of Cilium runs there", at=listed.at)
        nodes = [node.name for node in self._asking.seen[self.name, "nodes"].get(())]
        return {node: seen.get(node, none) for node in dict.fromkeys((*nodes, *seen))}

    def _missing(self, listing: str) -> dict[str, Seen[Any]]:
        listed = self._asking.seen[self.name, listing]
        return {"mesh API server": listed} if listed.failed else {}

    def _ways(self) -> dict[str, dict[str, Seen[Way]]]:
        found: dict[str, dict[str, Seen[Way]]] = {}
        for key, seen in self._asking.seen.items():
            if key[:2] == (self.name, "ways"):
                found.setdefault(key[2], {})[key[3]] = seen
        return found
