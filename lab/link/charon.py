"""One end of a tunnel: a strongSwan daemon of its own, whose TUN is moved to the gateway that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.link import vici
from lab.machine.processes import Processes, Program
from lab.machine.spaces import LAB, network_space

if TYPE_CHECKING:
    from lab.link.timers import Timers

_RUN = Path("/run/hms/link")
"""In the lab's own memory: no key reaches a disk."""

_MARK = "0x42"
"""Keeps IKE itself out of traffic selectors that take everything."""

_PLUGINS = "random nonce aes sha1 sha2 hmac kdf gcm openssl vici kernel-libipsec kernel-netlink socket-default"

_BEGIN = 'mount -t overlay -o "lowerdir=$1/usr:/usr" link /usr && mount --bind "$2" /run && exec /usr/lib/ipsec/charon'
"""The daemon looks for its plugins below /usr and writes its process number to /run, whatever it is told."""

_CHILD = "net"

_DECISIVE = (
    "proposals unacceptable",
    "no acceptable proposal",
    "no acceptable KEY_EXCHANGE_METHOD",
    "NO_PROPOSAL_CHOSEN",
    "INVALID_KE_PAYLOAD",
    "MAC mismatched",
    "AUTHENTICATION_FAILED",
    "no IKE config found",
    "no CHILD_SA built",
    "TS_UNACCEPTABLE",
    "giving up after",
    "INVALID_MAJOR_VERSION",
)
"""What a line of the log has in it that says why there is no tunnel."""

_OFFERS = ("received proposals: ", "configured proposals: ")
"""What both ends offer: told where that is why."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a daemon is told.

    Parameters
    ----------
    name
        Of its namespace, its log and its connection.
    here, there
        Public addresses, which are the IKE identities too.
    starts, restarts
        Whether it calls, and calls again when the other end is dead.
    narrow
        Ranges of the other side that its traffic selector names; None for everything.
    """

    name: str
    here: str
    there: str
    version: int
    ike: tuple[str, ...]
    esp: tuple[str, ...]
    key: str = field(repr=False)
    starts: bool
    restarts: bool
    dpd_timeout: int
    narrow: tuple[str, ...] | None = None


class Charon:
    """A daemon. Its namespace is there already, with its public address.

    Parameters
    ----------
    programs
        Folder of the unpacked packages.
    """

    def __init__(self, identity: Identity, processes: Processes, programs: Path, timers: Timers) -> None:
        self.identity = identity
        self._processes = processes
        self._programs = programs
        self._timers = timers
        self._folder = _RUN / identity.name
        self._socket = self._folder / "charon.vici"
        self._read = 0

    @property
    def name(self) -> str:
        """Name of its namespace and of its program."""
        return self.identity.name

    def start(self) -> None:
        """Start it, without a connection."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "strongswan.conf").write_text(self._configuration(), encoding="utf-8")
        self._socket.unlink(missing_ok=True)
        self._remove_decoy()
        self._processes.start(
            Program(
                name=self.name,
                command=(
                    *("unshare", "--mount", "--propagation", "private", "--"),
                    *("sh", "-c", _BEGIN, "charon", str(self._programs), str(self._folder)),
                ),
                space=network_space(self.name),
                env={"STRONGSWAN_CONF": "/run/strongswan.conf"},
                ready=self._socket.exists,
            )
        )

    def hand_over(self, gateway: str, device: str) -> None:
        """Move its TUN into a gateway's namespace.

        The daemon keeps it open wherever it is. It wants an interface of that name for a route of its own, so it gets
        another that leads nowhere.
        """
        self._processes.wait(self.name, 15)
        self._processes.run(LAB, "ip", "-n", self.name, "link", "set", "ipsec0", "netns", gateway, "name", device)
        self._processes.run(LAB, "ip", "-n", self.name, "tuntap", "add", "ipsec0", "mode", "tun")
        self._processes.run(LAB, "ip", "-n", self.name, "link", "set", "ipsec0", "up")

    def _remove_decoy(self) -> None:
        """Take away what an earlier daemon was given, so that this one gets the name."""
        if "ipsec0" in self._processes.run(LAB, "ip", "-n", self.name, "-br", "link"):
            self._processes.run(LAB, "ip", "-n", self.name, "link", "delete", "ipsec0")

    def load(self) -> None:
        """Give it its connection and its key; it calls the other end if it is the one that starts."""
        self._load_key()
        vici.ask(self._socket, "load-conn", {self.name: self._connection()})

    def rekeyed_with(self, key: str, *, running: bool = True) -> None:
        """Take another key for what is to come; what stands stays."""
        self.identity = replace(self.identity, key=key)
        if running:
            self._load_key()

    def sa(self) -> dict[str, Any] | None:
        """Give the established IKE SA, with its child SAs; None where there is none."""
        for event in vici.listed(self._socket, "list-sas", "list-sa"):
            for found in event.values():
                if found.get("state") == "ESTABLISHED":
                    return dict(found)
        return None

    def children(self) -> dict[str, dict[str, str]]:
        """Give the child SAs that carry packets, by their numbers."""
        found = (self.sa() or {}).get("child-sas", {})
        return {one["uniqueid"]: one for one in found.values() if one.get("state") == "INSTALLED"}

    def rekey(self) -> None:
        """Exchange keys for the child SA, as happens by itself within an hour."""
        vici.ask(self._socket, "rekey", {"child": _CHILD})

    def said(self) -> tuple[str, ...]:
        """List what it said of why there is no tunnel, each sentence once."""
        log = self._processes.log(self.name)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        sentences = [line.partition("] ")[2].strip() for line in lines]
        decisive = [text for text in sentences if any(word in text for word in _DECISIVE)]
        if any("roposal" in text for text in decisive):
            decisive += [text for text in sentences if text.startswith(_OFFERS)]
        return tuple(dict.fromkeys(decisive))

    def _load_key(self) -> None:
        one = self.identity
        shared = {"id": "key", "type": "ike", "data": one.key, "owners": [one.here, one.there]}
        vici.ask(self._socket, "load-shared", shared)

    def _configuration(self) -> str:
        return f"""charon {{
  threads = 12
  load = {_PLUGINS}
  install_virtual_ip = no
  make_before_break = yes
  retransmit_base = 1
  retransmit_timeout = {self._timers.retransmit(self.identity.dpd_timeout)}
  retransmit_tries = 3
  retry_initiate_interval = {self._timers.retry}
  filelog {{
    stderr {{
      default = 1
      cfg = 2
    }}
  }}
  plugins {{
    vici {{
      socket = unix:///run/charon.vici
    }}
    socket-default {{
      fwmark = {_MARK}
    }}
    kernel-netlink {{
      fwmark = !{_MARK}
    }}
  }}
}}
"""

    def _connection(self) -> dict[str, Any]:
        one = self.identity
        return {
            "version": one.version,
            "local_addrs": [one.here],
            "remote_addrs": [one.there],
            "proposals": list(one.ike),
            "keyingtries": 0,
            "dpd_delay": f"{self._timers.probe(one.dpd_timeout)}s",
            "reauth_time": 0,
            "unique": "replace",
            "local": {"auth": "psk", "id": one.here},
            "remote": {"auth": "psk", "id": one.there},
            "children": {
                _CHILD: {
                    "esp_proposals": list(one.esp),
                    "local_ts": ["0.0.0.0/0"],
                    "remote_ts": ["0.0.0.0/0"] if one.narrow is None else list(one.narrow),
                    "start_action": "start" if one.starts else "none",
                    "dpd_action": "restart" if one.restarts else "clear",
                    "close_action": "start" if one.starts else "none",
                }
            },
        }
