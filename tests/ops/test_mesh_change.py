"""Changing the mesh: which clusters are in it, when the file is written, and when the mesh counts as whole."""

from __future__ import annotations

import base64
import datetime as dt
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra.model import Authority
from ops.adapters.fleet_file import FleetFile
from ops.errors import ClusterError, EngineError, RefusedError
from ops.services.check import read_plan
from ops.services.clusters import Clusters
from ops.services.mesh import live
from ops.services.mesh.change import MeshChange
from ops.services.mesh.live import Live
from ops.services.mesh.membership import edited
from ops.services.mesh.rotation import edited as rotated
from ops.services.mesh.settled import unsettled
from ops.services.mesh.trusting import BUNDLE, SECRETS, Trusting, trusting
from ops.services.observe.cilium import Certificate
from ops.services.observe.kubernetes import ApiServer, Workload
from ops.services.observe.mesh import MeshServer, Peer, Way
from ops.services.observe.seen import Seen
from ops.services.observe.snapshot import ClusterView, Snapshot
from tests.infra.test_helm_template import authority
from tests.ops.fakes import Person, failed, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.plan import FleetPlan
    from ops.services.mesh.membership import Change
    from tests.ops.fakes import Bench

FLEET = """\
name: test   # a fleet
tags: {owner: tests, costCenter: tests}
sites:
  a: {cloud: aws, region: us-east-1, cidr: 10.16.0.0/16}
  b: {cloud: aws, region: us-west-2, cidr: 10.17.0.0/16}
  c: {cloud: azure, region: eastus, cidr: 10.18.0.0/16}
links:
  - sites: [a, b]   # the only one
clusters:
  one: {site: a, id: 1}
  two:
    site: b
    id: 2
    meshed: false   # not yet
  three: {site: c, id: 3, meshed: false}
"""
PATH = Path("fleet.yaml")


def joined(change: Change, *clusters: str) -> str:
    return edited(FleetFile(PATH, FLEET, FLEET), read_plan(FLEET, PATH), change, clusters).text


def test_enabling_a_cluster_changes_its_field() -> None:
    assert joined("enable", "two") == FLEET.replace("meshed: false   # not yet", "meshed: true   # not yet")


def test_enabling_what_is_in_the_mesh_changes_nothing() -> None:
    assert joined("enable", "one") == FLEET


def test_enabling_without_a_link_is_refused_with_the_link() -> None:
    with pytest.raises(RefusedError) as refused:
        read_plan(joined("enable", "three"), PATH)
    assert "- sites: [a, c]" in refused.value.details[0]


def test_connecting_adds_the_links_that_are_missing() -> None:
    text = joined("connect", "two", "three")
    assert text == (
        FLEET.replace("meshed: false   # not yet", "meshed: true   # not yet")
        .replace("id: 3, meshed: false", "id: 3, meshed: true")
        .replace("# the only one\n", "# the only one\n  - sites: [a, c]\n  - sites: [b, c]\n")
    )
    assert [cluster.meshed for cluster in read_plan(text, PATH).clusters.values()] == [True, True, True]
    assert joined("connect", "two") == joined("enable", "two"), "sites outside the mesh need no link"


def test_disconnecting_leaves_links_alone() -> None:
    assert joined("disconnect", "one") == FLEET.replace("{site: a, id: 1}", "{site: a, id: 1, meshed: false}")


def test_a_cluster_that_the_fleet_does_not_have_is_named() -> None:
    with pytest.raises(RefusedError, match="no cluster 'four'") as refused:
        joined("disconnect", "four")
    assert refused.value.fix == "one of one, two, three"


# How a change goes on.


@dataclass
class FakeMesh:
    """Says in turn what is missing."""

    missing: list[tuple[str, ...]] = field(default_factory=list)
    plans: list[FleetPlan] = field(default_factory=list)

    def unsettled(self, plan: FleetPlan) -> tuple[str, ...]:
        self.plans.append(plan)
        return self.missing.pop(0) if self.missing else ()

    def wait(self, plan: FleetPlan, *, seconds: float, say: Callable[[str], None]) -> float:
        self.plans.append(plan)
        say(f"waits {seconds:.0f} s")
        return 1.5


@dataclass
class Changing:
    bench: Bench
    path: Path
    mesh: FakeMesh | None
    said: list[str] = field(default_factory=list)

    def change(self) -> MeshChange:
        @contextmanager
        def opened(_: FleetPlan) -> Iterator[FakeMesh | None]:
            yield self.mesh

        return MeshChange(deploy=self.bench.deploy, open_mesh=opened, say=self.said.append, seconds=60)

    def run(self, ask: Person | None = None) -> bool:
        file = rotated(FleetFile.load(self.path), Authority(next="created"))
        plan = read_plan(file.text, self.path)
        job = replace(self.bench.job(ask=ask), plan=plan, fleet=self.path)
        return self.change().run(job, file)

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")


DEV = Path("fleets/dev.yaml").read_text(encoding="utf-8")


@pytest.fixture
def changing(bench: Bench, tmp_path: Path) -> Changing:
    path = tmp_path / "dev.yaml"
    path.write_text(DEV, encoding="utf-8")
    bench.engine.states = {stack: standing(stack) for stack in ("aws-dev", "azure-dev")}
    return Changing(bench, path, FakeMesh())


def test_a_change_is_shown_agreed_to_written_deployed_and_waited_for(changing: Changing) -> None:
    person = Person([True])
    assert changing.run(person)
    assert changing.bench.engine.runs == [
        ("preview", "aws-dev"),
        ("preview", "azure-dev"),
        ("up", "aws-dev"),
        ("up", "azure-dev"),
    ]
    assert person.asked == [f"Change {changing.path} and deploy aws-dev, azure-dev?"]
    assert "next: created" in changing.text
    assert changing.mesh is not None
    assert [plan.fleet.mesh.ca.next for plan in changing.mesh.plans] == ["created"]
    assert changing.said == [
        f"{changing.path} is changed",
        "waits 60 s",
        "the mesh is whole, 1.5 s after it was deployed",
    ]


def test_who_says_no_keeps_the_file_and_the_stacks(changing: Changing) -> None:
    assert not changing.run(Person([False]))
    assert changing.text == DEV
    assert ("up", "aws-dev") not in changing.bench.engine.runs


def test_a_preview_that_fails_keeps_the_file(changing: Changing) -> None:
    changing.bench.engine.results["preview", "azure-dev"] = failed("no")
    with pytest.raises(EngineError):
        changing.run(Person([True]))
    assert changing.text == DEV


def test_a_deployment_that_fails_leaves_in_the_file_what_is_wanted(changing: Changing) -> None:
    changing.bench.engine.results["up", "azure-dev"] = failed("no")
    with pytest.raises(EngineError):
        changing.run()
    assert "next: created" in changing.text


def test_simulated_clouds_have_no_mesh_to_wait_for(changing: Changing) -> None:
    changing.mesh = None
    assert changing.run()
    assert changing.said[-1] == "on simulated clouds there is no mesh to wait for"


def test_a_step_does_not_begin_on_a_mesh_that_is_not_whole(changing: Changing) -> None:
    changing.mesh = FakeMesh([("aws-1: azure-1 is not known",)])
    with pytest.raises(RefusedError, match="nothing was changed") as refused:
        changing.change().refuse_unsettled(changing.bench.plan)
    assert refused.value.details == ("  aws-1: azure-1 is not known",)
    changing.change().refuse_unsettled(changing.bench.plan)


# When the mesh is whole.

NOW = dt.datetime.now(dt.UTC)
OLD = NOW - dt.timedelta(hours=1)


def certificate(name: str, *, signed_by: str = "ca-1", since: dt.datetime = OLD) -> Certificate:
    return Certificate(
        secret=f"kube-system/{name}",
        entry="tls.crt",
        subject=name,
        issuer="",
        authority=False,
        key_id="",
        issuer_key_id="",
        fingerprint=name,
        serial="1",
        not_before=since,
        not_after=NOW,
        signed_by=(signed_by,),
    )


def trust(*cas: str, signer: str = "", pods: str = "1", since: dt.datetime = OLD) -> Trusting:
    signer = signer or cas[0]
    return Trusting(
        bundle=tuple(certificate(ca) for ca in cas),
        leaves={name: certificate(name, signed_by=signer, since=since) for name in SECRETS},
        pods={"cilium-x": pods},
    )


