"""Kubernetes objects on a real API server: applied, waited for, read and deleted as pulumi-kubernetes does it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from simulator.kind import Refused, Unfinished, get
from simulator.kubernetes.cluster import gives_up_on_delete
from simulator.kubernetes.live.client import UNREACHABLE, Answer, group_path
from simulator.kubernetes.live.drift import inputs_as_found
from simulator.kubernetes.live.ready import Failed, is_awaited, lacks
from simulator.kubernetes.live.reasons import pod_reasons
from simulator.kubernetes.live.waiting import annotation, deadline, turns
from simulator.kubernetes.objects import cannot_delete, namespace_of, no_match, object_name, skips_await
from simulator.operations import Cancelled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs
    from simulator.kubernetes.live.lab import LabCluster
    from simulator.kubernetes.live.ready import Fetch
    from simulator.world import Record

_LOG: Final = logging.getLogger(__name__)
MANAGER: Final = "hms"
"""Field manager of everything that the program applies."""
_PATIENCE_SECONDS: Final = 60.0
"""How long the definition of a custom resource may take: an operator writes it when it starts."""
_MAY_SKIP_DELETE: Final = frozenset({"Namespace", "Pod", "DaemonSet", "Deployment", "StatefulSet", "Job"})
"""Kinds whose deletion is not waited for either where waiting is off (``allowsSkipAwaitWithDelete``)."""
_PROPAGATION: Final = {"orphan": "Orphan", "background": "Background"}


class _Place(NamedTuple):
    path: str
    namespace: str | None


@dataclass(frozen=True)
class LiveObject:
    """Objects of one kind in one real cluster.

    Parameters
    ----------
    cluster
        Where.
    api_version, kind
        What, as in ``apps/v1`` and ``Deployment``.
    """

    cluster: LabCluster
    api_version: str
    kind: str

    def put(self, context: Context, inputs: Inputs) -> Outputs:
        """Apply the object, and wait until it is ready.

        Raises
        ------
        Refused
            The API server would not take it.
        Unfinished
            It is there, and did not get ready in time.
        Cancelled
            The engine stopped before it was applied.
        """
        path, answer = self._apply(context, inputs)
        name = object_name(inputs)
        for warning in answer.warnings:
            _LOG.warning("%s %s on %s: %s", self.kind, name, self.cluster.name, warning)
        if skips_await(inputs) or not is_awaited(self.api_version, self.kind):
            return _outputs(answer.body)
        if not self.cluster.runs_pods:
            _LOG.warning("%s %s on %s: not awaited, the lab has no nodes", self.kind, name, self.cluster.name)
            return _outputs(answer.body)
        return self._await(context, inputs, path, answer)

    def read(self, context: Context, record: Record) -> Record | None:
        """Return the record as the cluster has it, or ``None`` if the object is gone.

        Raises
        ------
        Refused
            The API server does not answer.
        """
        place = self._place(context, record.inputs)
        live = self.cluster.server.get(place.path, stop=context.stop) if place else None
        return inputs_as_found(record, live, MANAGER).with_outputs(_outputs(live)) if live else None

    def delete(self, context: Context, inputs: Inputs) -> None:
        """Delete the object and wait until it is gone, what it owns first.

        Raises
        ------
        Refused
            The API server would not, or the object is still there after the time given.
        Cancelled
            The engine would not wait.
        """
        try:
            self._delete(context, inputs)
        except Refused as refused:
            if refused.code != UNREACHABLE:
                raise
            if not gives_up_on_delete(context):
                raise cannot_delete() from None

    def _delete(self, context: Context, inputs: Inputs) -> None:
        server, place, name = self.cluster.server, self._place(context, inputs), object_name(inputs)
        before = server.get(place.path, stop=context.stop) if place else None
        if place is None or before is None:
            return
        policy = _PROPAGATION.get(annotation(inputs, "deletionPropagationPolicy").lower(), "Foreground")
        # By its uid: another object that has taken its place meanwhile is not ours.
        uid = get(before, "metadata.uid")
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": policy,
            "preconditions": {"uid": uid},
        }
        try:
            server.request("DELETE", place.path, stop=context.stop, body=options)
        except Refused as refused:
            if refused.status == 404:
                return
            raise
        if self.kind in _MAY_SKIP_DELETE and skips_await(inputs):
            return
        live: dict[str, Any] | None = before
        for _ in turns(context, end := deadline(context, inputs)):
            live = server.get(place.path, stop=context.stop)
            if live is None or get(live, "metadata.uid") != uid:
                return
        if time.monotonic() < end:
            raise Cancelled
        held = ", ".join(get(live, "metadata.finalizers") or get(live, "spec.finalizers") or ()) or "none"
        raise Refused(
            "Timeout",
            f"'{name}' timed out waiting to be deleted; finalizers might be preventing deletion ({held})",
            status=504,
        )

    def _place(self, context: Context, inputs: Inputs) -> _Place | None:
        """Give where the object is; ``None`` while the server does not know the kind."""
        found = self.cluster.server.resource(self.api_version, self.kind, stop=context.stop)
        if found is None:
            return None
        namespace = namespace_of(context, inputs) if found.namespaced else None
        inside = f"/namespaces/{namespace}" if namespace is not None else ""
        return _Place(f"{group_path(self.api_version)}{inside}/{found.plural}/{object_name(inputs)}", namespace)

    def _apply(self, context: Context, inputs: Inputs) -> tuple[str, Answer]:
        """Apply by the server; a kind that is not there yet may come, as when an operator starts."""
        end = time.monotonic() + _PATIENCE_SECONDS
        missing = no_match(self.api_version, self.kind)
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict", "force": "true"}
        for _ in turns(context, end):
            place = self._place(context, inputs)
            if place is None:
                continue
            body: dict[str, Any] = _given({**inputs, "apiVersion": self.api_version, "kind": self.kind})
            if place.namespace is not None:
                body["metadata"] = {**body["metadata"], "namespace": place.namespace}
            try:
                return place.path, self.cluster.server.request(
                    "PATCH",
                    place.path,
                    stop=context.stop,
                    query=query,
                    body=body,
                    content="application/apply-patch+yaml",
                )
            except Refused as refused:
                # The kind's own path may follow its definition by a moment; a namespace that is missing does not come.
                if refused.status != 404 or refused.message.startswith("namespaces "):
                    raise
                missing = refused
        if time.monotonic() < end:
            raise Cancelled
        raise missing

    def _await(self, context: Context, inputs: Inputs, path: str, answer: Answer) -> Outputs:
        """Wait until the object is ready; whatever goes wrong now, it is there, and the engine must know of it."""

        def fetch(path: str, query: Mapping[str, str] | None = None) -> dict[str, Any] | None:
            return self.cluster.server.get(path, stop=context.stop, query=query)

        live, name, problems = answer.body, object_name(inputs), list[str]()
        failed = f"Resource '{name}' was created but failed to initialize"
        try:
            for _ in turns(context, end := deadline(context, inputs)):
                live, problems = _look(path, live, fetch, created=context.old is None)
                if not problems:
                    return _outputs(live)
            heading = (
                f"'{name}' timed out waiting to be Ready"
                if time.monotonic() >= end
                else f'Resource operation was cancelled for "{name}"'
            )
            problems += pod_reasons(live, fetch)
        except Failed as never:
            heading, problems = failed, [str(never), *pod_reasons(live, fetch)]
        except Refused as refused:
            heading, problems = failed, [*problems, str(refused)]
        raise Unfinished(_outputs(live), heading, *problems, *answer.warnings)


def _look(path: str, live: dict[str, Any], fetch: Fetch, *, created: bool) -> tuple[dict[str, Any], list[str]]:
    """Give the object as it is now, and what it lacks; a server that is away may be back at the next look."""
    try:
        found = fetch(path)
        if found is None:
            raise Unfinished(_outputs(live), f"'{get(live, 'metadata.name')}' was deleted while it was waited for")
        return found, lacks(found, fetch, created=created)
    except Refused as refused:
        if refused.code != UNREACHABLE:
            raise
        return live, [str(refused)]


def _given(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a value without what is null: to the server that is a field to apply, to the program one left out."""
    if isinstance(value, dict):
        return {name: _given(item) for name, item in value.items() if item is not None}
    return [_given(item) for item in value] if isinstance(value, list) else value


def _outputs(live: Mapping[str, Any]) -> Outputs:
    """Return a live object as outputs.

    Who owns which field is left out, as noise. A load balancer gets no address in a lab: where it has none, the status
    is left to the simulated cloud.
    """
    outputs = {**live, "metadata": {name: value for name, value in live["metadata"].items() if name != "managedFields"}}
    if get(live, "spec.type") == "LoadBalancer" and not get(live, "status.loadBalancer.ingress"):
        outputs.pop("status", None)
    return outputs
