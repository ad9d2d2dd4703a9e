"""HTTP to a port of a pod through its API server, from inside the pod's network: no policy stands between."""

from __future__ import annotations

import http.client
import io
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ops.adapters.kubernetes import frames, hang_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.adapters.kubernetes import KubernetesApi

_DATA, _ERROR = 0, 1

_FRAME = 64 * 1024
"""Octets of data in a frame that is sent."""

_BINARY = 2
"""Opcode of a WebSocket frame with any octets."""


class PodPort:
    """A connection to an HTTP server in a pod. Use :func:`pod_port`; not from several threads at once."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream
        self._http = http.client.HTTPConnection("localhost")
        self._http.sock = stream

    def get(self, path: str, seconds: float) -> tuple[int, str]:
        """Ask for a path, and give status and body.

        Raises
        ------
        TimeoutError
            If no answer is complete after that many seconds.
        OSError
            If the connection cannot be made in the pod, or ends before the answer.
        """
        self._stream.until = time.monotonic() + seconds
        try:
            self._http.request("GET", path)
            response = self._http.getresponse()
            return response.status, response.read().decode(errors="replace")
        except http.client.HTTPException as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from None


@contextmanager
def pod_port(api: KubernetesApi, namespace: str, pod: str, port: int) -> Iterator[PodPort]:
    """Connect to a port of a pod.

    Raises
    ------
    ops.errors.ClusterError
        If the API server, or the pod's kubelet, refuses.
    """
    socket = api.socket(f"/api/v1/namespaces/{namespace}/pods/{pod}/portforward", [("ports", str(port))])
    try:
        yield PodPort(_Stream(socket))
    finally:
        hang_up(socket)


class _Stream:
    """The WebSocket of a forwarded port, as :mod:`http.client` wants its sockets.

    The protocol: of each of the two channels the first frame is the port; then data goes both ways on the first, and
    what went wrong comes on the second.
    """

    def __init__(self, socket: Any) -> None:  # noqa: ANN401 - websocket-client has no types
        self._socket = socket
        self._begun: set[int] = set()
        self.until = 0.0

    def sendall(self, octets: bytes) -> None:
        for start in range(0, len(octets), _FRAME):
            self._socket.send(bytes([_DATA]) + octets[start : start + _FRAME], opcode=_BINARY)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """Leave it open: who opened the WebSocket closes it."""

    def piece(self) -> bytes:
        for channel, octets in frames(self._socket, self.until):
            if channel not in self._begun:
                self._begun.add(channel)
            elif channel == _ERROR:
                raise ConnectionError(octets.decode(errors="replace").strip())
            else:
                return octets
        return b""


class _Incoming(io.RawIOBase):
    def __init__(self, stream: _Stream) -> None:
        self._stream = stream
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        if not self._left:
            self._left = self._stream.piece()
        taken = min(len(buffer), len(self._left))
        buffer[:taken], self._left = self._left[:taken], self._left[taken:]
        return taken
