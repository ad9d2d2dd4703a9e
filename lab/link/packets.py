"""Packets of our own: echo requests of a size, flows of numbered datagrams, and who is listening outside."""

from __future__ import annotations

import os
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from lab.link.sockets import icmp, listening, within

MARK = b"hms: this must not be read outside"
"""In every packet that is sent: whoever finds it outside has found something in the clear."""

_PORT = 7000

_TRIES, _TIMEOUT = 2, 0.6

_IP, _ICMP = 20, 8

_PROBE = 3
"""``IP_PMTUDISC_PROBE``: never in fragments, and whatever was learned of the path is not believed."""

_MTU_DISCOVER = 10
"""``IP_MTU_DISCOVER``."""

_LINK_LOCAL = IPv4Network("169.254.0.0/16")


def ping(namespace: str, source: str, target: str, size: int = 100) -> bool:
    """Send two echo requests at most, until one is answered.

    Parameters
    ----------
    size
        Octets of the whole packet, never in fragments.
    """
    own, number = os.getpid() & 0xFFFF, threading.get_ident() & 0xFFFF
    payload = (MARK * (size // len(MARK) + 1))[: size - _IP - _ICMP]
    head = struct.pack("!BBHHH", 8, 0, 0, own, number)
    packet = struct.pack("!BBHHH", 8, 0, _checksum(head + payload), own, number) + payload
    with icmp(namespace) as sender:
        sender.setsockopt(socket.IPPROTO_IP, _MTU_DISCOVER, _PROBE)
        try:
            sender.bind((source, 0))
        except OSError:
            return False
        for _ in range(_TRIES):
            try:
                sender.sendto(packet, (target, 0))
            except OSError:
                continue
            if _answered(sender, target, own, number):
                return True
    return False


def _answered(sender: socket.socket, target: str, own: int, number: int) -> bool:
    end = time.monotonic() + _TIMEOUT
    while (left := end - time.monotonic()) > 0:
        if not select.select([sender], [], [], left)[0]:
            return False
        packet, (host, _) = sender.recvfrom(65535)
        kind, _, _, got, sequence = struct.unpack("!BBHHH", packet[_IP : _IP + _ICMP])
        if (kind, host, got, sequence) == (0, target, own, number):
            return True
    return False


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


@dataclass(kw_only=True)
class Flow:
    """Datagrams from one port, and which of them came back.

    Parameters
    ----------
    sent
        When each was sent, by its number.
    """

    socket: socket.socket
    sent: list[float] = field(default_factory=list)
    back: set[int] = field(default_factory=set)

    def lost(self) -> list[float]:
        """Give when those were sent that never came back."""
        return [at for number, at in enumerate(self.sent) if number not in self.back]


class Flows:
    """Several flows between two hosts at once: each datagram is sent back, and one that is not is lost.

    Parameters
    ----------
    near, far
        Namespace and address of a host.
    every
        Seconds between two datagrams of a flow.
    """

    def __init__(self, near: tuple[str, str], far: tuple[str, str], *, count: int, every: float) -> None:
        self._far = far[1]
        self._every = every
        self._ended = threading.Event()
        self._echo = _datagrams(far[0], far[1], _PORT)
        self.flows = [Flow(socket=_datagrams(near[0], near[1], 20000 + number)) for number in range(count)]
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._send_back, self._send, self._take)]
        for thread in self._threads:
            thread.start()

    def stop(self, patience: float = 1.0) -> None:
        """Send no more, and give what is under way time to come back."""
        self._ended.set()
        time.sleep(patience)
        for thread in self._threads:
            thread.join()
        for one in (self._echo, *(flow.socket for flow in self.flows)):
            one.close()

    @property
    def sent(self) -> int:
        """How many datagrams were sent."""
        return sum(len(flow.sent) for flow in self.flows)

    @property
    def lost(self) -> int:
        """How many never came back; only once it is stopped."""
        return sum(len(flow.lost()) for flow in self.flows)

    def quiet_since(self) -> float:
        """Give when the last one was sent that is not back, apart from those still under way."""
        border = time.monotonic() - 0.5
        return max((at for flow in self.flows for at in flow.lost() if at < border), default=0.0)

    def _send(self) -> None:
        due = time.monotonic()
        while not self._ended.is_set():
            for flow in self.flows:
                flow.sent.append(time.monotonic())
                try:
                    flow.socket.sendto(struct.pack("!I", len(flow.sent) - 1) + MARK, (self._far, _PORT))
                except OSError:
                    # No route: as lost as any other.
                    continue
            due += self._every
            self._ended.wait(max(0.0, due - time.monotonic()))

    def _take(self) -> None:
        by_socket = {flow.socket: flow for flow in self.flows}
        end = None
        while end is None or time.monotonic() < end:
            if self._ended.is_set() and end is None:
                end = time.monotonic() + 0.8
            for ready in select.select(list(by_socket), [], [], 0.1)[0]:
                try:
                    by_socket[ready].back.add(struct.unpack("!I", ready.recv(2048)[:4])[0])
                except OSError:
                    # The answer to an earlier one was "unreachable".
                    continue

    def _send_back(self) -> None:
        end = None
        while end is None or time.monotonic() < end:
            if self._ended.is_set() and end is None:
                end = time.monotonic() + 0.8
            if select.select([self._echo], [], [], 0.1)[0]:
                try:
                    data, sender = self._echo.recvfrom(2048)
                    self._echo.sendto(data, sender)
                except OSError:
                    continue


def _datagrams(namespace: str, address: str, port: int) -> socket.socket:
    def make() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((address, port))
        return made

    return within(namespace, make)


@dataclass(kw_only=True)
class Heard:
    """What was heard outside.

    Parameters
    ----------
    sealed
        Packets of IKE and of ESP.
    clear
        Octets that belong inside: with an address of a site or of a tunnel's inside, or with our mark.
    """

    sealed: int = 0
    clear: int = 0


class Listener:
    """Listens to all that passes a namespace, until it is stopped."""

    def __init__(self, namespace: str, inside: tuple[str, ...]) -> None:
        self._networks = (_LINK_LOCAL, *map(IPv4Network, inside))
        self._socket = listening(namespace)
        self._ended = False
        self._heard = Heard()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def stop(self) -> Heard:
        """Stop, and tell."""
        self._ended = True
        self._thread.join()
        self._socket.close()
        return self._heard

    def _listen(self) -> None:
        while not self._ended:
            if select.select([self._socket], [], [], 0.1)[0]:
                self._judge(self._socket.recv(65535))

    def _judge(self, frame: bytes) -> None:
        if MARK in frame:
            self._heard.clear += len(frame)
        elif frame[12:14] == b"\x08\x00":
            ends = [IPv4Address(frame[26:30]), IPv4Address(frame[30:34])]
            if any(end in network for end in ends for network in self._networks):
                self._heard.clear += len(frame)
            elif frame[23] == socket.IPPROTO_UDP and {500, 4500} & set(struct.unpack("!HH", frame[34:38])):
                self._heard.sealed += 1
