"""The volumes of a rendered pod, as folders: Secrets and ConfigMaps are written into them as kubelet would."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.errors import LabError

if TYPE_CHECKING:
    from pathlib import Path

    from lab.cluster.api import Api

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
"""Where a pod finds its service account."""

ACCOUNT = "serviceaccount"
"""Name of the volume that every pod has there."""

_TOKEN_SECONDS = 365 * 24 * 3600
"""Kubelet renews tokens, the lab does not."""

_ROOT_CA = "kube-root-ca.crt"
"""ConfigMap that kube-controller-manager puts into each namespace."""

Files = dict[str, bytes]


class _GoneError(LabError):
    """A Secret or ConfigMap is not there."""


@dataclass(frozen=True)
class Volume:
    """Where a volume's content is, in the space of the pod.

    Parameters
    ----------
    source
        Path of a folder or file.
    type
        Of a hostPath: what to make where nothing is there; empty for every other volume.
    """

    source: str
    type: str = ""


class Volumes:
    """The volumes of one pod.

    Parameters
    ----------
    folder
        Where they lie, as the pod's space names it; must be in memory, for Secrets are among them.
    view
        The same folder as the caller sees it.
    """

    def __init__(self, api: Api, namespace: str, spec: dict[str, Any], *, folder: str, view: Path) -> None:
        self._api = api
        self._namespace = namespace
        self._spec = spec
        self._folder = folder
        self._view = view

    def all(self) -> dict[str, Volume]:
        """Name every volume, :data:`ACCOUNT` among them."""
        found = {ACCOUNT: Volume(f"{self._folder}/{ACCOUNT}")}
        for volume in self._spec.get("volumes", ()):
            host = volume.get("hostPath")
            found[volume["name"]] = (
                Volume(host["path"], host.get("type", "")) if host else Volume(f"{self._folder}/{volume['name']}")
            )
        return found

    def write(self, *, running: bool = False) -> None:
        """Write what the API server has into the folders, in place: processes that run see it at once.

        Parameters
        ----------
        running
            The pod runs already: a volume whose Secret or ConfigMap is gone keeps what it has, as kubelet leaves it.

        Raises
        ------
        LabError
            If a Secret or ConfigMap that is not optional is not there, and the pod does not run yet.
        """
        for volume in self._spec.get("volumes", ()):
            if "hostPath" in volume:
                continue
            folder = self._view / volume["name"]
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if "emptyDir" in volume:
                continue
            try:
                content = self._content(volume)
            except _GoneError:
                if not running:
                    raise
            else:
                _put(folder, content)

    def write_account(self) -> None:
        """Write a new token of the pod's service account, and what else a pod finds beside it."""
        token = self._api.token(self._namespace, self._spec["serviceAccountName"], _TOKEN_SECONDS)
        root = self._object("ConfigMap", _ROOT_CA)
        files = {
            "token": token.encode(),
            "ca.crt": root["data"]["ca.crt"].encode(),
            "namespace": self._namespace.encode(),
        }
        folder = self._view / ACCOUNT
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put(folder, files)

    def key(self, kind: str, name: str, key: str) -> str | None:
        """Read one key of a ConfigMap, for an environment variable."""
        found = self._api.get("v1", kind, name, self._namespace)
        value = None if found is None else found.get("data", {}).get(key)
        return None if value is None else str(value)

    def _content(self, volume: dict[str, Any]) -> Files:
        if "projected" in volume:
            files: Files = {}
            for source in volume["projected"]["sources"]:
                files |= self._source(source)
            return files
        return self._source(volume)

    def _source(self, source: dict[str, Any]) -> Files:
        for key, kind, name in (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")):
            if key in source:
                wanted = source[key]
                found = self._object(kind, wanted.get(name) or wanted["name"], optional=wanted.get("optional", False))
                files = _decoded(found)
                items = wanted.get("items")
                return files if items is None else {i["path"]: files[i["key"]] for i in items if i["key"] in files}
        raise LabError(f"the lab knows no volume of {', '.join(source)}", "see lab/cilium/volumes.py")

    def _object(self, kind: str, name: str, *, optional: bool = False) -> dict[str, Any]:
        found = self._api.get("v1", kind, name, self._namespace)
        if found is None and not optional:
            raise _GoneError(
                f"{self._api.cluster} has no {kind} {name} in {self._namespace}, which a pod of Cilium mounts"
            )
        return found or {}


def _decoded(found: dict[str, Any]) -> Files:
    data = found.get("data") or {}
    if found.get("kind") == "Secret":
        return {name: base64.b64decode(content) for name, content in data.items()}
    return {name: content.encode() for name, content in data.items()}


def _put(folder: Path, files: Files) -> None:
    for path in folder.iterdir():
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        path = folder / name
        if not path.exists() or path.read_bytes() != content:
            fresh = folder / f".{name}.new"
            fresh.touch(mode=0o600)
            fresh.write_bytes(content)
            fresh.replace(path)
