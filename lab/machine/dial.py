"""Sockets inside a network namespace of the lab, for a thread that stays outside it."""

from __future__ import annotations

import ctypes
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

NAMESPACES = Path("/run/netns")
"""Where ``ip netns add`` keeps namespaces."""

_CLONE_NEWNET = 0x40000000
"""setns(2): only a network namespace is accepted."""


def _enter(namespace: str) -> None:
    """Move the calling thread, and it alone, into a network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with (NAMESPACES / namespace).open("rb") as handle:
        if libc.setns(handle.fileno(), _CLONE_NEWNET) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), namespace)


def socket_in(namespace: str, family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    """Make a TCP socket inside a network namespace; it stays there, whoever uses it.

    Raises
    ------
    OSError
        If there is no such namespace, or the process may not enter it.
    """

    def make() -> socket.socket:
        _enter(namespace)
        return socket.socket(family, socket.SOCK_STREAM)

    # A thread of its own, which ends: one that has entered a namespace must never do other work.
    with ThreadPoolExecutor(1, thread_name_prefix=f"socket in {namespace}") as thread:
        return thread.submit(make).result()


def dial(namespace: str, address: str, port: int, timeout: float | None = None) -> socket.socket:
    """Connect to a TCP port as a program inside a network namespace would.

    Parameters
    ----------
    timeout
        Seconds for the connection, and for each later operation; None waits for ever.

    Raises
    ------
    OSError
        If there is no such namespace, or nothing answers.
    """
    connection = socket_in(namespace)
    try:
        connection.settimeout(timeout)
        connection.connect((address, port))
    except OSError:
        connection.close()
        raise
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection
