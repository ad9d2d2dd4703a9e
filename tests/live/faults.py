"""Every fault of the lab, with what the mesh has to show meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lab.faults.configuration import OTHER_MAXIMUM
from tests.live.told import MESH_STATUS, STATUS, Told
from tests.live.watch import (
    ANSWERED,
    ANSWERED_THERE,
    BACK,
    CHANGE_BACK,
    CHANGE_THERE,
    CONFIGURATION,
    HERE,
    IGNORANT,
    IN_PART,
    INSIDE,
    LARGE,
    LEARNS,
    NOBODY,
    PEER,
    SERVICE,
    THERE,
    UNASKED,
    Seen,
)
from tests.ops.findings import CHECKS

if TYPE_CHECKING:
    from infra.plan import FleetPlan

_NOT_SYNCHRONISED = f"{HERE}: peer {PEER}: connected, but not synchronised"
_NO_AGENT = (
    f'{HERE}: agent on {HERE}-a: Get "http://localhost/v1/healthz": dial unix /var/run/cilium/cilium.sock: connect: '
    "connection refused"
)
_NO_MESH_SERVER = (
    f"{HERE}: mesh API server: Failed to retrieve status information: is KVStoreMesh running and serving the API on "
    "localhost:9889?"
)


@dataclass(frozen=True)
class Case:
    """A fault, done to one target.

    ``differs`` and ``status`` are what is not as in a whole mesh, ``shown_by`` the verbs that show it. ``then`` is
    another fault that is put in and taken out meanwhile, where the first shows only once something connects anew.
    """

    fault: str
    target: str
    differs: dict[str, str] = field(default_factory=dict)
    status: tuple[str, ...] = ()
    shown_by: tuple[str, ...] = (STATUS, MESH_STATUS)
    then: tuple[str, str] | None = None
    why: str = ""

    def expected(self, whole: Seen) -> Seen:
        return Seen({**whole.tried, **self.differs}, self.status)

    @property
    def told(self) -> Told:
        """What the command line has to tell: this cause, and no other."""
        return Told(self.shown_by, ((CHECKS[self.fault], self.target),))


def whole_mesh(plan: FleetPlan) -> Seen:
    """Give what a whole mesh shows."""
    return Seen(
        {
            INSIDE: ANSWERED,
            SERVICE: ANSWERED,
            THERE: ANSWERED_THERE,
            BACK: ANSWERED,
            LARGE: ANSWERED,
            CHANGE_THERE: LEARNS,
            CHANGE_BACK: LEARNS,
            CONFIGURATION: _configuration(plan),
        }
    )


def cases(plan: FleetPlan) -> tuple[Case, ...]:
    """Give every fault, the quickest to mend first."""
    (link,) = plan.links
    here, peer = plan.clusters[HERE], plan.clusters[PEER]
    across = {THERE: NOBODY, BACK: NOBODY, LARGE: NOBODY}
    certificate = Case(
        "certificate",
        HERE,
        {CHANGE_THERE: IGNORANT, CHANGE_BACK: IGNORANT},
        (f"{PEER}: peer {HERE}: connected, but not synchronised",),
        then=("mesh-api-server", PEER),
        why="It shows only once something connects anew; here, because the peer's mesh API server was restarted.",
    )
    return (
        Case(
            "link",
            link,
            {**across, CHANGE_THERE: IGNORANT, CHANGE_BACK: IGNORANT},
            shown_by=(MESH_STATUS,),
            why="Peers stay ready for up to two minutes: what is not ready is no sign, what does not arrive is.",
        ),
        Case(
            "mtu",
            link,
            {LARGE: NOBODY},
            shown_by=(MESH_STATUS,),
            why="Small packets pass, and so does all that asks whether the link is up.",
        ),
        Case(
            "agent",
            f"{HERE}-a",
            {CHANGE_BACK: UNASKED},
            (_NO_AGENT,),
            why="Packets go on: the kernel has what the agent put there.",
        ),
        Case(
            "kvstoremesh",
            HERE,
            {CHANGE_BACK: IGNORANT},
            (_NO_MESH_SERVER,),
            why="What was copied stays, so calls go on; nothing new is learned.",
        ),
        Case(
            "mesh-api-server",
            HERE,
            {CHANGE_THERE: IGNORANT, CHANGE_BACK: IGNORANT},
            (_NO_MESH_SERVER,),
            why="Both sides keep what they know, and learn nothing new.",
        ),
        Case(
            "api-server",
            HERE,
            {CHANGE_THERE: UNASKED, CONFIGURATION: UNASKED},
            (f"{HERE}: API server: does not answer",),
            why="Nothing can be changed; what runs goes on, and still learns of its peers.",
        ),
        certificate,
        replace(certificate, fault="ca"),
        Case(
            "maximum",
            HERE,
            {CHANGE_BACK: IGNORANT, CONFIGURATION: _configuration(plan, maximum=OTHER_MAXIMUM[plan.mesh.max_clusters])},
            (_NOT_SYNCHRONISED,),
            why="Only the side that is wrong refuses its peer; the other notices nothing.",
        ),
        Case(
            "pod-range",
            HERE,
            {CONFIGURATION: _configuration(plan, pods=str(peer.pod_cidr))},
            why="Nodes keep the ranges that they have, and nobody compares: it shows once two pods have one address.",
        ),
        Case(
            "cluster-id",
            HERE,
            {
                CHANGE_THERE: IGNORANT,
                CHANGE_BACK: IGNORANT,
                CONFIGURATION: _configuration(plan, number=peer.id),
            },
            (_NOT_SYNCHRONISED,),
            why=f"{PEER} still calls {HERE} ready: only agents compare, and only those of the cluster that is wrong.",
        ),
        Case(
            "node",
            f"{HERE}-b",
            {INSIDE: NOBODY, SERVICE: IN_PART, BACK: NOBODY, LARGE: NOBODY},
            (f"{HERE}: agent on {HERE}-b: node {HERE}-b does not run",),
            why="Its pods stay behind services until Kubernetes takes the node for lost, 20 s later.",
        ),
        Case(
            "cluster",
            HERE,
            {
                INSIDE: UNASKED,
                SERVICE: UNASKED,
                THERE: UNASKED,
                BACK: NOBODY,
                LARGE: NOBODY,
                CHANGE_THERE: UNASKED,
                CHANGE_BACK: UNASKED,
                CONFIGURATION: UNASKED,
            },
            (f"{here.name}: API server: does not answer",),
            why=f"{PEER} calls it ready for up to two minutes.",
        ),
    )


def _configuration(
    plan: FleetPlan, *, number: int | None = None, pods: str | None = None, maximum: int | None = None
) -> str:
    cluster = plan.clusters[HERE]
    return f"id {number or cluster.id}, pods {pods or cluster.pod_cidr}, maximum {maximum or plan.mesh.max_clusters}"
