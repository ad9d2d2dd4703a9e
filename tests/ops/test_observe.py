"""Looking at a fleet: everything is read, nothing hides anything else, and nothing takes longer than it may."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from ops.errors import ClusterError
from ops.services.observe import fleet_report, read_cilium
from ops.services.observe.cilium import Entry
from ops.services.observe.look import look
from ops.services.observe.parts import ALL, OBJECTS
from ops.services.observe.read_kubernetes import warnings
from ops.services.observe.seen import NOT_ASKED, UNSEEN, Seen
from tests.infra.fleets import fleet_data, planned
from tests.ops.fake_fleet import KUBE_SYSTEM, FakeCluster, FakeFleet, ago, encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.plan import FleetPlan
    from ops.services.observe.snapshot import ClusterView, Snapshot


@pytest.fixture
def fleet(dev_plan: FleetPlan) -> Iterator[FakeFleet]:
    made = FakeFleet(dev_plan)
    yield made
    made.release()


def seen(fleet: FakeFleet, seconds: float = 10.0, parts: frozenset[str] = ALL) -> Snapshot:
    return look("dev", "here", fleet.sights(), parts=parts, seconds=seconds)


def every_part(view: ClusterView) -> dict[str, Seen[Any]]:
    """All that there is of a cluster, those that there are several of by part and name."""
    found: dict[str, Seen[Any]] = {}
    for part, value in vars(view).items():
        if isinstance(value, Seen):
            found[part] = value
        elif isinstance(value, dict):
            for name, each in value.items():
                inner = each if isinstance(each, dict) else {"": each}
                found |= {f"{part}/{name}/{key}".rstrip("/"): one for key, one in inner.items()}
    return found


def test_everything_is_seen(fleet: FakeFleet) -> None:
    snapshot = seen(fleet)
    assert list(snapshot.clusters) == ["aws-1", "azure-1"]
    for view in snapshot.clusters.values():
        parts = every_part(view)
        assert {name: each.error for name, each in parts.items() if not each.known} == {}
        assert all(each.at is not None for each in parts.values())
        assert {name.partition("/")[0] for name in parts} == {"api", *ALL}


def test_what_is_read(fleet: FakeFleet) -> None:
    view = seen(fleet).clusters["aws-1"]
    assert view.api.value
    assert view.api.value.version == "v1.35.2"
    assert [(node.name, node.ready, node.zone, node.address) for node in view.nodes.get(())] == [
        ("aws-1-a", True, "us-east-1a", "10.16.0.17"),
        ("aws-1-b", True, "us-east-1a", "10.16.0.17"),
    ]
    (service,) = view.services.get(())
    assert (service.shared, service.affinity, service.backends) == (True, "local", 1)
    config = view.config.value
    assert config
    assert (config.name, config.id, config.max_connected_clusters, config.mtu) == ("aws-1", 1, 255, 1400)
    assert (config.tunnel, config.encryption, config.hubble) == ("geneve", "wireguard", True)
    agent = view.agents["aws-1-a"].value
    assert agent
    assert (agent.version, agent.wireguard_peers, agent.routing) == ("1.19.6", 3, "Tunnel (geneve)")
    (peer,) = agent.peers
    assert (peer.name, peer.cluster_id, peer.ready, peer.last_failure, peer.failures) == ("azure-1", 2, True, None, 0)
    assert view.peers.value
    assert view.peers.value.kvstoremesh
    assert view.peers.value.kvstoremesh[0].endpoints == ("https://azure-1.mesh.cilium.io:2379",)
    assert view.cilium_nodes.get(())[0].encryption_key == "key-of-aws-1-a"
    address = fleet.pods["azure-1"][0]["status"]["networking"]["addressing"][0]["ipv4"]
    table = view.addresses["aws-1-b"].value
    assert table
    assert table[f"{address}/32"] == Entry(identity=131079, tunnel="10.16.0.17", encryption_key=255)


def test_only_what_is_wanted_is_asked_for(fleet: FakeFleet) -> None:
    snapshot = seen(fleet, parts=frozenset({"config"}))
    assert fleet["aws-1"].asked == ["/version", f"{KUBE_SYSTEM}/configmaps/cilium-config"]
    view = snapshot.clusters["aws-1"]
    assert (view.config.known, view.nodes.error, view.nodes.failed) == (True, NOT_ASKED, False)
    assert view.policies is UNSEEN


def test_a_dead_cluster_hides_no_other(fleet: FakeFleet) -> None:
    fleet["aws-1"].errors["/version"] = "aws-1: the API server does not answer: connection refused"
    snapshot = seen(fleet)
    dead, alive = snapshot.clusters.values()
    assert dead.unreachable == "aws-1: the API server does not answer: connection refused"
    assert fleet["aws-1"].asked == ["/version"]
    assert {getattr(dead, part).error for part in OBJECTS} == {dead.unreachable}
    assert all(each.known for each in every_part(alive).values())


def test_a_cluster_without_a_way_hides_no_other(fleet: FakeFleet) -> None:
    sights = fleet.sights() | {"aws-1": ClusterError("aws-1: its kubeconfig cannot be used")}
    snapshot = look("dev", "here", sights)
    assert snapshot.clusters["aws-1"].unreachable == "aws-1: its kubeconfig cannot be used"
    assert snapshot.clusters["azure-1"].nodes.known


@pytest.mark.parametrize("part", sorted(OBJECTS))
def test_a_dead_part_hides_no_other(fleet: FakeFleet, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    def refuse(_: object) -> None:
        raise ClusterError("forbidden")

    monkeypatch.setitem(OBJECTS, part, refuse)
    view = seen(fleet).clusters["aws-1"]
    assert {name for name, each in every_part(view).items() if not each.known} == {part}
    assert getattr(view, part).error == "forbidden"


def test_an_answer_that_cannot_be_read_hides_no_other(fleet: FakeFleet) -> None:
    fleet["aws-1"].mesh = [{"connected": True}]
    fleet["aws-1"].ipcache["aws-1-a"] = {"10.0.0.1/32": ["identity=many"]}
    view = seen(fleet).clusters["aws-1"]
    assert view.mesh_servers["clustermesh-apiserver-0"].error == "what it said cannot be read: KeyError: 'name'"
    assert {name for name, each in every_part(view).items() if not each.known} == {
        "mesh_servers/clustermesh-apiserver-0",
        "addresses/aws-1-a",
    }


def test_a_node_without_an_agent_is_named(fleet: FakeFleet) -> None:
    del fleet["aws-1"].status["aws-1-b"]
    view = seen(fleet).clusters["aws-1"]
    assert list(view.agents) == ["aws-1-a", "aws-1-b"]
    assert view.agents["aws-1-b"].error == "no agent of Cilium runs there"


def test_nobody_can_say_which_agents_there_are(fleet: FakeFleet) -> None:
    fleet["aws-1"].errors |= {"agents": "pods are forbidden", "mesh servers": "pods are forbidden"}
    view = seen(fleet).clusters["aws-1"]
    assert {node: each.error for node, each in view.agents.items()} == dict.fromkeys(
        ("aws-1-a", "aws-1-b"), "pods are forbidden"
    )
    assert [each.error for each in view.mesh_servers.values()] == ["pods are forbidden"]


@pytest.mark.parametrize("what", ["everything", "/version", "/api/v1/nodes", "cilium-dbg status", "agents"])
def test_what_hangs_is_named_in_time(fleet: FakeFleet, what: str) -> None:
    fleet["aws-1"].silent.add(what)
    begun = time.monotonic()
    snapshot = seen(fleet, seconds=0.5)
    assert time.monotonic() - begun < 1.0
    errors = {each.error for each in every_part(snapshot.clusters["aws-1"]).values() if each.failed}
    assert errors == {"no answer within 0 s"} if what != "agents" else errors >= {"no answer within 0 s"}
    assert all(each.known for each in every_part(snapshot.clusters["azure-1"]).values())


def test_five_clusters_take_hardly_longer_than_one() -> None:
    """With answers that take as long as those of another continent."""
    sites = {"a": "aws", "b": "aws", "z": "azure"}
    places = {"one": "a", "two": "a", "three": "b", "four": "z", "five": "z"}
    data = fleet_data(sites, {name: (site, number) for number, (name, site) in enumerate(places.items(), 1)})
    fleet = FakeFleet(planned(data))
    for each in fleet.clusters.values():
        each.latency = 0.1
    one = look("five", "here", {"one": fleet.sights()["one"]}, parts=fleet_report.PARTS).seconds
    five = look("five", "here", fleet.sights(), parts=fleet_report.PARTS).seconds
    assert five <= 1.5 * one, (five, one)


def test_no_key_is_kept(fleet: FakeFleet) -> None:
    fleet["aws-1"].objects[f"{KUBE_SYSTEM}/secrets"][0]["data"]["azure-1.key"] = encoded(
        "-----BEGIN PRIVATE KEY-----\nmarked-key\n-----END PRIVATE KEY-----\nendpoints: [x]\n"
    )
    text = repr(seen(fleet))
    assert "CN=remote-aws-1" in text
    assert "PRIVATE KEY" not in text
    assert "marked-key" not in text
    assert "key-file" not in text


def test_an_interrupt_ends_it_at_once(fleet: FakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet["aws-1"].silent.add("everything")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ops.services.observe.asking.wait", interrupted)
    begun, before = time.monotonic(), threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        seen(fleet)
    assert time.monotonic() - begun < 5.0, "it waited for a cluster that says nothing"
    assert threading.active_count() - before < 40


def test_warnings_that_are_the_same_are_one() -> None:
    def event(name: str, seconds: float, **more: object) -> dict[str, Any]:
        about = {"kind": "Pod", "namespace": "hms-api", "name": name}
        return {"involvedObject": about, "reason": "Unhealthy", "message": "m", "lastTimestamp": ago(seconds), **more}

    events = [event("a", 90, count=3), event("b", 10), event("a", 30, count=2), event("c", 60, series={"count": 7})]
    fake = FakeCluster(name="x", objects={"/api/v1/events": events}, status={}, mesh=[], ways={}, ipcache={})
    found = warnings(fake)
    assert [(each.about, each.count) for each in found] == [
        ("Pod hms-api/b", 1),
        ("Pod hms-api/a", 5),
        ("Pod hms-api/c", 7),
    ]


FAILED = """Cluster "azure-1":
📄 Configuration path: /var/lib/cilium/clustermesh/azure-1

🔌 Endpoints:
   - https://azure-1.mesh.cilium.io:2379
     ✅ Hostname resolved to: 10.17.128.6
     ❌ Cannot establish TCP connection to azure-1.mesh.cilium.io:2379: dial tcp 10.17.128.6:2379: i/o timeout

⚙️ Etcd client:
   ❌ Failed to retrieve key from etcd: context deadline exceeded
"""


def test_what_the_diagnosis_of_a_way_says() -> None:
    way = read_cilium.way("azure-1", FAILED)
    assert not way.works
    assert way.failures == (
        "Cannot establish TCP connection to azure-1.mesh.cilium.io:2379: dial tcp 10.17.128.6:2379: i/o timeout",
        "Failed to retrieve key from etcd: context deadline exceeded",
    )
    good = read_cilium.way("azure-1", 'Cluster "azure-1":\n   ✅ Etcd connection successfully established\n')
    assert (good.works, good.failures) == (True, ())


def test_an_agent_that_says_little() -> None:
    agent = read_cilium.agent(json.loads('{"cilium": {"state": "Failure", "msg": " (v-)"}, "cluster-mesh": null}'))
    assert (agent.state, agent.version, agent.peers, agent.wireguard_peers) == ("Failure", "", (), None)
