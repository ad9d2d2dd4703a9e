"""``hms mesh status`` and ``hms mesh certs``: whatever is wrong is said, and nothing else."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from ops import cli_mesh
from ops.adapters.lab import Lab
from ops.cli import app
from ops.services.observe.certs_report import CertsReport, certs_report
from ops.services.observe.look import look
from ops.services.observe.mesh_report import MeshReport, mesh_report
from ops.services.observe.packets import try_links
from tests.infra.fleets import fleet_data, planned
from tests.ops.fake_certificates import Signer
from tests.ops.fake_fleet import KUBE_SYSTEM, FakeFleet, ago
from tests.ops.schemas import schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

    from infra.plan import FleetPlan

Break = "Callable[[FakeFleet], None]"

WAITING = "Waiting for initial connection to be established"


@pytest.fixture
def fleet(dev_plan: FleetPlan) -> Iterator[FakeFleet]:
    made = FakeFleet(dev_plan)
    yield made
    made.release()


def seen(fleet: FakeFleet, seconds: float = 10.0) -> MeshReport:
    return mesh_report(look("dev", "here", fleet.sights(), seconds=seconds), fleet.plan)


def linked(fleet: FakeFleet, seconds: float = 3.0) -> MeshReport:
    snapshot = look("dev", "here", fleet.sights())
    return mesh_report(snapshot, fleet.plan, try_links(snapshot, fleet.plan, fleet.sights(), seconds=seconds))


def certs(fleet: FakeFleet) -> CertsReport:
    return certs_report(look("dev", "here", fleet.sights()))


def says(report: MeshReport | CertsReport) -> list[str]:
    return [f"{each.cluster}: {each.what}: {each.says}" for each in report.wrong]


def states(report: MeshReport) -> dict[tuple[str, str], str]:
    return {(each.source, each.peer): each.state for each in report.pairs}


def test_a_whole_mesh(fleet: FakeFleet) -> None:
    report = seen(fleet)
    assert says(report) == []
    assert states(report) == {("aws-1", "azure-1"): "ready", ("azure-1", "aws-1"): "ready"}
    (first, _) = report.pairs
    assert first.freshness
    assert first.freshness.last
    assert first.freshness.last.name == "hms-api/api-2"
    assert 58 < first.freshness.last.age < 70
    assert report.summary.startswith("dev: 2 of 2 connections well, 0 things wrong")


def _all(fleet: FakeFleet, **fields: Any) -> None:
    for each in fleet.peer_of("aws-1", "azure-1"):
        each.update(fields)


def _one_agent(fleet: FakeFleet) -> None:
    fleet.peer_of("aws-1", "azure-1")[2]["connected"] = False


def _unknown_pod(fleet: FakeFleet) -> None:
    pod = fleet.pods["azure-1"][1]
    del fleet["aws-1"].ipcache["aws-1-b"][f"{pod['status']['networking']['addressing'][0]['ipv4']}/32"]


def _old_pod(fleet: FakeFleet) -> None:
    """The address is known as that of the pod that had it before."""
    pod = fleet.pods["azure-1"][0]
    pod["status"]["identity"]["id"] += 1


def _way(fleet: FakeFleet) -> None:
    fleet["aws-1"].ways["azure-1"] = "   ❌ Cannot establish TCP connection: i/o timeout\n"


def _config(fleet: FakeFleet, **data: str) -> None:
    config = fleet["azure-1"].objects[f"{KUBE_SYSTEM}/configmaps/cilium-config"]["data"]
    config |= {key.replace("_", "-"): value for key, value in data.items()}


def _forget(fleet: FakeFleet) -> None:
    fleet["aws-1"].mesh.clear()


def _given_twice(fleet: FakeFleet) -> None:
    mine, theirs = (fleet[name].objects["/apis/cilium.io/v2/ciliumnodes"] for name in ("aws-1", "azure-1"))
    mine[1]["spec"]["ipam"]["podCIDRs"] = theirs[0]["spec"]["ipam"]["podCIDRs"]


@pytest.mark.parametrize(
    ("damage", "state", "told"),
    [
        (
            lambda fleet: _all(fleet, connected=False, ready=False, status=WAITING),
            "lost",
            [f"mesh with azure-1: KVStoreMesh: not connected: {WAITING}", f"all agents: not connected: {WAITING}"],
        ),
        (_one_agent, "lost", ["agent on aws-1-b: not connected"]),
        (_forget, "lost", ["KVStoreMesh: is not told of it"]),
        (
            lambda fleet: _all(fleet, config={"required": True}),
            "synchronising",
            ["KVStoreMesh: its configuration was not read yet", "all agents: its configuration"],
        ),
        (
            lambda fleet: _all(fleet, config={"cluster-id": 1, "retrieved": True}),
            "not ready",
            ["KVStoreMesh: it has the id 1, planned 2", "all agents: it has the id 1"],
        ),
        (
            lambda fleet: _all(fleet, synced={"nodes": True, "endpoints": False}),
            "synchronising",
            ["KVStoreMesh: not read in full yet: endpoints", "all agents: not read"],
        ),
        (lambda fleet: _all(fleet, ready=False), "not ready", ["KVStoreMesh: not ready", "all agents: not ready"]),
        (_way, "no way", ["no new connection: Cannot establish TCP connection: i/o timeout"]),
        (
            lambda fleet: fleet["aws-1"].errors.update({"/usr/bin/clustermesh-apiserver kvstoremesh-dbg": "refused"}),
            "unknown",
            ["KVStoreMesh does not answer: refused"],
        ),
        (_unknown_pod, "behind", ["its pod hms-api/api-1 is not known here, 12"]),
        (_old_pod, "behind", ["its pod hms-api/api-0 is not known here, 18"]),
        (
            lambda fleet: fleet["aws-1"].errors.update({"cilium-dbg status": "is the agent running?"}),
            "ready",
            ["agent on aws-1-a: is the agent running?", "agent on aws-1-b: is the agent running?"],
        ),
    ],
)
def test_one_side_is_broken(fleet: FakeFleet, damage: Callable[[FakeFleet], None], state: str, told: list[str]) -> None:
    damage(fleet)
    report = seen(fleet)
    assert states(report) == {("aws-1", "azure-1"): state, ("azure-1", "aws-1"): "ready"}
    assert len(report.wrong) == len(told)
    for said, wanted in zip(says(report), told, strict=True):
        assert said.startswith("aws-1: ")
        assert wanted in said


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            lambda fleet: _config(fleet, cluster_id="1"),
            ["azure-1: cluster-id: is 1, planned 2", ": cluster-id: aws-1 and azure-1 both have 1"],
        ),
        (lambda fleet: _config(fleet, cluster_name="default"), ["azure-1: cluster-name: is 'default'"]),
        (
            lambda fleet: _config(fleet, max_connected_clusters="511"),
            [": max-connected-clusters: differs: 255 in aws-1; 511 in azure-1"],
        ),
        (
            lambda fleet: _config(fleet, tunnel_protocol="vxlan"),
            [": tunnel-protocol: differs: geneve in aws-1; vxlan in azure-1"],
        ),
        (
            lambda fleet: _config(fleet, enable_wireguard="false"),
            [": encryption: differs: wireguard in aws-1; none in azure-1"],
        ),
        (lambda fleet: _config(fleet, mtu="0"), [": mtu: differs: 1400 in aws-1; automatic in azure-1"]),
        (
            lambda fleet: _config(fleet, cluster_pool_ipv4_cidr="10.128.128.0/17"),
            [": pod pools: 10.128.128.0/17 of aws-1 overlaps with 10.128.128.0/17 of azure-1"],
        ),
        (_given_twice, [": pod ranges of nodes: 10.129.0.0/24 of aws-1 overlaps with 10.129.0.0/24 of azure-1"]),
        (
            lambda fleet: (
                fleet["azure-1"].status["azure-1-a"].update({"cilium": {"state": "Ok", "msg": "1.18.0 (v1)"}})
            ),
            [": Cilium: versions differ: 1.18.0 in azure-1; 1.19.6 in aws-1, azure-1"],
        ),
    ],
)
def test_clusters_do_not_fit(fleet: FakeFleet, damage: Callable[[FakeFleet], None], told: list[str]) -> None:
    damage(fleet)
    assert says(seen(fleet)) == told


def test_a_pod_that_is_new_may_be_unknown_yet(fleet: FakeFleet) -> None:
    fleet.pods["azure-1"][2]["metadata"]["creationTimestamp"] = ago(2)
    for table in fleet["aws-1"].ipcache.values():
        del table[f"{fleet.pods['azure-1'][2]['status']['networking']['addressing'][0]['ipv4']}/32"]
    report = seen(fleet)
    assert report.good
    assert report.pairs[0].freshness
    assert report.pairs[0].freshness.last
    assert report.pairs[0].freshness.last.name == "hms-api/api-1"


def test_pods_of_a_namespace_that_keeps_them_to_itself_need_not_be_known(fleet: FakeFleet) -> None:
    _unknown_pod(fleet)
    fleet["azure-1"].objects["/api/v1/namespaces"] = [
        {"metadata": {"name": "hms-api", "annotations": {"clustermesh.cilium.io/global": "false"}}}
    ]
    assert seen(fleet).good


def test_a_dead_cluster_is_said_once_and_hides_no_other(fleet: FakeFleet) -> None:
    fleet["azure-1"].errors["/version"] = "azure-1: the API server does not answer"
    fleet["aws-1"].errors["/usr/bin/clustermesh-apiserver kvstoremesh-dbg"] = "gone"
    report = seen(fleet)
    assert states(report) == {("aws-1", "azure-1"): "unknown", ("azure-1", "aws-1"): "unknown"}
    assert says(report) == [
        "azure-1: API server: azure-1: the API server does not answer",
        "aws-1: mesh with azure-1: KVStoreMesh does not answer: gone",
    ]
    assert report.usable
    assert report.pairs[0].freshness is None


def test_a_mesh_api_server_that_hangs_is_named_in_time(fleet: FakeFleet) -> None:
    fleet["aws-1"].silent.add("/usr/bin/clustermesh-apiserver kvstoremesh-dbg")
    begun = time.monotonic()
    report = seen(fleet, seconds=1.0)
    assert time.monotonic() - begun < 1.5
    assert says(report) == ["aws-1: mesh with azure-1: KVStoreMesh does not answer: no answer within 1 s"]


@pytest.mark.parametrize(
    ("carries", "told"),
    [
        (1300, "from aws to azure packets of 1400 octets are lost, small ones are not"),
        (0, "from aws to azure no packet gets through"),
    ],
)
def test_a_link_that_loses_packets(fleet: FakeFleet, carries: int, told: str) -> None:
    fleet["aws-1"].carries = carries
    assert says(linked(fleet)) == [f": link aws-azure: {told}"]


def test_links_that_carry_all(fleet: FakeFleet) -> None:
    report = linked(fleet)
    assert report.good
    assert [(each.source, each.destination, each.octets, each.small, each.large) for each in report.links] == [
        ("aws", "azure", 1400, True, True),
        ("azure", "aws", 1400, True, True),
    ]


@pytest.mark.parametrize("dead", ["/version", "cilium-dbg status"])
def test_a_link_that_cannot_be_tried_is_not_called_broken(fleet: FakeFleet, dead: str) -> None:
    fleet["aws-1"].errors[dead] = "dead"
    first, _ = linked(fleet).links
    assert (first.source, first.small, first.large) == ("aws", None, None)
    assert first.error


def test_a_node_that_hangs_does_not_hold_up_links(fleet: FakeFleet) -> None:
    fleet["aws-1"].silent.add("perl -e")
    begun = time.monotonic()
    first, second = linked(fleet, seconds=0.5).links
    assert time.monotonic() - begun < 1.0
    assert (first.small, second.small) == (None, True)


def test_clusters_outside_the_mesh_are_left_out() -> None:
    data = fleet_data({"a": "aws"}, {"one": ("a", 1), "two": ("a", 2), "three": ("a", 3)})
    data["clusters"]["three"]["meshed"] = False
    report = seen(FakeFleet(planned(data)))
    assert says(report) == []
    assert set(states(report)) == {("one", "two"), ("two", "one")}
    assert report.tables()[0].head == ("from", "to one", "to two")


def _new(fleet: FakeFleet, cluster: str, secret: str, data: dict[str, str]) -> None:
    for each in fleet[cluster].objects[f"{KUBE_SYSTEM}/secrets"]:
        if each["metadata"]["name"] == secret:
            each["data"] = data


SERVER, CLIENT = "clustermesh-apiserver-server-cert", "clustermesh-apiserver-remote-cert"


def test_certificates_that_are_sound(fleet: FakeFleet) -> None:
    report = certs(fleet)
    assert says(report) == []
    told = report.as_json()
    (authority,) = told["authorities"]
    assert authority["clusters"] == ["aws-1", "azure-1"]
    assert {(each["cluster"], each["subject"]) for each in told["certificates"]} >= {("aws-1", "CN=remote-aws-1")}
    assert all(each["signedBy"] == [authority["fingerprint"]] for each in told["certificates"])


@pytest.mark.parametrize(
    ("days", "begins", "told"), [(-3, -9, "ended 3 d ago"), (20, -1, "ends in 20 d"), (99, 1, "holds only from")]
)
def test_a_certificate_that_does_not_hold(fleet: FakeFleet, days: float, begins: float, told: str) -> None:
    _new(fleet, "aws-1", SERVER, fleet.signer.data("server", begins=begins, days=days))
    (said,) = says(certs(fleet))
    assert said.startswith(f"aws-1: {SERVER} tls.crt: CN=server {told}")


def test_a_ca_that_ends_is_told_once_a_secret(fleet: FakeFleet) -> None:
    fleet.signer = Signer.make("Cilium CA", days=10)
    for cluster in fleet.clusters:
        for secret in (SERVER, CLIENT):
            _new(fleet, cluster, secret, fleet.signer.data("c"))
    assert [said for said in says(certs(fleet)) if "ca.crt" not in said] == []
    assert len(certs(fleet).wrong) == 4


def test_a_certificate_of_another_ca(fleet: FakeFleet) -> None:
    """Under the same name, as CAs of Cilium have it: only the key tells them apart."""
    strange = Signer.make("Cilium CA")
    _new(fleet, "aws-1", CLIENT, strange.data("remote-aws-1", trusted=(fleet.signer,)))
    assert says(certs(fleet)) == [
        f"aws-1: {CLIENT} tls.crt: CN=remote-aws-1 is signed by none of the CAs beside it",
        f"aws-1: {CLIENT}: CN=remote-aws-1 is signed by a CA that azure-1 does not trust",
    ]


def test_clusters_with_a_ca_each(fleet: FakeFleet) -> None:
    strange = Signer.make("Cilium CA")
    for secret, subject in ((SERVER, "server"), (CLIENT, "remote-aws-1")):
        _new(fleet, "aws-1", secret, strange.data(subject))
    assert len(certs(fleet).as_json()["authorities"]) == 2
    assert says(certs(fleet)) == [
        f"aws-1: {SERVER}: CN=server is signed by a CA that azure-1 does not trust",
        f"azure-1: {SERVER}: CN=clustermesh-apiserver.cilium.io is signed by a CA that aws-1 does not trust",
        f"aws-1: {CLIENT}: CN=remote-aws-1 is signed by a CA that azure-1 does not trust",
        f"azure-1: {CLIENT}: CN=remote-azure-1 is signed by a CA that aws-1 does not trust",
    ]


def test_all_trust_both_cas_while_one_takes_the_place_of_the_other(fleet: FakeFleet) -> None:
    following = Signer.make("Cilium CA")
    both = (fleet.signer, following)
    for cluster, signer in (("aws-1", following), ("azure-1", fleet.signer)):
        for secret in (SERVER, CLIENT):
            _new(fleet, cluster, secret, signer.data("c", trusted=both))
    assert says(certs(fleet)) == []


def test_a_ca_that_was_made_anew_with_its_key_is_the_same(fleet: FakeFleet) -> None:
    again = Signer.make("Cilium CA", key=fleet.signer.key)
    for secret in (SERVER, CLIENT):
        _new(fleet, "aws-1", secret, again.data("c"))
    assert says(certs(fleet)) == []


def test_a_cluster_that_does_not_show_its_certificates(fleet: FakeFleet) -> None:
    fleet["aws-1"].errors[f"{KUBE_SYSTEM}/secrets"] = "secrets is forbidden"
    report = certs(fleet)
    assert says(report) == ["aws-1: certificates: secrets is forbidden"]
    assert report.usable


class Desk:
    """A user whose clusters are a fake fleet."""

    def __init__(self, fleet: FakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fleet = fleet
        monkeypatch.setattr(cli_mesh, "opened", self.opened)

    @contextmanager
    def opened(self, *_: object, **__: object) -> Iterator[Any]:
        class Clusters:
            where, remarks, lab = "here", ("lab: a difference",), Lab(Path("/nowhere"))
            sights = self.fleet.sights

        yield Clusters()

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["mesh", *arguments])


@pytest.fixture
def desk(fleet: FakeFleet, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(fleet, monkeypatch)


@pytest.mark.parametrize(("verb", "schema"), [("status", "mesh-status"), ("certs", "mesh-certs")])
@pytest.mark.parametrize("dead", [(), ("aws-1",), ("aws-1", "azure-1")])
def test_json_is_as_its_page_says(desk: Desk, verb: str, schema: str, dead: tuple[str, ...]) -> None:
    for name in dead:
        desk.fleet[name].errors["/version"] = "dead"
    result = desk(verb, "-o", "json")
    told = json.loads(result.stdout)
    Draft202012Validator(schema_of(schema)).validate(told)
    assert (told["v"], told["good"]) == (1, not dead)
    assert result.exit_code == len(dead)


def test_what_is_wrong_comes_first(desk: Desk) -> None:
    _way(desk.fleet)
    result = desk("status")
    assert result.exit_code == 1
    assert result.stdout.lstrip().startswith("Not as it should be")
    assert "1 of 2 connections well, 1 things wrong" in result.stdout.splitlines()[-1]


def test_waiting_until_it_is_well(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _way(desk.fleet)

    def mend(_: float) -> None:
        desk.fleet["aws-1"].ways["azure-1"] = "Etcd connection successfully established"

    monkeypatch.setattr("ops.cli_mesh.time.sleep", mend)
    result = desk("status", "--wait")
    assert result.exit_code == 0, result.stdout
    assert result.stderr == (
        "waiting: 1 things wrong, first: aws-1: mesh with azure-1: "
        "no new connection: Cannot establish TCP connection: i/o timeout\n"
    )


def test_waiting_in_vain(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _way(desk.fleet)
    monkeypatch.setattr("ops.cli_mesh._POLL", 0.3)
    result = desk("status", "--wait", "--wait-timeout", "1", "-o", "json")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr.count("\n") == 1


def test_watching_ends_with_the_code_of_the_last_look(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def wait(_: float) -> None:
        looks.append(1)
        _way(desk.fleet)
        if len(looks) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("ops.watch.time.sleep", wait)
    result = desk("status", "--watch", "-o", "json")
    assert [json.loads(line)["good"] for line in result.stdout.splitlines() if line] == [True, True, False]
    assert result.exit_code == 1
