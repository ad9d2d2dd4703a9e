"""Calls from inside a pod: Kubernetes' test program agnhost in an ephemeral container, which shares the pod's network.

The container only waits (``agnhost pause``) and stays with the pod, since none can be taken out again; the next test
uses it. What calls is a process in it, ``agnhost netexec``, which lives as long as the test: its ``/dial`` calls an
HTTP server, and is itself reached through the API server on the pod's loopback, where no policy applies.
https://github.com/kubernetes/kubernetes/tree/v1.36.3/test/images/agnhost
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ops.adapters.kubernetes import hang_up
from ops.adapters.kubernetes_forward import pod_port
from ops.adapters.kubernetes_ports import Failure, Reply
from ops.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.adapters.kubernetes import KubernetesApi
    from ops.adapters.kubernetes_forward import PodPort
    from ops.adapters.kubernetes_ports import Pod

IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
"""That of Kubernetes 1.36.3's own tests; looked at on 2026-11-24."""

CONTAINER = "hms-connectivity"

_START = 60.0
"""Seconds for the container: its image may have to be pulled."""

_SERVE = 15.0
"""Seconds for the process in it: a pod with a tenth of a processor needs several."""

_POLL = 0.2

_OWN_LIMIT = 5.0
"""Seconds after which ``/dial`` itself gives up a request."""

_LONGEST = 160
"""Characters of a message."""

_BROKEN_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"})

_WORDS: tuple[tuple[str, Failure], ...] = (
    ("lookup ", "name"),
    ("deadline exceeded", "silent"),
    ("Client.Timeout", "silent"),
    ("i/o timeout", "silent"),
    ("connection timed out", "silent"),
    ("connection refused", "refused"),
    ("no route to host", "unreachable"),
    ("network is unreachable", "unreachable"),
    # A socket's connect that Cilium's socket load balancer stops, since a service has no backend.
    ("operation not permitted", "unreachable"),
    ("connection reset", "cut"),
    ("broken pipe", "cut"),
    ("EOF", "cut"),
)
"""What Go's client says, by what it means; the first that fits."""


class PodCaller:
    """Calls from inside one pod. Safe to use from several threads: each has a connection of its own."""

    def __init__(self, api: KubernetesApi, pod: Pod, port: int) -> None:
        self._api = api
        self._pod = pod
        self._port = port

    def call(self, host: str, port: int, *, calls: int, octets: int, seconds: float) -> Reply:
        """Call an HTTP server, one call after the other, until one fails. Large requests are sent in one go."""
        answers: list[str] = []
        begun = time.monotonic()
        try:
            with pod_port(self._api, self._pod.namespace, self._pod.name, self._port) as connection:
                begun = time.monotonic()
                if octets:
                    return _dialled(connection, host, port, calls=calls, octets=octets, seconds=seconds)
                for _ in range(calls):
                    reply = _dialled(connection, host, port, calls=1, octets=0, seconds=seconds)
                    answers += reply.answers
                    if reply.failure is not None:
                        break
        except (ClusterError, OSError) as error:
            reply = Reply(failure="probe", told=f"no way into {self._pod.name}: {_end(str(error))}")
        return Reply(answers=tuple(answers), failure=reply.failure, told=reply.told, seconds=time.monotonic() - begun)


@contextmanager
def pod_caller(api: KubernetesApi, pod: Pod, port: int) -> Iterator[PodCaller]:
    """Start what calls in a pod, and stop it at the end.

    Parameters
    ----------
    port
        For it to listen on: one that no component uses.

    Raises
    ------
    ClusterError
        If it does not start.
    """
    container = _container(api, pod)
    command = ["/agnhost", "netexec", f"--http-port={port}", "--udp-port=-1"]
    # Without its output: nobody would read it, and a pipe that is full would hold it up.
    process = api.socket(
        f"{_path(pod)}/exec",
        [("container", container), ("stdin", "true"), *(("command", each) for each in command)],
    )
    try:
        _await_server(api, pod, port)
        yield PodCaller(api, pod, port)
    finally:
        # It would go on listening: closing the connection does not end a process.
        with suppress(ClusterError, OSError), pod_port(api, pod.namespace, pod.name, port) as connection:
            connection.get("/exit?code=0", 2.0)
        hang_up(process)


