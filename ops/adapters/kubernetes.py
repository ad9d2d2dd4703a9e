"""The API server of a cluster: objects as plain data, commands in containers and ports of pods, over WebSocket."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ops.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CONNECT = 5.0
_READ = 20.0
"""Seconds for a connection, and for an answer."""

_CONNECTIONS = 64
"""Connections that are kept: as many questions are asked at once."""

_GOODBYE = 1.0
"""Seconds to say that a connection ends; whoever does not listen any more is not waited for."""

_PIECE = 64 * 1024
"""Octets of a text that are read at once."""

_PROTOCOL = "v4.channel.k8s.io"
"""One octet for the channel before each frame's data."""

_OUT, _ERR, _STATUS = 1, 2, 3

_MERGE = "application/strategic-merge-patch+json"


class KubernetesApi:
    """One API server. Safe to use from several threads. Use :func:`kubernetes_api`."""

    def __init__(self, name: str, client: Any, patience: float = _READ) -> None:  # noqa: ANN401 - untyped library
        self.name = name
        self._client = client
        self._patience = patience

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Read an object or a list.

        Raises
        ------
        ClusterError
            If the API server does not answer, or refuses.
        """
        return self._request("GET", path, query)

    def lines(self, path: str, *, endless: bool, **query: str) -> Iterator[str]:
        """Read a text line by line, as it comes.

        Parameters
        ----------
        endless
            Whether it goes on for as long as somebody reads, however long nothing comes.

        Raises
        ------
        ClusterError
            As :meth:`get`; also later, where the connection breaks.
        """
        import urllib3

        response = self._call("GET", path, query, patience=None if endless else self._patience)
        if response.status >= 400:
            raise ClusterError(f"{self.name}: GET {path}: {_refusal(response.read()) or response.status}")
        rest = b""
        try:
            for octets in response.response.stream(_PIECE):
                *whole, rest = (rest + octets).split(b"\n")
                yield from (line.decode(errors="replace") for line in whole)
        except urllib3.exceptions.HTTPError as error:
            raise ClusterError(f"{self.name}: {path} broke off: {_first_line(error)}") from None
        finally:
            response.response.release_conn()
        if rest:
            yield rest.decode(errors="replace")

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Merge into an object; lists are merged by their keys.

        Raises
        ------
        ClusterError
            As :meth:`get`.
        """
        return self._request("PATCH", path, {}, body)

    def socket(self, path: str, query: list[tuple[str, str]]) -> Any:  # noqa: ANN401 - websocket-client has no types
        """Open a WebSocket to a subresource of a pod.

        Raises
        ------
        ClusterError
            If the API server, or the pod's kubelet, refuses.
        """
        import websocket
        from kubernetes.stream.ws_client import create_websocket

        configuration = self._client.configuration
        # The library has no argument for it, and would wait for ever for an API server that is silent.
        websocket.setdefaulttimeout(self._patience)
        url = f"ws{configuration.host.removeprefix('http')}{path}?{urlencode(query)}"
        try:
            return create_websocket(configuration, url, {**self._headers(), "sec-websocket-protocol": _PROTOCOL})
        except (websocket.WebSocketException, OSError) as error:
            raise ClusterError(f"{self.name}: {path.partition('/namespaces/')[2]}: {_first_line(error)}") from None

    def run(self, namespace: str, pod: str, container: str, command: list[str], *, seconds: float = 30.0) -> str:
        """Run a command in a container to its end, and give what it wrote.

        Raises
        ------
        ClusterError
            If it cannot be run, fails, or takes too long.
        """
        socket = self.socket(
            f"/api/v1/namespaces/{namespace}/pods/{pod}/exec",
            [
                ("container", container),
                ("stdout", "true"),
                ("stderr", "true"),
                *(("command", each) for each in command),
            ],
        )
        said: dict[int, bytes] = {_OUT: b"", _ERR: b"", _STATUS: b""}
        try:
            for channel, octets in frames(socket, time.monotonic() + seconds):
                said[channel] = said.get(channel, b"") + octets
        except TimeoutError:
            raise ClusterError(f"{self.name}: {command[0]} in {pod} did not end within {seconds:.0f} s") from None
        finally:
            hang_up(socket)
        status = json.loads(said[_STATUS] or b"{}")
        if status.get("status") != "Success":
            why = said[_ERR].decode(errors="replace").strip() or status.get("message", "the connection ended")
            raise ClusterError(f"{self.name}: {command[0]} in {pod} failed: {why}")
        return said[_OUT].decode(errors="replace")

    def _request(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        import urllib3

        response = self._call(method, path, query, body, patience=self._patience)
        try:
            octets = response.read()
        except urllib3.exceptions.HTTPError as error:
            raise self._silent(error) from None
        if response.status >= 400:
            raise ClusterError(f"{self.name}: {method} {path}: {_refusal(octets) or response.status}")
        found: dict[str, Any] = json.loads(octets)
        return found

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        *,
        patience: float | None,
    ) -> Any:  # noqa: ANN401 - untyped library
        import urllib3
        from kubernetes.client.rest import ApiException

        url = f"{self._client.configuration.host}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = self._headers() | ({"Content-Type": _MERGE} if body is not None else {})
        limits = (min(_CONNECT, self._patience), patience)
        try:
            return self._client.call_api(method, url, header_params=headers, body=body, _request_timeout=limits)
        except (ApiException, urllib3.exceptions.HTTPError) as error:
            raise self._silent(error) from None

    def _silent(self, error: Exception) -> ClusterError:
        return ClusterError(f"{self.name}: the API server does not answer: {_first_line(error)}")

    def _headers(self) -> dict[str, str]:
        # Asked each time: a token of a cloud's command line is renewed on the way.
        token = self._client.configuration.auth_settings().get("BearerToken")
        return {"Accept": "application/json, */*"} | ({"authorization": token["value"]} if token else {})


