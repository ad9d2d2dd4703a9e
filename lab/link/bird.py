"""BIRD: one BGP speaker a gateway, asked over its control socket."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.machine.processes import Processes, Program
from lab.machine.spaces import network_space

if TYPE_CHECKING:
    from pathlib import Path

_END = re.compile(rb"^(?:\d{4}) .*\n\Z", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Session:
    """A BGP session.

    Parameters
    ----------
    name
        Letters and digits.
    near, far
        Addresses.
    passive
        Whether it waits to be called.
    """

    name: str
    near: str
    near_asn: int
    far: str
    far_asn: int
    hold: int
    passive: bool = False


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """What a speaker is told.

    Parameters
    ----------
    paths
        How many equal paths packets take.
    own
        Ranges that it announces, and the address that they lie behind.
    """

    name: str
    identifier: str
    paths: int
    own: tuple[tuple[str, str], ...]
    sessions: tuple[Session, ...]


class Bird:
    """A speaker. Its namespace is there already.

    Parameters
    ----------
    program
        The daemon; its libraries are found.
    folder
        Of its configuration and its socket, on no disk.
    """

    def __init__(self, speaker: Speaker, processes: Processes, program: Path, folder: Path) -> None:
        self.speaker = speaker
        self._processes = processes
        self._program = program
        self._folder = folder / speaker.name
        self._socket = self._folder / "bird.ctl"

    @property
    def program(self) -> str:
        """Name of its process."""
        return f"{self.speaker.name}-bird"

    def start(self) -> None:
        """Start it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        configuration = self._folder / "bird.conf"
        configuration.write_text(written(self.speaker), encoding="utf-8")
        self._socket.unlink(missing_ok=True)
        self._processes.start(
            Program(
                name=self.program,
                command=(str(self._program), "-f", "-c", str(configuration), "-s", str(self._socket)),
                space=network_space(self.speaker.name),
                ready=self._socket.exists,
            )
        )

    def states(self) -> dict[str, tuple[str, str]]:
        """Give, of each session, its state and what was last wrong with it."""
        text = self._ask("show protocols all")
        found: dict[str, tuple[str, str]] = {}
        for block in re.split(r"\n(?=1002-)", text):
            name = re.match(r"1002-(\S+)\s+BGP\s", block)
            if name:
                state = re.search(r"BGP state:\s+(\S+)", block)
                wrong = re.search(r"Last error:\s+(.*)", block)
                found[name[1]] = (state[1] if state else "Down", wrong[1].strip() if wrong else "")
        return found

    def learned(self, session: str) -> tuple[str, ...]:
        """List the ranges that came over a session and are not refused."""
        text = self._ask(f"show route protocol {session}")
        return tuple(sorted(set(re.findall(r"(\d+\.\d+\.\d+\.\d+/\d+)\s+unicast", text))))

    def switch(self, session: str, *, on: bool) -> None:
        """Close a session politely, or let it come up again."""
        self._ask(f"{'enable' if on else 'disable'} {session}")

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(3)
            try:
                client.connect(str(self._socket))
                _whole(client)
                client.sendall(command.encode() + b"\n")
                return _whole(client)
            except OSError as error:
                raise LabError(f"BIRD of {self.speaker.name} does not answer ({error})") from None


def written(speaker: Speaker) -> str:
    """Write BIRD's configuration."""
    merge = f"  merge paths on limit {speaker.paths};\n" if speaker.paths > 1 else ""
    own = "".join(f"    route {prefix} via {via};\n" for prefix, via in speaker.own)
    return f"""log stderr all;
router id {speaker.identifier};
protocol device {{ scan time 1; }}
protocol kernel {{
{merge}  ipv4 {{ import none; export all; }};
}}
protocol static {{
  ipv4;
{own}}}
{"".join(map(_session, speaker.sessions))}"""


def _session(one: Session) -> str:
    return f"""protocol bgp {one.name} {{
  local {one.near} as {one.near_asn};
  neighbor {one.far} as {one.far_asn};
  direct;
  {"passive on;" if one.passive else ""}
  hold time {one.hold};
  keepalive time {max(1, one.hold // 3)};
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  ipv4 {{ import all; export where source = RTS_BGP || source = RTS_STATIC; next hop self; }};
}}
"""


def _whole(client: socket.socket) -> str:
    read = b""
    while not _END.search(read):
        more = client.recv(65536)
        if not more:
            raise ConnectionError("closed")
        read += more
    return read.decode(errors="replace")
