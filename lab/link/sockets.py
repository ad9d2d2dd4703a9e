"""Sockets inside network namespaces, for this process: a socket stays where it was made."""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Value = TypeVar("_Value")

_CLONE_NEWNET = 0x40000000


def within(namespace: str, make: Callable[[], _Value]) -> _Value:
    """Call something in a namespace.

    A thread of its own enters the namespace and ends there: no other code ever runs in it by mistake.
    """
    made: list[_Value] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
            finally:
                os.close(descriptor)
            made.append(make())
        except BaseException as error:  # noqa: BLE001 - raised again below, in the caller's thread
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]


def icmp(namespace: str) -> socket.socket:
    """Open a raw ICMP socket."""
    return within(namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))


def listening(namespace: str) -> socket.socket:
    """Open a socket that sees every packet of a namespace, in and out."""
    everything = socket.htons(3)  # ETH_P_ALL
    return within(namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, everything))
