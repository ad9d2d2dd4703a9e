"""All simulated providers in one process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from simulator.eks import EksProvider
from simulator.faults import FaultPlan
from simulator.operations import Operations
from simulator.provider import Provider
from simulator.registry import PACKAGES, Package, load
from simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_THREADS: Final = 256
"""Operations under way at once, per package: with durations each keeps a thread asleep; the engine sends up to its
``--parallel``. Threads are made as needed."""

_OPTIONS: Final = (
    # Kubernetes objects and Helm values may be big; the engine sends up to this.
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),
    ("grpc.max_send_message_length", 400 * 1024 * 1024),
    # Two simulators must not share a port by accident.
    ("grpc.so_reuseport", 0),
)


class Server:
    """The simulated providers on ephemeral ports of the loopback interface.

    Parameters
    ----------
    world
        File of the world.
    scale
        Factor on durations.
    faults
        File of a fault plan, or ``None``.
    packages
        Instead of the simulated clouds; for tests of the core.

    Attributes
    ----------
    ports
        Port of each package.
    """

    def __init__(
        self,
        world: Path,
        *,
        scale: float = 0.0,
        faults: Path | None = None,
        packages: Sequence[Package] | None = None,
    ) -> None:
        self.world = World(world)
        plan = FaultPlan.read(faults) if faults is not None else None
        operations = Operations(self.world, scale=scale, faults=plan)
        self._providers: list[Provider] = []
        self._servers: list[grpc.Server] = []
        self.ports: dict[str, int] = {}
        for package in packages if packages is not None else [load(name) for name in PACKAGES]:
            provider = Provider(package, operations)
            self._providers.append(provider)
            self._serve(package.name, provider)
        self._serve("eks", EksProvider())

    def _serve(self, name: str, servicer: provider_pb2_grpc.ResourceProviderServicer) -> None:
        server = grpc.server(ThreadPoolExecutor(_THREADS, thread_name_prefix=name), options=_OPTIONS)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        self.ports[name] = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._servers.append(server)

    def stop(self) -> None:
        """End all operations and close the world."""
        for provider in self._providers:
            provider.stop()
        for server in self._servers:
            server.stop(grace=1.0).wait()
        self.world.close()
