"""HTTP to a server inside a network namespace of the lab."""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from lab.machine.dial import dial

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Web:
    """A server, reached from inside a namespace. Safe to use from several threads.

    Every request has a connection of its own, so nothing has to be put right when the server was restarted.

    Parameters
    ----------
    context
        How it is trusted and who asks; None where it speaks plain HTTP.
    """

    namespace: str
    address: str
    port: int
    context: ssl.SSLContext | None = None

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
    ) -> Answer:
        """Ask, and give the whole answer, whatever its status.

        Parameters
        ----------
        path
            With its query, quoted.
        timeout
            Seconds for each step: the connection, the handshake, the answer.

        Raises
        ------
        OSError
            If the server does not answer, or not in HTTP, or is not to be trusted.
        """
        connection = HTTPConnection(self.address, self.port)
        connection.sock = dial(self.namespace, self.address, self.port, timeout)
        try:
            if self.context is not None:
                connection.sock = self.context.wrap_socket(connection.sock, server_hostname=self.address)
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        except HTTPException as error:
            raise OSError(f"{self.address}:{self.port}: {type(error).__name__} {error}") from error
        finally:
            connection.close()

    def says(self, path: str, body: bytes = b"ok") -> bool:
        """Say whether a probe answers 200 with exactly this body."""
        try:
            answer = self.request("GET", path, timeout=5.0)
        except OSError:
            return False
        return answer.status == 200 and answer.body.strip() == body
