"""Global services: reached from the other cluster, and over to it and back when local pods die."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from infra.load import load_fleet
from infra.workloads import namespace_of
from tests.live.lab import DEV, until
from tests.live.stream import Stream, longest_loss
from tests.live.watch import HERE, PEER

if TYPE_CHECKING:
    from tests.live.conftest import Figures
    from tests.live.lab import LiveLab
    from tests.live.stream import Request

pytestmark = pytest.mark.lab

FLEET = load_fleet(DEV)
CRITICAL = [name for name, component in FLEET.components.items() if component.critical]

IN_A_ROW = 10
"""Requests after which it counts as settled who answers: a second of them."""

MOST_LOST = 15.0
"""Seconds without an answer when all local pods die at once; half a second is usual."""


def host_of(component: str) -> str:
    return f"{component}.{namespace_of(component)}.svc.cluster.local"


def names(lab: LiveLab, cluster: str, component: str) -> set[str]:
    return {pod.name for pod in lab.pods(cluster, component)}


def settled(requests: list[Request], pods: set[str]) -> bool:
    """Say whether the last requests were all answered by some of these pods."""
    last = [request.by for request in requests[-IN_A_ROW:]]
    return len(last) == IN_A_ROW and set(last) <= pods


def scale(lab: LiveLab, component: str, replicas: int) -> None:
    namespace = namespace_of(component)
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{component}"
    lab.api(HERE).patch(path, {"spec": {"replicas": replicas}})
    if replicas == 0:
        # At once, as when they die: nothing is said to them or waited for.
        lab.core(HERE).delete_collection_namespaced_pod(
            namespace, label_selector=f"app.kubernetes.io/name={component}", grace_period_seconds=0
        )


def test_pods_of_one_cluster_are_reached_from_the_other(lab: LiveLab) -> None:
    assert names(lab, PEER, "cdf") == set()
    with lab.caller(PEER, "nfo") as caller:
        reply = caller.call(host_of("cdf"), FLEET.components["cdf"].port, calls=20)
    assert reply.failure is None
    assert set(reply.answers) == names(lab, HERE, "cdf")


@pytest.mark.parametrize("component", CRITICAL)
def test_a_critical_component_fails_over_and_returns(component: str, lab: LiveLab, figures: Figures) -> None:
    calls = next(flow.from_ for flow in FLEET.flows if flow.to == component and names(lab, HERE, flow.from_))
    local, remote = names(lab, HERE, component), names(lab, PEER, component)
    assert len(local) == len(remote) == FLEET.components[component].replicas
    with (
        lab.caller(HERE, calls) as caller,
        Stream(caller, host_of(component), FLEET.components[component].port) as stream,
    ):
        begun = time.monotonic()
        until("local pods answer", lambda: settled(stream.since(begun), local))
        died = time.monotonic()
        try:
            scale(lab, component, 0)
            until("the other cluster answers", lambda: settled(stream.since(died), remote))
        finally:
            returned = time.monotonic()
            scale(lab, component, FLEET.components[component].replicas)
        back = until("local pods answer again", lambda: settled(stream.since(returned), names(lab, HERE, component)))
        until("all replicas are back", lambda: len(names(lab, HERE, component)) == len(local))
        again = time.monotonic()
        until("only local pods answer", lambda: settled(stream.since(again), names(lab, HERE, component)))
    assert names(lab, HERE, component).isdisjoint(local)
    lost, lost_back = longest_loss(stream.between(died, returned)), longest_loss(stream.since(returned))
    figures.add(f"{component} fails over to {PEER}", f"{lost:.1f} s without an answer")
    figures.add(f"{component} is back in {HERE}", f"after {back:.1f} s, {lost_back:.1f} s without an answer")
    assert lost < MOST_LOST
    assert lost_back < MOST_LOST
