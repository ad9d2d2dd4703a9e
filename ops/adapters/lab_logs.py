"""Logs of a lab: Cilium's programs write them into its folder; the rest are pods."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from infra.cilium import NAMESPACE
from ops.adapters.log_ports import Source
from ops.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.adapters.log_ports import Logs

_PROGRAMS = {
    "cilium": "cilium/*",
    "cilium-operator": "cilium-operator",
    "clustermesh-apiserver": "clustermesh-apiserver",
}
"""Folders of what is a process in a lab, below the cluster's; a log is called as its container is."""

_POLL = 0.2
"""Seconds between two looks at a log that is followed."""


class LabLogs:
    """The logs of one cluster of a lab.

    Parameters
    ----------
    folder
        The lab's.
    pods
        The logs of what runs in pods in a lab too.
    """

    def __init__(self, folder: Path, cluster: str, pods: Logs) -> None:
        self._folder = folder / "logs"
        self._cluster = cluster
        self._pods = pods

    def sources(self, component: str) -> tuple[Source, ...]:
        """List who writes logs; of Cilium's programs also where the API server is dead."""
        if component not in _PROGRAMS:
            return self._pods.sources(component)
        return tuple(
            Source(
                cluster=self._cluster,
                namespace=NAMESPACE,
                pod=str(file.parent.relative_to(self._folder / self._cluster)),
                container=file.stem,
                node=file.parent.name if component == "cilium" else "",
            )
            for file in sorted((self._folder / self._cluster).glob(f"{_PROGRAMS[component]}/*.log"))
        )

    def lines(self, source: Source, *, tail: int, follow: bool) -> Iterator[str]:
        """Give the last lines of a log, and those to come where it is followed."""
        file = self._folder / self._cluster / source.pod / f"{source.container}.log"
        return _read(file, tail, follow=follow) if file.exists() else self._pods.lines(source, tail=tail, follow=follow)


def _read(file: Path, tail: int, *, follow: bool) -> Iterator[str]:
    try:
        with file.open(encoding="utf-8", errors="replace") as log:
            yield from (line.rstrip("\n") for line in deque(log, tail))
            rest = ""
            while follow:
                rest += log.readline()
                if rest.endswith("\n"):
                    yield rest.rstrip("\n")
                    rest = ""
                else:
                    time.sleep(_POLL)
    except OSError as error:
        raise ClusterError(f"{file} cannot be read: {error.strerror}") from None
