"""A rendered pod as processes: each container runs in a root of its own, with the pod's volumes in their places."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.cilium.root import PRIVATE, script
from lab.cilium.volumes import ACCOUNT, TOKEN, Volumes
from lab.machine.processes import Program
from lab.machine.web import Web

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lab.cilium.images import Image
    from lab.cluster.api import Api
    from lab.machine.processes import Processes
    from lab.machine.spaces import Space

_FOLDER = "/run/hms"
"""Holds the folders of pods, in the space of each."""

_VARIABLE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


def entering(pod: str, container: str) -> tuple[str, ...]:
    """Give what runs a command as in a container, in the space of a pod that was made, whether it runs or not."""
    return (*PRIVATE, f"{_FOLDER}/{pod}/{container}.sh")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a pod's processes run.

    Parameters
    ----------
    network
        Name of the network namespace, for probes.
    root
        Root folder of the space as the lab sees it: ``/``, or ``/proc/<pid>/root`` of a node.
    node
        Name of the node.
    cgroup
        Called in each process before it starts, to put it where it belongs.
    """

    space: Space
    network: str
    root: Path = Path("/")
    node: str = ""
    cgroup: Callable[[], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Extra:
    """What the lab adds to a rendered pod.

    Parameters
    ----------
    env
        Set where the container does not set it itself, as kubelet does for the API server's address.
    args
        Appended to a container's arguments; the last one counts.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    args: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Pod:
    """A pod.

    Parameters
    ----------
    name
        Unique in the lab, such as ``aws-1/clustermesh-apiserver``; its programs are ``<name>/<container>``.
    workload
        The rendered Deployment or DaemonSet.
    """

    def __init__(  # noqa: PLR0913 - all that a pod is made of
        self,
        name: str,
        workload: dict[str, Any],
        *,
        image: Image,
        place: Place,
        api: Api,
        processes: Processes,
        extra: Extra,
    ) -> None:
        self.name = name
        self._spec = workload["spec"]["template"]["spec"]
        self._namespace = workload["metadata"]["namespace"]
        self._image = image
        self._place = place
        self._processes = processes
        self._extra = extra
        self._folder = f"{_FOLDER}/{name}"
        self._view = place.root / self._folder.lstrip("/")
        self._uid = ""
        self.volumes = Volumes(
            api, self._namespace, self._spec, folder=f"{self._folder}/volumes", view=self._view / "volumes"
        )

    def create(self) -> None:
        """Make it anew, with empty volumes and a new UID, and write its containers down."""
        for path in sorted(self._view.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        self._view.mkdir(mode=0o700, parents=True, exist_ok=True)
        # etcd's cluster token comes of it: with an old one, watches of peers would hang in silence.
        self._uid = str(uuid.uuid4())
        self.volumes.write()
        self.volumes.write_account()
        for container in self._containers():
            (self._view / f"{container['name']}.sh").write_text(self._script(container), encoding="utf-8")

    def run(self, container: str, *command: str, timeout: float = 60.0) -> str:
        """Run a command in the root of a container, an init container's own where none is given.

        Raises
        ------
        LabError
            If it fails; with what it said.
        """
        found = self._container(container)
        return self._processes.run(
            self._place.space, *self._enter(container), *(command or self._command(found)), timeout=timeout
        )

    def start(self, container: str) -> str:
        """Start a container, without waiting until it is ready.

        Returns
        -------
        The name of its program.
        """
        found = self._container(container)
        program = Program(
            name=f"{self.name}/{container}",
            command=(*self._enter(container), *self._command(found)),
            space=self._place.space,
            ready=self._probe(found),
            before=self._place.cgroup,
            comes_back=True,
        )
        self._processes.start(program)
        return program.name

    def _enter(self, container: str) -> tuple[str, ...]:
        return entering(self.name, container)

    def _containers(self) -> list[dict[str, Any]]:
        return [*self._spec.get("initContainers", ()), *self._spec["containers"]]

    def _container(self, name: str) -> dict[str, Any]:
        return next(one for one in self._containers() if one["name"] == name)

    def _command(self, container: dict[str, Any]) -> tuple[str, ...]:
        env = self._env(container)
        extra = self._extra.args.get(container["name"], ())
        words = (*container["command"], *container.get("args", ()))
        return (*(_VARIABLE.sub(lambda match: env.get(match[1], match[0]), word) for word in words), *extra)

    def _env(self, container: dict[str, Any]) -> dict[str, str]:
        env = {**self._image.env, **self._extra.env}
        for one in container.get("env", ()):
            value = one["value"] if "value" in one else self._value(one.get("valueFrom", {}))
            if value is not None:
                env[one["name"]] = value
        return env

    def _value(self, source: dict[str, Any]) -> str | None:
        if "configMapKeyRef" in source:
            wanted = source["configMapKeyRef"]
            return self.volumes.key("ConfigMap", wanted["name"], wanted["key"])
        if "fieldRef" in source:
            fields: dict[str, str] = {
                "spec.nodeName": self._place.node,
                "metadata.namespace": self._namespace,
                "metadata.uid": self._uid,
            }
            return fields[source["fieldRef"]["fieldPath"]]
        # A limit that the pod does not have: kubelet would give the node's whole memory.
        return None

    def _probe(self, container: dict[str, Any]) -> Callable[[], bool] | None:
        probe = container.get("startupProbe") or container.get("readinessProbe")
        if probe is None:
            return None
        get = probe["httpGet"]
        port = next(
            one["containerPort"] for one in container["ports"] if get["port"] in {one["name"], one["containerPort"]}
        )
        web = Web(self._place.network, "127.0.0.1", port)
        headers = {one["name"]: one["value"] for one in get.get("httpHeaders", ())}

        def ready() -> bool:
            try:
                return web.request("GET", get["path"], headers=headers, timeout=5.0).status == 200
            except OSError:
                return False

        return ready

    def _script(self, container: dict[str, Any]) -> str:
        volumes = self.volumes.all()
        mounts = [(one["name"], one["mountPath"]) for one in container.get("volumeMounts", ())]
        hosts = {"127.0.0.1": ["localhost"], "::1": ["localhost"]}
        return script(
            f"{self._folder}/root",
            self._image,
            mounts=[(volumes[name], path) for name, path in [(ACCOUNT, TOKEN), *mounts]],
            hosts=hosts | {one["ip"]: one["hostnames"] for one in self._spec.get("hostAliases") or ()},
            env=self._env(container),
        )
