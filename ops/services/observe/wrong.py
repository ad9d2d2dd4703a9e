"""What is not as it should be in one cluster, as it was seen. Causes are the business of ``hms diagnose``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.network_policies import KIND, network_policies
from infra.workloads import plan_workloads
from ops.services.observe.words import span
from ops.services.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.plan import FleetPlan
    from ops.services.observe.cilium import Operator
    from ops.services.observe.kubernetes import Node, Workload
    from ops.services.observe.seen import Seen
    from ops.services.observe.snapshot import ClusterView

_GOOD = frozenset({"Ok", "Disabled", ""})
"""States of a part of an agent that are no trouble; it says nothing of what is switched off."""

_LATE = 5.0
"""Seconds that an operator may be late to renew its lease, and that clocks may differ."""

_OLDER = 3
"""Minor versions that a kubelet may be older than its API server (Kubernetes' version skew policy)."""

_MINOR = re.compile(r"v?(\d+)\.(\d+)")


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """Something that is not as it should be.

    Parameters
    ----------
    cluster
        Empty where it is about all of them.
    what
        The thing: ``node aws-1-a``.
    says
        What it says, or what is said of it.
    """

    cluster: str
    what: str
    says: str

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {"cluster": self.cluster or None, "what": self.what, "says": self.says}


def wrong_in(view: ClusterView, plan: FleetPlan) -> Iterator[Wrong]:
    """List what is wrong with a cluster itself; nothing but its API server where that does not answer."""
    if view.unreachable:
        yield Wrong(cluster=view.name, what="API server", says=view.unreachable)
        return
    for what, says in (
        *_unreadable(view),
        *_nodes(view),
        *_agents(view),
        *_operator(view),
        *_workloads(view, plan),
        *_policies(view, plan),
        *_versions(view),
    ):
        yield Wrong(cluster=view.name, what=what, says=says)


def wrong_table(found: Iterable[Wrong]) -> Table:
    """Give what is wrong as a table: it stands before all others."""
    return Table(
        title="Not as it should be",
        head=("cluster", "what", "says"),
        rows=tuple((each.cluster or "all", each.what, each.says) for each in found),
    )


def is_late(operator: Seen[Operator]) -> bool:
    """Whether an operator has let its lease run out: it hangs, or is gone."""
    return operator.value is not None and _unrenewed(operator) > operator.value.lease + _LATE


_Said = tuple[str, str]


def _unreadable(view: ClusterView) -> Iterator[_Said]:
    for part in ("nodes", "pods", "workloads", "services", "policies", "config", "certificates", "cilium_nodes"):
        seen = getattr(view, part)
        if seen.failed:
            yield part.replace("cilium_", "Cilium's "), seen.error


def _nodes(view: ClusterView) -> Iterator[_Said]:
    nodes: tuple[Node, ...] = view.nodes.get(())
    for node in nodes:
        if not node.ready:
            yield f"node {node.name}", f"not ready: {node.reason}"
    for found in view.cilium_nodes.get(()):
        if found.error:
            yield f"addresses of node {found.name}", found.error


def _agents(view: ClusterView) -> Iterator[_Said]:
    for node, seen in view.agents.items():
        what = f"agent on {node}"
        if seen.value is None:
            yield what, seen.error
            continue
        if seen.value.state != "Ok":
            yield what, f"{seen.value.state}: {seen.value.message}"
        for name, state in (("health probes", seen.value.health), ("Hubble", seen.value.hubble)):
            if state not in _GOOD:
                yield f"{name} of the {what}", state


def _operator(view: ClusterView) -> Iterator[_Said]:
    seen = view.operator
    if seen.failed:
        yield "operator", seen.error
    elif seen.value is not None and is_late(seen):
        yield (
            "operator",
            f"{seen.value.holder} has not renewed its lease of {seen.value.lease} s for {span(_unrenewed(seen))}",
        )


def _unrenewed(seen: Seen[Operator]) -> float:
    """Seconds for which the lease has not been renewed."""
    return (seen.at - seen.value.renewed).total_seconds() if seen.value and seen.at else 0.0


def _workloads(view: ClusterView, plan: FleetPlan) -> Iterator[_Said]:
    if not view.workloads.known:
        return
    found: tuple[Workload, ...] = view.workloads.get(())
    for each in found:
        if each.ready < each.desired:
            yield f"{each.kind} {each.namespace}/{each.name}", _lacking(view, each)
    there = {(each.namespace, each.name) for each in found}
    for component in plan_workloads(plan, view.name).components:
        if component.runs and (component.namespace, component.name) not in there:
            yield f"component {component.name}", "is planned here and is not there"


def _lacking(view: ClusterView, workload: Workload) -> str:
    reasons = sorted(
        {
            pod.reason
            for pod in view.pods.get(())
            if not pod.ready and pod.reason and pod.namespace == workload.namespace and _is_of(pod.name, workload.name)
        }
    )
    return f"{workload.ready} of {workload.desired} ready" + (f": {'; '.join(reasons)}" if reasons else "")


def _is_of(pod: str, workload: str) -> bool:
    return pod.startswith(f"{workload}-")


def _policies(view: ClusterView, plan: FleetPlan) -> Iterator[_Said]:
    """Compare with the plan: a policy that only looks right lets through, or stops, what nobody declared."""
    if not view.policies.known:
        return
    there = {(each.namespace, each.name): each for each in view.policies.get(()) if each.kind == KIND}
    for component in plan_workloads(plan, view.name).components:
        for planned in network_policies(component):
            found = there.get((component.namespace, planned.name))
            what = f"policy {component.namespace}/{planned.name}"
            if found is None:
                yield what, "is planned and is not there"
            elif found.specs != (planned.spec,):
                yield what, "is not as planned"
    for policy in view.policies.get(()):
        if policy.valid:
            yield f"policy {policy.namespace or '(cluster-wide)'}/{policy.name}", policy.valid


def _versions(view: ClusterView) -> Iterator[_Said]:
    server = view.api.value.version if view.api.value else ""
    for node in view.nodes.get(()):
        newer = _minor(node.version) - _minor(server) if node.version and server else 0
        if newer > 0 or newer < -_OLDER:
            yield f"kubelet on {node.name}", f"is {node.version}, its API server {server}: too far apart"
    versions = {agent.value.version for agent in view.agents.values() if agent.value and agent.value.version}
    if len(versions) > 1:
        yield "agents", f"run different versions of Cilium: {', '.join(sorted(versions))}"


def _minor(version: str) -> int:
    found = _MINOR.match(version)
    return int(found[2]) if found else 0
