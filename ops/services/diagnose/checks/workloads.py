"""Whether Cilium's workloads and the components have all their pods ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.cilium import NAMESPACE
from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding
from ops.services.diagnose.warned import lacking, last_words, pods_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find workloads that lack ready pods, with what is said of these, and components that are not there."""
    for name, (_, view) in case.clusters.items():
        for workload in lacking(view):
            pods = [pod for pod in pods_of(view, workload) if not pod.ready]
            said = "; ".join(f"{pod.name} {pod.reason or pod.phase}" for pod in pods)
            words = last_words(view, workload)
            yield Finding(
                about=(name, workload.name),
                saw=f"{workload.kind} {workload.namespace}/{workload.name} of {name} has {workload.ready} of "
                f"{workload.desired} pods ready"
                + (f": {said}" if said else "")
                + (f"; last said: {words}" if words else ""),
                why="calls are answered by fewer pods, or by other clusters, or not at all"
                if workload.ours
                else "a part of Cilium or of the cluster's own services is missing",
                run=case.commands.hms(f"logs {workload.name} --cluster {name}")
                if pods
                else case.commands.kubectl(
                    name, f"--namespace {workload.namespace} describe {workload.kind.lower()} {workload.name}"
                ),
                needs=frozenset(
                    {
                        things.api(name),
                        things.pods(name, workload.namespace, workload.name),
                        *(
                            thing
                            for pod in pods
                            if pod.node
                            for thing in (things.node(pod.node), things.agent(pod.node))
                        ),
                        *((things.mesh(name),) if workload.name == "clustermesh-apiserver" else ()),
                        *((things.operator(name),) if workload.name == "cilium-operator" else ()),
                    }
                ),
            )
        yield from _missing(case, name)


def _missing(case: Case, cluster: str) -> Iterator[Finding]:
    view = case.clusters[cluster][1]
    if not view.workloads.known:
        return
    there = {each.name for each in view.workloads.get(()) if each.ours}
    planned = [name for name, spec in case.plan.fleet.components.items() if cluster in spec.clusters]
    missing = [name for name in planned if name not in there]
    if missing:
        yield Finding(
            about=(cluster, *missing),
            saw=f"{cluster} does not have the components {', '.join(missing)}",
            why="they are planned there, and were never deployed, or deleted since",
            run=case.commands.hms("status"),
            needs=frozenset({things.api(cluster)}),
        )
    if not any(each.namespace == NAMESPACE and each.name == "cilium" for each in view.workloads.get(())):
        yield Finding(
            about=(cluster,),
            saw=f"{cluster} has no DaemonSet kube-system/cilium",
            why="without Cilium no pod gets an address",
            run=case.commands.hms("status"),
            needs=frozenset({things.api(cluster)}),
        )


CHECK = Check(
    id="workloads",
    title="Cilium and the components have all their pods",
    covers="pods that crash, wait or cannot be placed; components that are not there",
    look=look,
)