def peer(name: str, **more: Any) -> Peer:
    told = {
        "connected": True, "ready": True, "status": "etcd: 1/1 connected", "nodes": 2, "identities": 1, "endpoints": 1,
        "services": 1, "failures": 0, "last_failure": None, "cluster_id": 1, "synced": None, "raw": {},
    }  # fmt: skip
    return Peer(name=name, **{**told, **more})


def view(name: str, *peers: Peer, works: bool = True, ready: int = 2) -> ClusterView:
    other = "azure-1" if name == "aws-1" else "aws-1"
    way = Way(peer=other, works=works, failures=() if works else ("tls: bad certificate",), text="")
    workload = Workload(
        kind="DaemonSet", namespace="kube-system", name="cilium", desired=2, ready=ready, updated=2, image=""
    )
    return ClusterView(
        name=name,
        api=Seen(value=ApiServer(version="v1.36.3")),
        workloads=Seen(value=(workload,)),
        mesh_servers={"server": Seen(value=MeshServer(peers=peers, raw=()))},
        ways={"server": {other: Seen(value=way)}},
    )


def whole(views: dict[str, ClusterView] | None = None) -> Snapshot:
    seen = {"aws-1": view("aws-1", peer("azure-1")), "azure-1": view("azure-1", peer("aws-1"))} | (views or {})
    return Snapshot(fleet="dev", where="here", taken=NOW, seconds=0.1, clusters=seen)


def plan_at(stage: Authority) -> FleetPlan:
    return read_plan(rotated(FleetFile(PATH, DEV, DEV), stage).text, PATH)


def missing(
    stage: Authority | None = None,
    views: dict[str, ClusterView] | None = None,
    trusts: Trusting | None = None,
    lag: float = 0.0,
) -> list[str]:
    found = Seen(value=trusts or trust("ca-1"))
    plan = plan_at(stage or Authority())
    seen = {"aws-1": found, "azure-1": Seen(value=trust("ca-1")) if stage is None else found}
    return list(unsettled(plan, whole(views), seen, lag=dt.timedelta(seconds=lag)))


def test_a_mesh_as_it_is_planned_lacks_nothing() -> None:
    assert missing() == []
    assert missing(Authority(next="trusted"), trusts=trust("ca-1", "ca-2", pods="1,2")) == []
    assert missing(Authority(next="promoted"), trusts=trust("ca-2", "ca-1", pods="1,2"), lag=120) == []
    assert missing(Authority(generation=2), trusts=trust("ca-2", pods="2")) == []


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (view("aws-1"), "server: azure-1 is not known"),
        (view("aws-1", peer("azure-1"), peer("west-1")), "server: west-1 is still known"),
        (view("aws-1", peer("azure-1", ready=False, status="connecting")), "server: azure-1: connecting"),
        (view("aws-1", peer("azure-1", connected=False, status="lost")), "server: azure-1: lost"),
        (view("aws-1", peer("azure-1"), works=False), "server: no way to azure-1: tls: bad certificate"),
        (view("aws-1", peer("azure-1"), ready=1), "cilium: 1 of 2 pods are new and ready"),
        (ClusterView(name="aws-1", api=Seen(error="no route to host")), "no route to host"),
        (replace(view("aws-1", peer("azure-1")), mesh_servers={}, ways={}), "it has no mesh API server"),
        (replace(view("aws-1", peer("azure-1")), mesh_servers={"server": Seen(error="gone")}), "server: gone"),
        (replace(view("aws-1", peer("azure-1")), agents={"n": Seen(error="silent")}), "the agent on n: silent"),
    ],
)
def test_what_is_not_connected_is_named(broken: ClusterView, words: str) -> None:
    assert missing(views={"aws-1": broken}) == [f"aws-1: {words}"]


