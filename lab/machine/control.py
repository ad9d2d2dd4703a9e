"""The control socket of a lab: JSON lines over a Unix socket in its folder.

A request is one line, ``{"verb": ..., ...arguments}``. The answer is any number of ``{"progress": text}`` and then one
``{"result": ...}`` or ``{"error": text, "advice": text}``, the latter with ``"unfinished": true`` where something was
made that does not get healthy.
"""

# ruff: noqa: ANN401 - any JSON goes over the socket
from __future__ import annotations

import json
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

from lab.errors import LabError, UnfinishedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOCKET = "control.sock"


def listen(folder: Path) -> socket.socket:
    """Open the control socket of a lab, for its user alone."""
    path = folder / SOCKET
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _short(folder) as name:
        server.bind(name)
    path.chmod(0o600)
    server.listen(64)
    return server


def ask(
    folder: Path,
    verb: str,
    *,
    progress: Callable[[str], None] = lambda _: None,
    timeout: float = 600.0,
    **arguments: Any,
) -> Any:
    """Ask a running lab for something.

    Parameters
    ----------
    progress
        Called with each line that the lab says meanwhile.
    timeout
        Seconds without any answer after which to give up.

    Raises
    ------
    LabError
        If no lab runs in the folder, or it refuses or fails.
    """
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(timeout)
    with client:
        try:
            with _short(folder) as name:
                client.connect(name)
            client.sendall(json.dumps({"verb": verb, **arguments}).encode() + b"\n")
            for line in client.makefile("r", encoding="utf-8"):
                answer = json.loads(line)
                if "progress" in answer:
                    progress(answer["progress"])
                elif "error" in answer:
                    raise LabError(answer["error"], answer.get("advice", ""))
                else:
                    return answer["result"]
        except TimeoutError:
            raise LabError(f"the lab in {folder} said nothing for {timeout:.0f} s", "hms lab status") from None
        except OSError as error:
            raise LabError(f"no lab answers in {folder} ({error})", "hms lab up") from None
    raise LabError(f"the lab in {folder} ended", f"see {folder / 'logs' / 'lab.log'}")


def serve(server: socket.socket, handle: Callable[[str, dict[str, Any], Callable[[str], None]], Any]) -> None:
    """Answer requests until the socket is closed, each in a thread of its own.

    Parameters
    ----------
    handle
        Gets verb, arguments and what tells progress; returns JSON, or raises :class:`LabError`.
    """
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(connection, handle), daemon=True).start()


def _answer(connection: socket.socket, handle: Callable[[str, dict[str, Any], Callable[[str], None]], Any]) -> None:
    lock = threading.Lock()

    def say(answer: dict[str, Any]) -> None:
        with lock:
            try:
                connection.sendall(json.dumps(answer).encode() + b"\n")
            except OSError:
                # Whoever asked has gone; what was asked for goes on.
                return

    with connection:
        line = connection.makefile("r", encoding="utf-8").readline()
        if not line:
            return
        try:
            request = json.loads(line)
            say({"result": handle(request.pop("verb"), request, lambda text: say({"progress": text}))})
        except LabError as error:
            unfinished = {"unfinished": True} if isinstance(error, UnfinishedError) else {}
            say({"error": error.message, "advice": error.advice, **unfinished})
        except Exception as error:
            say({"error": f"{type(error).__name__}: {error}", "advice": "see logs/lab.log"})
            raise


class _short:  # noqa: N801 - used like a function
    """A name of the socket that fits into the 108 octets of a Unix address, however deep the folder lies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor = -1

    def __enter__(self) -> str:
        self._descriptor = os.open(self._folder, os.O_PATH | os.O_DIRECTORY)
        return f"/proc/self/fd/{self._descriptor}/{SOCKET}"

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
