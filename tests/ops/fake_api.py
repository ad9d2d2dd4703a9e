"""An API server on the loopback: objects as given, commands and forwarded ports over real WebSockets."""

from __future__ import annotations

import asyncio
import json
import struct
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROTOCOL = "v4.channel.k8s.io"
SUCCESS = {"status": "Success"}


def pod(component: str, *, name: str = "", node: str = "node-a", address: str = "10.0.0.1", ready: bool = True) -> Any:
    return {
        "metadata": {
            "name": name or f"{component}-0",
            "namespace": f"hms-{component}",
            "labels": {"app.kubernetes.io/name": component, "app.kubernetes.io/part-of": "hms"},
        },
        "spec": {"nodeName": node},
        "status": {"podIP": address, "conditions": [{"type": "Ready", "status": str(ready)}]},
    }


@dataclass
class FakeApi:
    """What the server says, and what it was asked.

    Parameters
    ----------
    ports
        Where a forwarded port leads on this machine; empty: nothing listens in the pod.
    said
        Output and status of a command; a command that is not in it runs until it is hung up.
    state
        What becomes of a container that is added.
    """

    objects: dict[str, list[Any]] = field(default_factory=dict)
    ports: dict[int, int] = field(default_factory=dict)
    said: dict[str, tuple[bytes, bytes, dict[str, Any]]] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=lambda: {"running": {}})
    patches: list[Any] = field(default_factory=list)
    commands: list[list[str]] = field(default_factory=list)
    open: set[str] = field(default_factory=set)
    silent: bool = False
    url: str = ""

    @property
    def kubeconfig(self) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": {"token": "marked-fake-token"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        }

    def find(self, request: web.Request) -> Any:
        name = request.match_info["pod"]
        return next(each for each in self.objects["pods"] if each["metadata"]["name"] == name)

    async def listed(self, request: web.Request) -> web.Response:
        if self.silent:
            await asyncio.sleep(3600)
        if request.headers.get("Authorization") != "Bearer marked-fake-token":
            return web.json_response({"message": "Unauthorized"}, status=401)
        return web.json_response({"items": self.objects.get(request.match_info["kind"], [])})

    async def one(self, request: web.Request) -> web.Response:
        return web.json_response(self.find(request))

    async def patched(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/strategic-merge-patch+json"
        body = await request.json()
        self.patches.append(body)
        statuses = self.find(request)["status"].setdefault("ephemeralContainerStatuses", [])
        statuses += [
            {"name": container["name"], "state": self.state} for container in body["spec"]["ephemeralContainers"]
        ]
        return web.json_response(self.find(request))

    async def forwarded(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=(PROTOCOL,))
        await socket.prepare(request)
        port = int(request.query["ports"])
        for channel in (0, 1):
            await socket.send_bytes(bytes([channel]) + struct.pack("<H", port))
        if port not in self.ports:
            await socket.send_bytes(b"\x01failed to connect to localhost inside namespace")
            await socket.close()
            return socket
        reader, writer = await asyncio.open_connection("127.0.0.1", self.ports[port])

        async def back() -> None:
            while data := await reader.read(65536):
                await socket.send_bytes(b"\x00" + data)
            await socket.close()

        task = asyncio.create_task(back())
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                assert message.data[0] == 0
                writer.write(message.data[1:])
        task.cancel()
        writer.close()
        return socket

    async def executed(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=(PROTOCOL,))
        await socket.prepare(request)
        command = request.query.getall("command")
        self.commands.append(command)
        if command[0] in self.said:
            out, err, status = self.said[command[0]]
            for channel, data in ((1, out), (2, err), (3, json.dumps(status).encode())):
                await socket.send_bytes(bytes([channel]) + data)
            await socket.close()
            return socket
        self.open.add(request.match_info["pod"])
        async for _ in socket:
            pass
        self.open.discard(request.match_info["pod"])
        return socket


@contextmanager
def serving(app: web.Application) -> Iterator[int]:
    """Serve in a thread, and give the port."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    port = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def stop() -> None:
        await runner.cleanup()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        with suppress(RuntimeError):
            loop.close()


@contextmanager
def fake_api(**options: Any) -> Iterator[FakeApi]:
    fake = FakeApi(**options)
    one = "/api/v1/namespaces/{namespace}/pods/{pod}"
    app = web.Application()
    app.add_routes(
        [
            web.get("/api/v1/{kind}", fake.listed),
            web.get("/api/v1/namespaces/{namespace}/{kind}", fake.listed),
            web.get(one, fake.one),
            web.patch(f"{one}/ephemeralcontainers", fake.patched),
            web.get(f"{one}/portforward", fake.forwarded),
            web.get(f"{one}/exec", fake.executed),
        ]
    )
    with serving(app) as port:
        fake.url = f"http://127.0.0.1:{port}"
        yield fake


@contextmanager
def http(answer: Callable[[web.Request], web.Response]) -> Iterator[int]:
    """Serve any path, such as an agnhost would."""

    async def handle(request: web.Request) -> web.Response:
        return await asyncio.to_thread(answer, request)

    app = web.Application(handler_args={"max_line_size": 1 << 20, "max_field_size": 1 << 20})
    app.add_routes([web.get("/{path:.*}", handle)])
    with serving(app) as port:
        yield port