@pytest.mark.parametrize(
    ("stage", "found", "words"),
    [
        (None, trust("ca-1", "ca-2"), "it trusts 2 CAs, not 1"),
        (
            None,
            trust("ca-1", signer="ca-9"),
            "not signed yet by the CA that signs: clustermesh-apiserver-server-cert, ",
        ),
        (None, replace(trust("ca-1"), leaves={}), "not signed yet by the CA that signs: clustermesh-apiserver-server-"),
        (None, trust("ca-1", pods=""), "not started since it trusts others: cilium-x"),
        (Authority(next="trusted"), trust("ca-1", "ca-2", pods="1"), "not started since it trusts others: cilium-x"),
        (Authority(next="promoted"), trust("ca-2", "ca-1", signer="ca-1", pods="1,2"), "not signed yet by the CA that"),
        (
            Authority(next="promoted"),
            trust("ca-2", "ca-1", pods="1,2", since=NOW - dt.timedelta(minutes=6)),
            "pods may not have the new certificates yet",
        ),
    ],
)
def test_what_a_stage_lacks_is_named(stage: Authority | None, found: Trusting, words: str) -> None:
    (line, *_) = missing(stage, trusts=found, lag=120)
    assert line.startswith(f"aws-1: {words}")


def test_a_trust_that_cannot_be_read_is_told() -> None:
    seen: dict[str, Seen[Trusting]] = {"aws-1": Seen(error="forbidden"), "azure-1": Seen(value=trust("ca-1"))}
    assert list(unsettled(plan_at(Authority()), whole(), seen, lag=dt.timedelta(0))) == ["aws-1: forbidden"]


# What is read, and waited for.


class Objects:
    """The API server of a cluster with a trust bundle and one certificate."""

    name = "aws-1"

    def __init__(self) -> None:
        own = authority()
        pem = base64.b64decode(own.certificate).decode()
        self.lists: dict[str, list[dict[str, Any]]] = {
            "configmaps": [{"metadata": {"name": BUNDLE}, "data": {"ca.crt": pem + authority().bundle}}],
            "secrets": [
                {
                    "metadata": {"name": "hubble-server-certs"},
                    "data": {"ca.crt": own.certificate, "tls.crt": own.certificate, "tls.key": own.key},
                }
            ],
            "pods": [
                {"metadata": {"name": "cilium-x", "annotations": {"hms/trusted-ca": "1,2"}}},
                {"metadata": {"name": "cilium-y"}},
                {"metadata": {"name": "cilium-z", "deletionTimestamp": "2026-11-24T12:00:00Z"}},
            ],
        }

    def get(self, path: str, **_query: str) -> dict[str, Any]:
        if path == "/version":
            raise ClusterError("aws-1: the API server does not answer")
        items = self.lists[path.rpartition("/")[2]]
        if _query.get("fieldSelector") == "type=Opaque":
            items = []
        return {"items": items}


def test_the_trust_of_a_cluster_is_read_without_its_keys() -> None:
    objects = Objects()
    found = trusting(objects)
    assert len(found.bundle) == 2
    assert found.signed == {"hubble-server-certs"}
    assert found.pods == {"cilium-x": "1,2", "cilium-y": ""}
    key = objects.lists["secrets"][0]["data"]["tls.key"]
    assert key not in repr(found)
    assert base64.b64decode(key).decode() not in repr(found)


def test_a_cluster_without_a_bundle_trusts_nobody() -> None:
    objects = Objects()
    objects.lists["configmaps"] = []
    found = trusting(objects)
    assert (found.bundle, found.signed) == ((), frozenset())


def test_waiting_tells_what_for_and_ends_when_the_mesh_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [("one", "two"), ("one", "two"), ("two",), ()]
    monkeypatch.setattr(live, "unsettled", lambda *_, **__: answers.pop(0))
    monkeypatch.setattr(live.time, "sleep", lambda _: None)
    said: list[str] = []
    Live(clusters=Clusters(where="here", apis={})).wait(plan_at(Authority()), seconds=60, say=said.append)
    assert said == ["waiting: one (and 1 more)", "waiting: two"]


def test_waiting_ends_with_all_that_is_missing() -> None:
    dead = Clusters(where="here", apis={"aws-1": ClusterError("aws-1: its kubeconfig cannot be used")})
    with pytest.raises(ClusterError, match="not whole after 0 s") as failed_:
        Live(clusters=dead).wait(plan_at(Authority()), seconds=0, say=lambda _: None)
    assert failed_.value.details == ("  aws-1: aws-1: its kubeconfig cannot be used",)
