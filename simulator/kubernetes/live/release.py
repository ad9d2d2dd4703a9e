"""The Cilium release: handed to the lab, which renders the real chart and runs what it makes."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.kind import Refused, Unfinished
from simulator.kubernetes.cluster import is_cilium
from simulator.kubernetes.live.control import NotDone, ask
from simulator.kubernetes.release import namespace_of
from simulator.operations import Cancelled

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.kind import Inputs, Outputs
    from simulator.kubernetes.live.lab import LabCluster
    from simulator.world import Record

_LOG: Final = logging.getLogger(__name__)
_DEFAULT_TIMEOUT: Final = 300
_SLACK_SECONDS: Final = 60.0
"""What the lab needs beyond the release's own timeout, to say that it has run out."""
_CONFIGURATION: Final = "cilium-config"
"""A ConfigMap that every Cilium release has: where it is not, there is no release."""


@dataclass(frozen=True)
class LiveRelease:
    """The releases of one real cluster."""

    cluster: LabCluster

    def put(self, context: Context, inputs: Inputs) -> Outputs:
        """Install or upgrade.

        Raises
        ------
        Refused
            The lab would not.
        Unfinished
            It is installed, and did not get ready.
        Cancelled
            The engine stopped before it began.
        """
        name, namespace = str(inputs.get("name")), namespace_of(context, inputs)
        if not is_cilium(inputs.get("chart")):
            # Its objects would need images that a lab does not have; the mesh does not need them.
            _LOG.warning(
                "release %s/%s on %s: the lab runs Cilium's chart only; %s stays simulated",
                namespace, name, self.cluster.name, inputs.get("chart"),
            )  # fmt: skip
            return {}
        if context.stop.is_set():
            raise Cancelled
        timeout = float(inputs.get("timeout") or context.timeout or _DEFAULT_TIMEOUT)
        question = {
            "verb": "release",
            "cluster": self.cluster.name,
            "name": name,
            "namespace": namespace,
            "version": inputs.get("version"),
            "values": inputs.get("values") or {},
            "skipAwait": inputs.get("skipAwait") is True,
            "timeout": int(timeout),
        }
        try:
            ask(self.cluster.control, question, stop=context.stop, seconds=timeout + _SLACK_SECONDS)
        except NotDone as unfinished:
            raise Unfinished(
                {},
                f'Helm release "{namespace}/{name}" was created, but failed to initialize completely. Use Helm CLI to '
                "investigate",
                str(unfinished),
            ) from None
        return {}

    def read(self, context: Context, record: Record) -> Record | None:
        """Return the record, or ``None`` if the lab has no such release (any more).

        Raises
        ------
        Refused
            The API server does not answer.
        """
        if not is_cilium(record.inputs.get("chart")):
            return record
        path = f"/api/v1/namespaces/{namespace_of(context, record.inputs)}/configmaps/{_CONFIGURATION}"
        return record if self.cluster.server.get(path, stop=context.stop) is not None else None

    def delete(self, context: Context, inputs: Inputs) -> None:
        """Uninstall.

        Raises
        ------
        Refused
            The lab would not, or has not ended in time.
        """
        if not is_cilium(inputs.get("chart")):
            return
        timeout = float(inputs.get("timeout") or context.timeout or _DEFAULT_TIMEOUT)
        question = {
            "verb": "release-delete",
            "cluster": self.cluster.name,
            "name": str(inputs.get("name")),
            "namespace": namespace_of(context, inputs),
        }
        try:
            ask(self.cluster.control, question, stop=context.stop, seconds=timeout + _SLACK_SECONDS)
        except NotDone as unfinished:
            raise Refused("Timeout", str(unfinished), status=504) from None
