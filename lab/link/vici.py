"""strongSwan's control protocol (src/libcharon/plugins/vici/README.md), as much of it as the twin needs."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_REQUEST, _RESPONSE, _REGISTER, _CONFIRM, _EVENT = 0, 1, 3, 5, 7
_SECTION, _SECTION_END, _VALUE, _LIST, _ITEM, _LIST_END = 1, 2, 3, 4, 5, 6


def ask(path: Path, command: str, message: Mapping[str, Any] | None = None, *, timeout: float = 3.0) -> dict[str, Any]:
    """Ask a daemon for something.

    Parameters
    ----------
    message
        Texts, lists of texts, and messages.

    Raises
    ------
    LabError
        If it does not answer in time, or refuses.
    """
    return _Conversation(path, command, timeout).ask(message or {}, stream="")


def listed(path: Path, command: str, event: str, *, timeout: float = 3.0) -> list[dict[str, Any]]:
    """Ask a daemon for a list, of which each entry comes as an event.

    Raises
    ------
    LabError
        If it does not answer in time.
    """
    conversation = _Conversation(path, command, timeout)
    conversation.ask({}, stream=event)
    return conversation.events


class _Conversation:
    def __init__(self, path: Path, command: str, timeout: float) -> None:
        self._path = path
        self._command = command
        self._timeout = timeout
        self.events: list[dict[str, Any]] = []

    def ask(self, message: Mapping[str, Any], *, stream: str) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(self._timeout)
            try:
                client.connect(str(self._path))
                if stream:
                    _send(client, _REGISTER, stream)
                    self._answer(client, _CONFIRM)
                _send(client, _REQUEST, self._command, _written(message))
                answer = self._answer(client, _RESPONSE)
            except OSError as error:
                raise LabError(f"charon at {self._path} does not answer {self._command} ({error})") from None
        if answer.get("success", "yes") != "yes":
            raise LabError(f"charon refuses {self._command}: {answer.get('errmsg', answer)}")
        return answer

    def _answer(self, client: socket.socket, expected: int) -> dict[str, Any]:
        while True:
            length = struct.unpack("!I", _exactly(client, 4))[0]
            packet = _exactly(client, length)
            if packet[0] == _EVENT:
                self.events.append(_read(packet[2 + packet[1] :]))
            elif packet[0] == expected:
                return _read(packet[1:])
            else:
                raise LabError(f"charon does not know {self._command}")


def _send(client: socket.socket, kind: int, name: str, body: bytes = b"") -> None:
    packet = bytes([kind, len(name)]) + name.encode() + body
    client.sendall(struct.pack("!I", len(packet)) + packet)


def _exactly(client: socket.socket, length: int) -> bytes:
    read = b""
    while len(read) < length:
        more = client.recv(length - len(read))
        if not more:
            raise ConnectionError("closed")
        read += more
    return read


def _written(message: Mapping[str, Any]) -> bytes:
    parts: list[bytes] = []
    for key, value in message.items():
        name = bytes([len(key)]) + key.encode()
        if isinstance(value, dict):
            parts += [bytes([_SECTION]), name, _written(value), bytes([_SECTION_END])]
        elif isinstance(value, (list, tuple)):
            items = [bytes([_ITEM]) + _text(each) for each in value]
            parts += [bytes([_LIST]), name, *items, bytes([_LIST_END])]
        else:
            parts += [bytes([_VALUE]), name, _text(value)]
    return b"".join(parts)


def _text(value: object) -> bytes:
    encoded = str(value).encode()
    return struct.pack("!H", len(encoded)) + encoded


def _read(body: bytes) -> dict[str, Any]:
    return _section(iter(body))


def _section(octets: Iterator[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in octets:
        if kind == _SECTION_END:
            return found
        name = _take(octets, next(octets))
        if kind == _SECTION:
            found[name] = _section(octets)
        elif kind == _VALUE:
            found[name] = _take(octets, next(octets) << 8 | next(octets))
        else:
            found[name] = _items(octets)
    return found


def _items(octets: Iterator[int]) -> list[str]:
    found: list[str] = []
    while next(octets) == _ITEM:
        found.append(_take(octets, next(octets) << 8 | next(octets)))
    return found


def _take(octets: Iterator[int], length: int) -> str:
    return bytes(next(octets) for _ in range(length)).decode(errors="replace")