def failure_of(text: str) -> Failure:
    """Say what an error of Go's HTTP client means."""
    return next((failure for words, failure in _WORDS if words in text), "unreachable")


def _dialled(  # noqa: PLR0913 - what is called, and how
    connection: PodPort, host: str, port: int, *, calls: int, octets: int, seconds: float
) -> Reply:
    request = "hostname" + (f"?pad={'x' * octets}" if octets else "")
    path = "/dial?" + urlencode({"host": host, "port": port, "protocol": "http", "request": request, "tries": calls})
    patience = seconds if not octets else max(seconds, _OWN_LIMIT) * 3
    begun = time.monotonic()
    try:
        status, text = connection.get(path, patience)
    except TimeoutError:
        return Reply(failure="silent", seconds=time.monotonic() - begun)
    taken = time.monotonic() - begun
    if status != 200:
        return Reply(failure=failure_of(text), told=_end(text), seconds=taken)
    told: dict[str, Any] = json.loads(text)
    errors = [str(error) for error in told.get("errors", ())]
    return Reply(
        answers=tuple(told.get("responses", ())),
        failure=failure_of(errors[0]) if errors else None,
        told=_end(errors[0]) if errors else "",
        seconds=taken,
    )


def _container(api: KubernetesApi, pod: Pod) -> str:
    """Give the name of a running container of ours in a pod, made if there is none."""
    found = api.get(_path(pod))
    ours = {
        status["name"]: status.get("state", {})
        for status in found.get("status", {}).get("ephemeralContainerStatuses", ())
        if status["name"].startswith(CONTAINER)
    }
    name = next((name for name, state in ours.items() if "terminated" not in state), "")
    if not name:
        # One that has ended keeps its name for as long as the pod lives.
        name = f"{CONTAINER}-{len(ours)}" if ours else CONTAINER
        api.patch(f"{_path(pod)}/ephemeralcontainers", {"spec": {"ephemeralContainers": [_spec(name)]}})
    end = time.monotonic() + _START
    while True:
        statuses = api.get(_path(pod)).get("status", {}).get("ephemeralContainerStatuses", ())
        state: dict[str, Any] = next((status.get("state", {}) for status in statuses if status["name"] == name), {})
        if "running" in state:
            return name
        waiting = state.get("waiting", {})
        why = waiting.get("message") or waiting.get("reason") or "nothing is said of it"
        ended = "terminated" in state or waiting.get("reason") in _BROKEN_IMAGE
        if ended or time.monotonic() > end:
            raise ClusterError(f"{pod.place}: the container {name} in {pod.name} does not start: {why}")
        time.sleep(_POLL)


def _spec(name: str) -> dict[str, Any]:
    """Write the container as the restricted pod security standard wants it; the user is the pod's."""
    return {
        "name": name,
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/agnhost", "pause"],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def _await_server(api: KubernetesApi, pod: Pod, port: int) -> None:
    end = time.monotonic() + _SERVE
    while True:
        try:
            with pod_port(api, pod.namespace, pod.name, port) as connection:
                connection.get("/", 2.0)
                return
        except OSError as error:
            if time.monotonic() > end:
                raise ClusterError(f"{pod.place}: agnhost does not answer in {pod.name}: {error}") from None
        time.sleep(_POLL)


def _path(pod: Pod) -> str:
    return f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"


def _end(text: str) -> str:
    """Shorten a message to what went wrong: Go puts the whole request, and all that wraps the error, before it."""
    line = text.strip().partition("\n")[0]
    return line if len(line) <= _LONGEST else line[-_LONGEST:].partition(": ")[2] or line[-_LONGEST:]
