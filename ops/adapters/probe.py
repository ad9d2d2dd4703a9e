"""Ways over the network, tried from a node: in the container of its agent, which has the node's own network.

What tries is ``probe.pl``, since an agent's image has perl and neither Python nor ping (``images/runtime/Dockerfile``
of Cilium 1.19.6: Ubuntu, of which perl-base is an essential part).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.adapters.cilium_ports import Cilium, Container

_PROGRAM = Path(__file__).with_suffix(".pl")

_MARGIN = 20.0
"""Seconds for a command to begin and end, besides what it waits for answers."""


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What is to be tried from a node.

    Parameters
    ----------
    echoes
        Sizes of whole IP packets in octets, by address; they are never cut up on the way.
    ports
        Addresses and TCP ports.
    """

    echoes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ports: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What came back; what stands nowhere in it did not answer.

    Parameters
    ----------
    echoes
        Sizes that came back whole, by address.
    too_large
        Which router said what largest size in octets the way to an address has.
    no_way
        Which router said that there is no way to an address.
    ports
        ``open``, or ``refused`` where the machine is there and the port shut; by address and port.
    """

    echoes: Mapping[str, frozenset[int]] = field(default_factory=dict)
    too_large: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    no_way: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[tuple[str, int], str] = field(default_factory=dict)

    def answers(self, address: str) -> bool:
        """Say whether anything at all came back from an address."""
        return bool(self.echoes.get(address)) or any(host == address for host, _ in self.ports)


def listen(cilium: Cilium, container: Container, targets: Targets, *, seconds: float) -> Heard:
    """Try everything at once, from the network of an agent's node.

    Parameters
    ----------
    seconds
        How long to wait for what does not answer.

    Raises
    ------
    ops.errors.HmsError
        If nothing can be tried from there.
    """
    words = [f"echo:{address}:{','.join(map(str, sizes))}" for address, sizes in sorted(targets.echoes.items())]
    words += [f"tcp:{address}:{port}" for address, port in sorted(targets.ports)]
    program = _PROGRAM.read_text(encoding="utf-8")
    command = ("perl", "-e", program, str(seconds), *words)
    return read(cilium.run(container, *command, seconds=seconds + _MARGIN))


def read(text: str) -> Heard:
    """Read what the program wrote."""
    echoes: dict[str, set[int]] = {}
    too_large: dict[str, tuple[str, int]] = {}
    no_way: dict[str, str] = {}
    ports: dict[tuple[str, int], str] = {}
    for line in text.splitlines():
        match line.split():
            case ["echo", address, octets]:
                echoes.setdefault(address, set()).add(int(octets))
            case ["large", address, _, router, mtu]:
                too_large[address] = (router, int(mtu))
            case ["lost", address, _, router]:
                no_way[address] = router
            case ["tcp", address, port, ("open" | "refused") as said]:
                ports[address, int(port)] = said
    return Heard(
        echoes={address: frozenset(sizes) for address, sizes in echoes.items()},
        too_large=too_large,
        no_way=no_way,
        ports=ports,
    )