@contextmanager
def kubernetes_api(
    name: str, kubeconfig: Mapping[str, Any] | str | None, context: str | None = None, *, patience: float = _READ
) -> Iterator[KubernetesApi]:
    """Open a cluster.

    Parameters
    ----------
    name
        What the fleet calls it, for messages.
    kubeconfig
        Its content, or a file; None for the user's own.
    context
        Which of its contexts; the current one if none is named.
    patience
        Seconds to wait for an answer.

    Raises
    ------
    ClusterError
        If the kubeconfig cannot be used.
    """
    from kubernetes import client, config

    configuration = client.Configuration()
    # Once is enough: who waits for something asks again, and a dead cluster must not hold up the others.
    configuration.retries = False
    configuration.connection_pool_maxsize = _CONNECTIONS
    # The library puts keys into files, since TLS takes them from there only. Here they go with the context.
    with TemporaryDirectory(prefix="hms-") as folder:
        options = {
            "context": context,
            "client_configuration": configuration,
            "persist_config": False,
            "temp_file_path": folder,
        }
        try:
            if kubeconfig is None or isinstance(kubeconfig, str):
                config.load_kube_config(kubeconfig, **options)
            else:
                config.load_kube_config_from_dict(dict(kubeconfig), **options)
        except (config.ConfigException, OSError) as error:
            raise ClusterError(f"{name}: its kubeconfig cannot be used: {_first_line(error)}") from None
        with client.ApiClient(configuration) as opened:
            yield KubernetesApi(name, opened, patience)


def frames(socket: Any, until: float) -> Iterator[tuple[int, bytes]]:  # noqa: ANN401 - websocket-client has no types
    """Give the frames of a WebSocket as (channel, data) until the other side closes it.

    Parameters
    ----------
    until
        When to give up, as ``time.monotonic`` counts.

    Raises
    ------
    TimeoutError
        If it is not closed by then.
    """
    import websocket

    while True:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        socket.settimeout(left)
        try:
            opcode, octets = socket.recv_data()
        except websocket.WebSocketTimeoutException:
            raise TimeoutError from None
        except (websocket.WebSocketException, OSError):
            return
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return
        if octets:
            yield octets[0], octets[1:]


def hang_up(socket: Any) -> None:  # noqa: ANN401 - websocket-client has no types
    """Close a WebSocket without waiting for the other side to agree."""
    import websocket

    try:
        socket.settimeout(_GOODBYE)
        socket.send_close()
    except (websocket.WebSocketException, OSError):
        # It is closed from the other side.
        pass
    finally:
        socket.shutdown()


def _first_line(error: Exception) -> str:
    text = str(getattr(error, "reason", "") or error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def _refusal(octets: bytes) -> str:
    try:
        return str(json.loads(octets).get("message", ""))
    except (ValueError, AttributeError):
        return octets.decode(errors="replace").strip()[:200]
