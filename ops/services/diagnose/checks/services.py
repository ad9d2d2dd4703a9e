"""Whether global services are there, and have backends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.workloads import plan_workloads
from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find global services that a cluster lacks or has otherwise than planned, and such without any backend."""
    backends: dict[tuple[str, str], int] = {}
    for name, (_, view) in case.clusters.items():
        found = {(each.namespace, each.name): each for each in view.services.get(())}
        for key, service in found.items():
            backends[key] = backends.get(key, 0) + (service.backends if service.shared else 0)
        if not view.services.known:
            continue
        for component in plan_workloads(case.plan, name).components:
            planned = component.service
            if not planned.is_global:
                continue
            seen = found.get((planned.namespace, planned.name))
            trouble = (
                "is not there, or not global"
                if seen is None
                else f"is {'' if seen.shared else 'not '}shared; planned is the opposite"
                if seen.shared != planned.shared
                else f"has the affinity {seen.affinity}; planned is {planned.affinity}"
                if seen.affinity != planned.affinity
                else ""
            )
            if trouble:
                yield Finding(
                    about=(name, planned.name),
                    saw=f"the global service {planned.namespace}/{planned.name} of {name} {trouble}",
                    why="Cilium joins services of one namespace and name, by their annotations: callers here do not "
                    "get the planned backends",
                    run=case.commands.kubectl(
                        name, f"--namespace {planned.namespace} get service {planned.name} -o yaml"
                    ),
                    needs=frozenset({things.api(name)}),
                )
    yield from _empty(case, backends)


def _empty(case: Case, backends: dict[tuple[str, str], int]) -> Iterator[Finding]:
    if not all(name in case.clusters and case.clusters[name][1].services.known for name in case.plan.clusters):
        # Backends of a cluster that was not looked at may be the ones.
        return
    for (namespace, service), number in sorted(backends.items()):
        if number:
            continue
        holders = [
            name
            for name in case.clusters
            if service in case.plan.fleet.components and name in case.plan.fleet.components[service].clusters
        ]
        yield Finding(
            about=(service,),
            saw=f"the global service {namespace}/{service} has no ready backend in any cluster",
            why="calls to it are refused at once, everywhere",
            run=case.commands.hms(f"logs {service}"),
            needs=frozenset(things.pods(name, namespace, service) for name in holders),
        )


CHECK = Check(
    id="services",
    title="Global services are as planned, and have backends",
    covers="a missing global service, wrong annotations, a service without backends anywhere",
    look=look,
)
