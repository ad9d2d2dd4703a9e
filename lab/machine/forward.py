"""A way from a listening socket of the host to a port inside the lab."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading

from lab.machine.dial import socket_in

_CHUNK = 64 * 1024
"""Octets that one read takes."""

_BACKLOG_PAUSE = 0.2
"""Seconds to wait when the machine has no descriptors left for a connection."""


class Forward:
    """Splice every connection of a listening socket to one that is made inside a network namespace.

    One thread serves all connections. Each direction ends by itself, so what still comes after one side has said
    all it had (a log that is followed, the exit code of ``kubectl exec``) arrives. A connection is refused, by
    closing it, where nothing answers inside.

    Parameters
    ----------
    listener
        Belongs to the namespace that it was made in; this object closes it.
    """

    def __init__(self, listener: socket.socket, namespace: str, address: str, port: int) -> None:
        listener.settimeout(0)
        self._listener = listener
        self._namespace = namespace
        self._target = (address, port)
        self._loop = asyncio.new_event_loop()
        self._accepting = self._loop.create_task(self._accept())
        self._thread = threading.Thread(target=self._run, name=f"forward to {address}:{port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and cut every connection. Twice is no error."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._accepting.cancel)
            self._thread.join()

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._accepting)
        self._loop.close()

    async def _accept(self) -> None:
        with self._listener:
            async with asyncio.TaskGroup() as connections:
                while True:
                    try:
                        client, _ = await self._loop.sock_accept(self._listener)
                    except OSError:
                        await asyncio.sleep(_BACKLOG_PAUSE)
                        continue
                    connections.create_task(self._serve(client))

    async def _serve(self, client: socket.socket) -> None:
        # A reset of either side ends the whole connection; that is the business of the two sides alone.
        with client, contextlib.suppress(OSError), socket_in(self._namespace) as server:
            server.settimeout(0)
            await self._loop.sock_connect(server, self._target)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._splice(client, server)

    async def _splice(self, client: socket.socket, server: socket.socket) -> None:
        try:
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._pump(client, server))
                directions.create_task(self._pump(server, client))
        except* OSError:
            pass

    async def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        while chunk := await self._loop.sock_recv(source, _CHUNK):
            await self._loop.sock_sendall(sink, chunk)
        sink.shutdown(socket.SHUT_WR)
