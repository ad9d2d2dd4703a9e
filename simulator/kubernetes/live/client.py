"""HTTP to a real API server, with the client certificate of a kubeconfig."""

# ruff: noqa: ANN401 - objects of the API are any JSON
from __future__ import annotations

import base64
import json
import os
import re
import ssl
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

import urllib3
import yaml
from urllib3.exceptions import HTTPError, SSLError

from simulator.kind import Refused

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping
    from pathlib import Path

UNREACHABLE: Final = "Unreachable"
"""Code of a refusal because nobody answered."""
_TIMEOUT: Final = urllib3.Timeout(connect=5.0, read=60.0)
_CONNECTIONS: Final = 64
"""Kept open; the engine may have more operations under way, which then open their own."""
_PATIENCE_SECONDS: Final = 30.0
"""How long an API server may be away: it is back a few seconds after it was restarted."""
_TRANSIENT: Final = frozenset({429, 503})
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 3.0
_WARNING: Final = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Answer:
    """What an API server answers: the object, and what it warns of (pod security, deprecated versions)."""

    body: dict[str, Any]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resource:
    """How a kind is called in paths, and whether its objects live in a namespace."""

    plural: str
    namespaced: bool


class ApiServer:
    """A real API server; safe to use from several threads.

    Parameters
    ----------
    url
        ``https://host:port``.
    tls
        Whom to trust and who we are.
    server_name
        Name in the server's certificate, where it is not the host.
    """

    def __init__(self, url: str, tls: ssl.SSLContext, server_name: str | None = None) -> None:
        parts = urlsplit(url)
        self.url = url
        self._resources: dict[tuple[str, str], Resource] = {}
        named: dict[str, Any] = (
            {"server_hostname": server_name, "assert_hostname": server_name} if server_name is not None else {}
        )
        self._pool = urllib3.HTTPSConnectionPool(
            str(parts.hostname), parts.port, ssl_context=tls, timeout=_TIMEOUT, maxsize=_CONNECTIONS, **named
        )

    def request(  # noqa: PLR0913 - the parts of an HTTP request
        self,
        method: str,
        path: str,
        *,
        stop: threading.Event,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content: str = "application/json",
    ) -> Answer:
        """Ask, again and again while the server is only away for a moment.

        Every request of this simulator may be repeated: it applies, reads or deletes by name.

        Parameters
        ----------
        stop
            Set when nobody waits any longer.

        Raises
        ------
        Refused
            The server said no, in its own words and with its own status; 503 where it does not answer.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        data = json.dumps(body, ensure_ascii=False).encode() if body is not None else None
        end, pause = time.monotonic() + _PATIENCE_SECONDS, _FIRST_PAUSE
        while True:
            wait = pause
            try:
                response = self._pool.request(
                    method, target, body=data, headers={"Content-Type": content, "Accept": "application/json"},
                    retries=False, redirect=False,
                )  # fmt: skip
            except HTTPError as error:
                refused = Refused(UNREACHABLE, f"{self.url} does not answer: {error}", status=503)
                if isinstance(error, SSLError) and "certificate" in str(error).lower():
                    raise refused from None
            else:
                if response.status < 300:
                    warnings = (_WARNING.match(text) for text in response.headers.getlist("Warning"))
                    told = tuple(found.group(1).replace('\\"', '"') for found in warnings if found)
                    return Answer(_json(response.data), told)
                refused = _refused(response.status, _json(response.data))
                if response.status not in _TRANSIENT:
                    raise refused
                wait = max(pause, _seconds(response.headers.get("Retry-After")))
            if time.monotonic() + wait > end or stop.wait(wait):
                raise refused
            pause = min(2 * pause, _LONGEST_PAUSE)

    def get(self, path: str, *, stop: threading.Event, query: Mapping[str, str] | None = None) -> dict[str, Any] | None:
        """Read an object or a list; ``None`` where there is none.

        Raises
        ------
        Refused
            As `request` does, 404 left out.
        """
        try:
            return self.request("GET", path, stop=stop, query=query).body
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def resource(self, api_version: str, kind: str, *, stop: threading.Event) -> Resource | None:
        """Tell what a kind is called in paths; ``None`` while the server does not know it."""
        if (known := self._resources.get((api_version, kind))) is not None:
            return known
        for one in (self.get(group_path(api_version), stop=stop) or {}).get("resources") or ():
            if "/" not in one["name"]:  # deployments/status and the like
                self._resources[api_version, str(one["kind"])] = Resource(str(one["name"]), bool(one["namespaced"]))
        return self._resources.get((api_version, kind))


def group_path(api_version: str) -> str:
    """Give the path of a version of an API group: ``/api/v1``, ``/apis/apps/v1``."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _json(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        return {"message": data[:300].decode(errors="replace").strip()}
    return found if isinstance(found, dict) else {}


def _refused(status: int, body: Mapping[str, Any]) -> Refused:
    """Give the server's refusal (a ``Status`` object) as a cloud's."""
    return Refused(str(body.get("reason") or f"HTTP {status}"), str(body.get("message") or "no reason"), status=status)


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdigit() else 0.0


@lru_cache(maxsize=64)
def api_server(kubeconfig: Path) -> ApiServer:
    """Give the API server of a kubeconfig, always the same client for the same file.

    Raises
    ------
    ValueError
        It names no server, or has no client certificate in it; without any part of the file.
    OSError
        It cannot be read.
    """
    try:
        document = yaml.safe_load(kubeconfig.read_text())
        chosen = _named(document, "context", document["current-context"])
        cluster, user = _named(document, "cluster", chosen["cluster"]), _named(document, "user", chosen["user"])
        tls = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]))
        _identify(tls, _decoded(user["client-certificate-data"]) + "\n" + _decoded(user["client-key-data"]))
        return ApiServer(str(cluster["server"]), tls, cluster.get("tls-server-name"))
    except (KeyError, TypeError, StopIteration, ValueError, yaml.YAMLError):
        raise ValueError(
            f"{kubeconfig}: no kubeconfig with a server, its CA and a client certificate and key (as data)"
        ) from None


def _named(document: Mapping[str, Any], kind: str, name: str) -> Any:
    return next(one[kind] for one in document[f"{kind}s"] if one["name"] == name)


def _decoded(data: str) -> str:
    return base64.b64decode(data).decode()


def _identify(tls: ssl.SSLContext, pem: str) -> None:
    """Load certificate and key, which Python only takes from a file: one in memory, so that no key meets a disk."""
    handle = os.memfd_create("client")
    try:
        with os.fdopen(os.dup(handle), "w") as file:
            file.write(pem)
        tls.load_cert_chain(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
