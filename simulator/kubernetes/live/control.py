"""Asks the lab's supervisor over its Unix socket: one line of JSON each way, and lines of progress in between."""

# ruff: noqa: ANN401 - questions and answers are any JSON
from __future__ import annotations

import json
import os
import socket
import time
from typing import TYPE_CHECKING, Any, Final

from simulator.kind import Refused

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping
    from pathlib import Path

_TICK: Final = 0.5
"""Seconds between looks at whether anybody still waits."""


class NotDone(Exception):  # noqa: N818
    """The lab has begun, and what it made is not ready; the message says why."""


def ask(control: Path, question: Mapping[str, Any], *, stop: threading.Event, seconds: float) -> Any:
    """Put a question and return the result.

    Parameters
    ----------
    control
        The socket.
    question
        With its ``verb``; may hold secrets, so it is never part of a message.
    stop
        Set when nobody waits any longer.
    seconds
        How long to wait.

    Raises
    ------
    Refused
        The lab said no, or does not answer.
    NotDone
        It began, and did not get ready.
    """
    end = time.monotonic() + seconds
    try:
        with _connected(control) as connection:
            connection.sendall(json.dumps(question).encode() + b"\n")
            connection.settimeout(_TICK)
            buffer = b""
            while True:
                *lines, buffer = buffer.split(b"\n")
                for line in lines:
                    answer = json.loads(line)
                    if "result" in answer:
                        return answer["result"]
                    if "error" in answer:
                        raise _refusal(answer)
                if stop.is_set():
                    raise NotDone(f"{question['verb']} was cancelled")
                if time.monotonic() > end:
                    raise NotDone(f"{question['verb']} has not ended after {seconds:.0f} s")
                try:
                    received = connection.recv(65536)
                except TimeoutError:
                    continue
                if not received:
                    raise NotDone("the lab ended before it answered; see its logs")
                buffer += received
    except (OSError, ValueError) as error:
        raise Refused("LabUnavailable", f"the lab does not answer at {control}: {error}", status=503) from None


def _connected(control: Path) -> socket.socket:
    """Connect through the folder's descriptor: the path of a Unix socket may have 108 bytes only."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(control.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        connection.settimeout(5.0)
        connection.connect(f"/proc/self/fd/{folder}/{control.name}")
    except OSError:
        connection.close()
        raise
    finally:
        os.close(folder)
    return connection


def _refusal(answer: Mapping[str, Any]) -> Exception:
    text = "; ".join(str(answer[name]) for name in ("error", "advice") if answer.get(name))
    return NotDone(text) if answer.get("unfinished") is True else Refused("LabRefused", text)
