"""A running lab, as the command line sees it: its folder, its control socket, its agents, the place outside it."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.adapters import knock
from ops.adapters.kubernetes_hubble import drops_command, reached_command, read_drops, read_reached
from ops.errors import ClusterError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.plan import Depth
    from ops.adapters.kubernetes_ports import Drop, Target

_HUBBLE = "unix:///var/run/cilium/hubble.sock"
"""Where an agent answers, inside its node."""

_PATIENCE = 60.0


@dataclass(frozen=True, kw_only=True)
class LabRecord:
    """What a running lab says of itself in ``lab.json``.

    Parameters
    ----------
    kubeconfigs
        File of each cluster.
    """

    fleet: str
    depth: Depth
    kubeconfigs: dict[str, Path]


class Lab:
    """The lab in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def up(
        self, fleet: Path, *, clusters: tuple[str, ...], depth: Depth, nodes: int, progress: Callable[[str], None]
    ) -> None:
        """Start it and wait until its API servers answer."""
        from lab.machine.launch import start

        with _told():
            start(self.folder, fleet, clusters=clusters, depth=depth, nodes=nodes, progress=progress)

    def down(self) -> None:
        """End it and remove all of it; one that does not run is no error."""
        from lab.machine.launch import stop

        with _told():
            stop(self.folder)

    def alive(self) -> bool:
        """Say whether it runs."""
        from lab.machine.launch import alive

        return alive(self.folder)

    def described(self) -> bool:
        """Say whether its API servers have answered."""
        return (self.folder / "lab.json").exists()

    def record(self) -> LabRecord:
        """Read what it says of itself.

        Raises
        ------
        RefusedError
            If it does not run, or its API servers do not answer yet.
        """
        if not self.alive() or not self.described():
            raise RefusedError(f"no lab runs in {self.folder}", "hms lab up starts one")
        told = json.loads((self.folder / "lab.json").read_text(encoding="utf-8"))
        return LabRecord(
            fleet=told["fleet"],
            depth=told["depth"],
            kubeconfigs={name: Path(cluster["kubeconfig"]) for name, cluster in told["clusters"].items()},
        )

    def ask(
        self,
        verb: str,
        *,
        progress: Callable[[str], None] = lambda _: None,
        timeout: float = _PATIENCE,
        **arguments: Any,  # noqa: ANN401 - any JSON
    ) -> Any:  # noqa: ANN401 - any JSON
        """Ask it for something.

        Raises
        ------
        ClusterError
            If it refuses or fails.
        """
        from lab.machine.launch import ask

        with _told():
            return ask(self.folder, verb, progress=progress, timeout=timeout, **arguments)

    def run(self, space: str, *command: str) -> str:
        """Run a command in one of its spaces, and give what it wrote.

        Parameters
        ----------
        space
            A node or a cluster by its name, ``site-<site>``, ``link-<link>`` or ``outside``.
        """
        return str(self.ask("exec", space=space, argv=list(command)))


class LabAgents:
    """Agents that are processes of a lab's nodes."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def drops(self, cluster: str, node: str, since: float) -> tuple[Drop, ...]:
        """Ask Hubble inside the node, whose name is enough."""
        del cluster
        return read_drops(self._ask(node, drops_command(since)))

    def reached(self, cluster: str, node: str, since: float, *, source: str, port: int) -> frozenset[str]:
        """Ask Hubble inside the node, whose name is enough."""
        del cluster
        return read_reached(self._ask(node, reached_command(since, source=source, port=port)))

    def _ask(self, node: str, command: list[str]) -> str:
        return self._lab.run(node, program("hubble"), *command, "--server", _HUBBLE)


class LabOutside:
    """The lab's place that belongs to no site."""

    where = "outside"

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def reached(self, targets: tuple[Target, ...], seconds: float) -> tuple[tuple[Target, str], ...]:
        """Try addresses from there."""
        asked = {"seconds": seconds, "addresses": [(target.host, target.port) for target in targets]}
        text = self._lab.run("outside", sys.executable, str(Path(knock.__file__).resolve()), json.dumps(asked))
        return answering(targets, json.loads(text))


class ThisMachine:
    """The machine that the command runs on, for clusters that are not on it."""

    where = "this machine"

    def reached(self, targets: tuple[Target, ...], seconds: float) -> tuple[tuple[Target, str], ...]:
        """Try addresses from here."""
        return answering(targets, knock.knock([(target.host, target.port) for target in targets], seconds))


def program(name: str) -> str:
    """Give the path of a program of the lab, the same in all of its spaces.

    Raises
    ------
    ClusterError
        If it is missing.
    """
    from lab.tools import tool

    with _told():
        return str(tool(name))


def answering(targets: tuple[Target, ...], said: list[str]) -> tuple[tuple[Target, str], ...]:
    """Give the targets that answered, each with what it said."""
    return tuple((target, text) for target, text in zip(targets, said, strict=True) if text != knock.SILENT)


@contextmanager
def _told() -> Iterator[None]:
    """Turn the lab's errors into the command line's."""
    from lab.errors import LabError

    try:
        yield
    except LabError as error:
        raise ClusterError(error.message, error.advice) from None
