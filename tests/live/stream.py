"""A request every tenth of a second from inside a pod, to see what is lost and who answers."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from ops.adapters.kubernetes_forward import PodPort, pod_port
from ops.errors import ClusterError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.live.lab import Caller

TICK = 0.1
PATIENCE = 1.0
"""Seconds after which a request is lost, where nothing else is said."""

_SPARE = 4
"""Connections more than requests can be waiting at once."""

IN_A_ROW = 10
"""Requests after which it counts as settled who answers: a second of them."""


@dataclass(frozen=True, order=True)
class Request:
    """When it was sent, and which pod answered; empty where none did."""

    sent: float
    by: str


@dataclass
class Stream:
    """Requests to a service, from entering to leaving.

    ``patience`` are the seconds after which a request is lost.
    """

    caller: Caller
    host: str
    port: int
    patience: float = PATIENCE
    _made: list[Request] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _local: threading.local = field(default_factory=threading.local)
    _ways: list[AbstractContextManager[PodPort]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(int(self.patience / TICK) + _SPARE)
        self._clock = threading.Thread(target=self._tick)
        self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._clock.join()
        self._pool.shutdown()
        for way in self._ways:
            way.__exit__(None, None, None)

    def since(self, moment: float) -> list[Request]:
        """Give the requests that were sent after a moment (``time.monotonic``) and have ended, in order."""
        return self.between(moment, float("inf"))

    def between(self, moment: float, end: float) -> list[Request]:
        return sorted(request for request in list(self._made) if moment <= request.sent < end)

    def _tick(self) -> None:
        while not self._ended.wait(TICK):
            self._pool.submit(self._one)

    def _one(self) -> None:
        sent = time.monotonic()
        try:
            query = {"host": self.host, "port": self.port, "protocol": "http", "request": "hostname", "tries": 1}
            _, text = self._way().get(f"/dial?{urlencode(query)}", self.patience)
            answers = json.loads(text).get("responses", [])
        except (OSError, ClusterError, ValueError):
            self._local.way = None
            answers = []
        self._made.append(Request(sent, answers[0] if answers else ""))

    def _way(self) -> PodPort:
        """Give the thread's own connection; one whose answer is still under way cannot be used again."""
        way: PodPort | None = getattr(self._local, "way", None)
        if way is None:
            pod = self.caller.pod
            opened = pod_port(self.caller.api, pod.namespace, pod.name, self.caller.port)
            way = self._local.way = opened.__enter__()
            self._ways.append(opened)
        return way


def longest_loss(requests: list[Request]) -> float:
    """Give the seconds from the first lost request of the longest row to the next one that was answered."""
    longest, first = 0.0, None
    for request in requests:
        if request.by and first is not None:
            longest, first = max(longest, request.sent - first), None
        elif not request.by and first is None:
            first = request.sent
    return longest


def settled(requests: list[Request], pods: set[str]) -> bool:
    """Say whether the last requests were all answered by some of these pods."""
    last = [request.by for request in requests[-IN_A_ROW:]]
    return len(last) == IN_A_ROW and set(last) <= pods
