from __future__ import annotations

import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.machine import dial, forward
from lab.machine.forward import Forward

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = ("127.0.0.1", 0)


@pytest.fixture(autouse=True)
def without_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stay outside namespaces: entering them takes rights, and is tested with the real control plane."""

    def plain(namespace: str, family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
        assert namespace == "cp-aws-1"
        return socket.socket(family, socket.SOCK_STREAM)

    monkeypatch.setattr(forward, "socket_in", plain)
    monkeypatch.setattr(dial, "socket_in", plain)


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """Serve each connection in a thread; gives the port."""
    listeners = []

    def start(each: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(HERE, backlog=128)
        listeners.append(listener)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=each, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def to(port: int) -> tuple[Forward, tuple[str, int]]:
    listener = socket.create_server(HERE, backlog=128)
    address = listener.getsockname()
    return Forward(listener, "cp-aws-1", "127.0.0.1", port), address


def read_all(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def echo(connection: socket.socket) -> None:
    with connection, suppress(ConnectionResetError):
        while part := connection.recv(65536):
            connection.sendall(part)


def answer_after_the_end(connection: socket.socket) -> None:
    """As kubectl exec: the client has said all, the answer comes later."""
    with connection:
        said = read_all(connection)
        time.sleep(0.1)
        connection.sendall(b"heard " + said)


def speak_then_listen(connection: socket.socket) -> None:
    with connection:
        connection.sendall(b"banner")
        connection.shutdown(socket.SHUT_WR)
        read_all(connection)


def test_the_answer_comes_after_the_client_has_said_all(serve: Callable[..., int]) -> None:
    forwarded, address = to(serve(answer_after_the_end))
    with closing(forwarded), socket.create_connection(address, 5) as client:
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"heard question"


def test_the_client_may_go_on_after_the_server_has_said_all(serve: Callable[..., int]) -> None:
    heard = threading.Event()

    def serving(connection: socket.socket) -> None:
        with connection:
            connection.shutdown(socket.SHUT_WR)
            if read_all(connection) == b"late":
                heard.set()

    forwarded, address = to(serve(serving))
    with closing(forwarded), socket.create_connection(address, 5) as client:
        assert read_all(client) == b""
        client.sendall(b"late")
        client.shutdown(socket.SHUT_WR)
        assert heard.wait(5)


def test_much_goes_both_ways_on_many_connections_at_once(serve: Callable[..., int]) -> None:
    forwarded, address = to(serve(echo))
    sent = os.urandom(2_000_000)

    def once(_: int) -> bool:
        with socket.create_connection(address, 20) as client:

            def write() -> None:
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)

            writer = threading.Thread(target=write)
            writer.start()
            received = read_all(client)
            writer.join()
            return received == sent

    with closing(forwarded), ThreadPoolExecutor(30) as threads:
        assert all(threads.map(once, range(30)))


def test_an_idle_connection_keeps_no_other_waiting(serve: Callable[..., int]) -> None:
    forwarded, address = to(serve(answer_after_the_end))
    with closing(forwarded), socket.create_connection(address, 5), socket.create_connection(address, 5) as second:
        second.shutdown(socket.SHUT_WR)
        assert read_all(second) == b"heard "


def test_a_client_is_turned_away_while_nothing_answers_and_served_afterwards() -> None:
    with socket.create_server(HERE) as gone:
        port = gone.getsockname()[1]
    forwarded, address = to(port)
    with closing(forwarded):
        with socket.create_connection(address, 5) as client:
            assert client.recv(1) == b""
        with socket.create_server(("127.0.0.1", port)) as back:
            threading.Thread(target=lambda: speak_then_listen(back.accept()[0]), daemon=True).start()
            with socket.create_connection(address, 5) as client:
                assert read_all(client) == b"banner"


def test_a_reset_ends_its_own_connection_alone(serve: Callable[..., int]) -> None:
    forwarded, address = to(serve(echo))
    with closing(forwarded), socket.create_connection(address, 5) as calm:
        rude = socket.create_connection(address, 5)
        rude.sendall(b"x")
        rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        rude.close()
        calm.sendall(b"still here")
        assert calm.recv(64) == b"still here"


def test_closing_ends_connections_the_listener_and_the_thread(serve: Callable[..., int]) -> None:
    forwarded, address = to(serve(echo))
    with socket.create_connection(address, 5) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        forwarded.close()
        assert client.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 5)
    assert not forwarded._thread.is_alive()
    forwarded.close()


def test_a_dialled_connection_that_fails_leaves_no_socket_behind() -> None:
    with socket.create_server(HERE) as gone:
        port = gone.getsockname()[1]
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(ConnectionRefusedError):
            dial.dial("cp-aws-1", "127.0.0.1", port)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_a_namespace_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with pytest.raises(FileNotFoundError, match="no-such-namespace"):
        dial.dial("no-such-namespace", "127.0.0.1", 443)
