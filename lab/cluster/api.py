"""A client of a cluster's API server, for the lab's own use."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.machine.web import Web

Object = dict[str, Any]
"""A Kubernetes object, as its JSON."""

MANAGER = "hms-lab"
"""Owner of the fields that the lab applies."""

_POLL = 0.1
"""Seconds between two looks at something that is waited for."""

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""All resources of the server in two answers (https://kubernetes.io/docs/concepts/overview/kubernetes-api/)."""


class ApiError(LabError):
    """The API server refused a request.

    Parameters
    ----------
    status
        HTTP status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class _Resource:
    plural: str
    namespaced: bool


class Api:
    """Reads and writes any kind of object, custom ones included. Safe to use from several threads.

    ``api_version`` and ``kind`` are what an object says of itself; ``namespace`` is left out for objects of the
    cluster, and in lists for all namespaces.
    """

    def __init__(self, cluster: str, web: Web) -> None:
        self.cluster = cluster
        self.web = web
        self._resources: dict[tuple[str, str], _Resource] = {}

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Object | None:
        """Read an object; None if it is not there."""
        try:
            return self._send("GET", self._path(api_version, kind, name, namespace))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def objects(self, api_version: str, kind: str, namespace: str = "", labels: str = "") -> list[Object]:
        """Read all objects of a kind, of one or all namespaces, that a label selector admits."""
        path = self._path(api_version, kind, "", namespace)
        items = self._send("GET", _query(path, labelSelector=labels))["items"]
        return [{"apiVersion": api_version, "kind": kind, **item} for item in items]

    def apply(self, wanted: Object) -> Object:
        """Make an object be as wanted (server-side apply); unknown fields are refused."""
        path = _query(self._path_of(wanted), fieldManager=MANAGER, force="true", fieldValidation="Strict")
        return self._send("PATCH", path, wanted, "application/apply-patch+yaml")

    def patch(self, change: Object, part: str = "") -> Object:
        """Merge a change, which names its object as any object names itself, into it or a part such as ``status``."""
        path = self._path_of(change) + (f"/{part}" if part else "")
        return self._send("PATCH", _query(path, fieldManager=MANAGER), change, "application/merge-patch+json")

    def delete(self, api_version: str, kind: str, name: str, namespace: str = "") -> None:
        """Delete an object and, afterwards, what it owns. One that is not there is no error."""
        try:
            path = self._path(api_version, kind, name, namespace)
            self._send("DELETE", _query(path, propagationPolicy="Background"))
        except ApiError as error:
            if error.status != 404:
                raise

    def token(self, namespace: str, account: str, seconds: int = 24 * 3600) -> str:
        """Make a token of a service account, as a pod of it would get one."""
        path = f"{self._path('v1', 'ServiceAccount', account, namespace)}/token"
        wanted = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": seconds},
        }
        return str(self._send("POST", path, wanted)["status"]["token"])

    def wait(self, what: str, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until a condition holds.

        Raises
        ------
        LabError
            If it does not in time; with ``what`` was waited for, such as ``two nodes are Ready``.
        """
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise LabError(f"{self.cluster}: not so within {seconds:.0f} s: {what}")
            time.sleep(_POLL)

    def _path_of(self, one: Object) -> str:
        metadata = one["metadata"]
        return self._path(one["apiVersion"], one["kind"], metadata["name"], metadata.get("namespace", ""))

    def _path(self, api_version: str, kind: str, name: str, namespace: str) -> str:
        resource = self._resource(api_version, kind)
        root = "/api/" if "/" not in api_version else "/apis/"
        path = root + api_version
        if resource.namespaced and namespace:
            path += f"/namespaces/{quote(namespace)}"
        elif resource.namespaced and name:
            raise LabError(f"{self.cluster}: {kind} {name} has no namespace", "name the namespace that it lives in")
        path += f"/{resource.plural}"
        return f"{path}/{quote(name)}" if name else path

    def _resource(self, api_version: str, kind: str) -> _Resource:
        key = (api_version, kind)
        if key not in self._resources:
            self._resources = self._discover()
        if key not in self._resources:
            raise LabError(f"{self.cluster} has no {kind} of {api_version}", "is its custom resource definition there?")
        return self._resources[key]

    def _discover(self) -> dict[tuple[str, str], _Resource]:
        found = {}
        for root in ("/api", "/apis"):
            for group in self._send("GET", root, accept=_DISCOVERY)["items"]:
                name = group["metadata"].get("name", "")
                for version in group["versions"]:
                    api_version = f"{name}/{version['version']}" if name else version["version"]
                    for one in version["resources"]:
                        key = (api_version, one["responseKind"]["kind"])
                        found[key] = _Resource(one["resource"], one["scope"] == "Namespaced")
        return found

    def _send(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        content: str = "application/json",
        accept: str = "application/json",
    ) -> Object:
        try:
            answer = self.web.request(
                method,
                path,
                body=None if body is None else json.dumps(body).encode(),
                headers={"Accept": accept, "Content-Type": content},
            )
        except OSError as error:
            raise LabError(
                f"{self.cluster}: the API server does not answer: {error}", "see whether it runs: hms lab status"
            ) from error
        if answer.status >= 300:
            what = path.partition("?")[0]
            raise ApiError(f"{self.cluster}: {method} {what}: {_reason(answer.body)}", answer.status)
        parsed: Object = json.loads(answer.body)
        return parsed


def _query(path: str, **parameters: str) -> str:
    return f"{path}?{urlencode(parameters)}"


def _reason(body: bytes) -> str:
    """Take the message out of a Status object; what is no such object (a probe, an overloaded server) is text."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace").strip()
