"""Whether a mesh is as its plan wants it: everybody reaches everybody, trusts whom it should, and is signed for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from infra.clustermesh import TRUST_ANNOTATION, trust_annotations
from ops.services.mesh.trusting import SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from infra.plan import ClusterPlan, FleetPlan
    from ops.services.mesh.trusting import Trusting
    from ops.services.observe.mesh import Peer
    from ops.services.observe.seen import Seen
    from ops.services.observe.snapshot import ClusterView, Snapshot

PARTS = frozenset({"workloads", "agents", "mesh_servers", "ways"})
"""What has to be looked at."""

WORKLOADS = frozenset({"cilium", "clustermesh-apiserver", "hubble-relay"})

_BACKDATED = timedelta(minutes=5)
"""What certgen's signer dates a certificate back by (cfssl)."""


def unsettled(
    plan: FleetPlan, seen: Snapshot, trusts: Mapping[str, Seen[Trusting]], *, lag: timedelta
) -> tuple[str, ...]:
    """List what is not as the plan wants it, a line each; nothing where the mesh is whole.

    Parameters
    ----------
    trusts
        By cluster, of those that were looked at.
    lag
        How long a running pod may take until it has a new certificate.
    """
    return tuple(
        f"{name}: {line}"
        for name, view in seen.clusters.items()
        for line in _cluster(plan, plan.clusters[name], view, trusts[name], seen.taken - lag)
    )


def _cluster(
    plan: FleetPlan, cluster: ClusterPlan, view: ClusterView, trust: Seen[Trusting], spread: datetime
) -> Iterator[str]:
    if view.unreachable:
        yield view.unreachable
        return
    yield from _workloads(view)
    yield from _trust(plan, cluster, trust)
    if cluster.meshed and plan.fleet.mesh.ca.next == "promoted" and trust.value is not None:
        yield from _spread(trust.value, spread)
    peers = {peer.name for peer in plan.peers(cluster.name)}
    yield from _mesh_servers(cluster, view, peers)
    for node, agent in view.agents.items():
        if agent.value is None:
            yield f"the agent on {node}: {agent.error}"
        else:
            yield from (f"the agent on {node}: {line}" for line in _peers(agent.value.peers, peers))


def _workloads(view: ClusterView) -> Iterator[str]:
    if view.workloads.value is None:
        yield view.workloads.error
    for each in view.workloads.get(()):
        if each.name in WORKLOADS and min(each.ready, each.updated) < each.desired:
            yield f"{each.name}: {min(each.ready, each.updated)} of {each.desired} pods are new and ready"


def _trust(plan: FleetPlan, cluster: ClusterPlan, trust: Seen[Trusting]) -> Iterator[str]:
    if trust.value is None:
        yield trust.error
        return
    found = trust.value
    count = len(plan.mesh.trust.trusted) if cluster.meshed else 1
    if len(found.bundle) != count:
        yield f"it trusts {len(found.bundle)} CAs, not {count}"
    wanted = [name for name in SECRETS if cluster.meshed or name.startswith("hubble")]
    if missing := [name for name in wanted if name not in found.signed]:
        yield f"not signed yet by the CA that signs: {', '.join(missing)}"
    generations = trust_annotations(plan, cluster)[TRUST_ANNOTATION]
    if old := [pod for pod, read in found.pods.items() if read != generations]:
        yield f"not started since it trusts others: {', '.join(sorted(old))}"


def _spread(trust: Trusting, spread: datetime) -> Iterator[str]:
    """Find certificates that running pods may not have yet: those signed after ``spread``."""
    if any(leaf.not_before + _BACKDATED > spread for leaf in trust.leaves.values()):
        yield "pods may not have the new certificates yet: these were signed too short a time ago"


def _mesh_servers(cluster: ClusterPlan, view: ClusterView, peers: set[str]) -> Iterator[str]:
    if cluster.meshed and not view.mesh_servers:
        yield "it has no mesh API server"
    for pod, server in view.mesh_servers.items():
        if server.value is None:
            yield f"{pod}: {server.error}"
            continue
        yield from (f"{pod}: {line}" for line in _peers(server.value.peers, peers))
        for peer, way in view.ways.get(pod, {}).items():
            # Tried just now: what is said of a connection may be two minutes old.
            if way.value is None or not way.value.works:
                why = way.error if way.value is None else next(iter(way.value.failures), "no answer")
                yield f"{pod}: no way to {peer}: {why}"


def _peers(found: Iterable[Peer], wanted: set[str]) -> Iterator[str]:
    known = {peer.name: peer for peer in found}
    for name in sorted(wanted - known.keys()):
        yield f"{name} is not known"
    for name in sorted(known.keys() - wanted):
        yield f"{name} is still known"
    for name in sorted(wanted & known.keys()):
        if not (known[name].connected and known[name].ready):
            yield f"{name}: {known[name].status}"
