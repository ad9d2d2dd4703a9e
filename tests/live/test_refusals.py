"""What no policy lets in stays out: pods that no flow names, and pods of a cluster that no policy names."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from infra.workloads import namespace_of
from tests.live.dial import Call
from tests.live.guests import APP, GUEST, PORT, caller, dial_from_node, pod_manifest, policy, ready_pods
from tests.live.lab import until
from tests.live.watch import HERE, PEER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.adapters.kubernetes_ports import Pod
    from tests.live.guests import Guests
    from tests.live.lab import LiveLab

pytestmark = pytest.mark.lab

API = "api.hms-api.svc.cluster.local"
API_PORT = 8080
A2A = namespace_of("a2a")
STRANGER, DOOR = "stranger", "door"


@pytest.fixture(scope="module")
def stranger(lab: LiveLab) -> Iterator[Pod]:
    """A pod in the namespace of a component that calls ``api``; it is none of the component's."""
    core = lab.core(HERE)
    core.create_namespaced_pod(A2A, pod_manifest(STRANGER, {APP: STRANGER}))
    try:
        until("the stranger is ready", lambda: ready_pods(lab, HERE, f"{APP}={STRANGER}", A2A))
        yield ready_pods(lab, HERE, f"{APP}={STRANGER}", A2A)[0]
    finally:
        core.delete_namespaced_pod(STRANGER, A2A, grace_period_seconds=0)


@pytest.fixture(scope="module")
def door(guests: Guests) -> Pod:
    """A pod that lets in whom the test's policy names."""
    lab = guests.lab
    lab.core(HERE).create_namespaced_pod("hms-live", pod_manifest(DOOR, {APP: DOOR}))
    until("the door is ready", lambda: ready_pods(lab, HERE, f"{APP}={DOOR}"))
    return ready_pods(lab, HERE, f"{APP}={DOOR}")[0]


def refused(lab: LiveLab, source: Pod, destination: Pod, since: float, direction: str) -> bool:
    """Say whether an agent dropped what one pod sent to another, because of a policy."""
    node = source if direction == "egress" else destination
    return any(
        (drop.source, drop.direction, drop.reason) == (source.address, direction, "POLICY_DENIED")
        for drop in lab.drops(node, since)
    )


def test_a_pod_that_no_flow_names_reaches_nobody(lab: LiveLab, stranger: Pod) -> None:
    with lab.caller(HERE, "a2a") as component:
        assert component.call(API, API_PORT, seconds=6.0).failure is None
    since = time.time()
    # Silent: its name does resolve, and nothing comes back.
    assert caller(lab, stranger).call(API, API_PORT, seconds=2.0).failure == "silent"
    (other, *_) = lab.pods(PEER, "api")
    assert caller(lab, stranger).call(other.address, API_PORT, seconds=2.0).failure == "silent"
    until("the agent tells why", lambda: refused(lab, stranger, other, since, "egress"), 10)


def test_nobody_reaches_a_pod_that_no_flow_names(lab: LiveLab, stranger: Pod, guests: Guests) -> None:
    for cluster in (HERE, PEER):
        since = time.time()
        (guest, *_) = guests.pods(cluster)
        assert caller(lab, guest).call(stranger.address, PORT, seconds=2.0).failure == "silent"
        until("the agent tells why", lambda: refused(lab, guest, stranger, since, "ingress"), 10)  # noqa: B023


@pytest.mark.parametrize(
    ("named", "let_in"),
    [((HERE, PEER), {HERE, PEER}), ((PEER,), {PEER}), ((HERE,), {HERE}), ((), {HERE})],
    ids=["both", "the other", "the own", "none: the own is meant"],
)
def test_only_pods_of_the_clusters_that_a_policy_names_come_in(
    named: tuple[str, ...], let_in: set[str], lab: LiveLab, guests: Guests, door: Pod
) -> None:
    def came_in() -> set[str]:
        call = Call(host=door.address, port=PORT, octets=0)
        return {name for name in (HERE, PEER) if dial_from_node(lab, guests.pods(name)[0], [call], 1.5) != [[]]}

    policy(lab, HERE, DOOR, {APP: DOOR}, {APP: GUEST}, named)
    until(f"{let_in} come in, and nobody else", lambda: came_in() == let_in, 30)
    since = time.time()
    assert came_in() == let_in
    for name in {HERE, PEER} - let_in:
        guest = guests.pods(name)[0]
        until("the agent tells why", lambda: refused(lab, guest, door, since, "ingress"), 10)  # noqa: B023
