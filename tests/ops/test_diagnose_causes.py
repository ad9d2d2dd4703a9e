"""Every fault is found by its true cause, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from infra.ports import HEALTH, MESH_API_PORT
from lab.faults.catalogue import FAULTS
from ops.services.diagnose.catalogue import CHECKS
from ops.services.diagnose.run import find_causes
from ops.services.observe.kubernetes import Hook, Policy, Warn
from ops.services.observe.mesh import ConfiguredPeer, ConfiguredPeers
from tests.ops.diagnosed import (
    NOW,
    Fleet,
    authority,
    bad,
    certificate,
    certificates_of,
    good,
    health_of,
    nodes_of,
)
from tests.ops.findings import CHECKS as FINDINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.plan import FleetPlan

REFUSED = "tls: failed to verify certificate: x509: certificate signed by unknown authority"


def link(fleet: Fleet) -> None:
    sites = {site: plan.cidr for site, plan in fleet.plan.sites.items()}
    pods = {plan.site: plan.pod_cidr for plan in fleet.plan.clusters.values()}

    def lost(site: str, address: str, _: int) -> bool:
        from ipaddress import IPv4Address

        return not any(each is not None and IPv4Address(address) in each for each in (sites[site], pods[site]))

    fleet.network.dropped = lost
    fleet.fail_way("aws-1", "azure-1", "dial tcp 10.17.128.6:2379: i/o timeout")
    fleet.fail_way("azure-1", "aws-1", "dial tcp 10.16.128.5:2379: i/o timeout")


def mtu(fleet: Fleet) -> None:
    fleet.network.mtu = 1300
    # Who says hello with its certificate is not heard any more.
    fleet.fail_way("aws-1", "azure-1", "Cannot establish TLS connection to azure-1.mesh.cilium.io:2379: EOF")
    fleet.fail_way("azure-1", "aws-1", "Failed to retrieve key from etcd: context deadline exceeded")


def node(fleet: Fleet) -> None:
    fleet.kill_node("aws-1", "aws-1-b")


def node_noticed(fleet: Fleet) -> None:
    """A minute later: Kubernetes knows, and its pods are not ready."""
    node(fleet)
    gone = "Kubelet stopped posting node status."
    fleet.edit(
        "aws-1", "nodes", lambda each: replace(each, ready=False, reason=gone) if each.name == "aws-1-b" else each
    )
    fleet.edit("aws-1", "pods", lambda each: replace(each, ready=each.node != "aws-1-b"))
    fleet.edit("aws-1", "workloads", lambda each: replace(each, ready=each.desired - 1) if each.desired > 1 else each)


def agent(fleet: Fleet) -> None:
    fleet.kill_agent("aws-1", "aws-1-a")
    fleet.network.shut.add((nodes_of(fleet.plan, "aws-1")["aws-1-a"], HEALTH.port))
    fleet.edit("aws-1", "pods", lambda each: replace(each, ready=each.name != "cilium-ax"))
    fleet.edit("aws-1", "workloads", lambda each: replace(each, ready=1) if each.name == "cilium" else each)


def mesh_api_server(fleet: Fleet) -> None:
    fleet.kill_mesh("aws-1")


def kvstoremesh(fleet: Fleet) -> None:
    fleet.kill_kvstoremesh("azure-1")


def api_server(fleet: Fleet) -> None:
    fleet.kill_api("azure-1")


def cluster(fleet: Fleet) -> None:
    fleet.kill_mesh("azure-1")
    for each in nodes_of(fleet.plan, "azure-1"):
        fleet.kill_node("azure-1", each)
    for each in health_of(fleet.plan, "azure-1").values():
        fleet.network.dead.add(each)
    fleet.kill_api("azure-1")


def expired(fleet: Fleet) -> None:
    fleet.edit(
        "aws-1",
        "certificates",
        lambda each: each if each.authority else replace(each, not_after=NOW - timedelta(hours=1)),
    )
    fleet.fail_way("aws-1", "azure-1", "TLS client authentication failed: remote error: tls: expired certificate")
    fleet.fail_way("azure-1", "aws-1", "x509: certificate has expired or is not yet valid")


def strange(fleet: Fleet) -> None:
    fleet.edit(
        "azure-1",
        "certificates",
        lambda each: each if each.authority else replace(each, signed_by=(), issuer_key_id="another"),
    )
    fleet.fail_way("aws-1", "azure-1", REFUSED)
    fleet.fail_way("azure-1", "aws-1", "client certificate is not signed by any acceptable CA")


def cluster_id(fleet: Fleet) -> None:
    fleet.set_config("azure-1", cluster_id="1")
    _agents_refuse(fleet, "azure-1", "aws-1")


def maximum(fleet: Fleet) -> None:
    fleet.set_config("aws-1", max_connected_clusters="511")
    _agents_refuse(fleet, "aws-1", "azure-1")


def pod_range(fleet: Fleet) -> None:
    fleet.set_config("azure-1", cluster_pool_ipv4_cidr=str(fleet.plan.clusters["aws-1"].pod_cidr))


def _agents_refuse(fleet: Fleet, source: str, target: str) -> None:
    """What agents do with a peer whose id or maximum they do not take: they know nothing of it, and say no more."""
    fleet.each_agent(source, lambda each: replace(each, peers=tuple(replace(peer, ready=False) for peer in each.peers)))
    own = fleet.views[target].endpoints.get(())
    tables = {
        node: good({prefix: entry for prefix, entry in seen.get({}).items() if prefix != f"{own[0].address}/32"})
        for node, seen in fleet.views[source].addresses.items()
    }
    fleet.change(source, addresses=tables)


def unlabelled(fleet: Fleet) -> None:
    """Somebody takes the cluster label out of a policy of a flow that crosses: cdf (aws-1) to nfo (azure-1)."""

    def without_label(policy: Policy) -> Policy:
        if (policy.namespace, policy.name) != ("hms-nfo", "allow-from-cdf"):
            return policy
        (spec,) = policy.specs
        (rule,) = spec["ingress"]
        (peers,) = rule["fromEndpoints"]
        changed = {"matchLabels": peers["matchLabels"]}
        return replace(policy, specs=({**spec, "ingress": [{**rule, "fromEndpoints": [changed]}]},))

    fleet.edit("azure-1", "policies", without_label)


LAB: dict[str, tuple[Callable[[Fleet], None], str]] = {
    "link": (link, "aws-azure"),
    "mtu": (mtu, "aws-azure"),
    "node": (node, "aws-1-b"),
    "agent": (agent, "aws-1-a"),
    "mesh-api-server": (mesh_api_server, "aws-1"),
    "kvstoremesh": (kvstoremesh, "azure-1"),
    "api-server": (api_server, "azure-1"),
    "cluster": (cluster, "azure-1"),
    "certificate": (expired, "aws-1"),
    "ca": (strange, "azure-1"),
    "cluster-id": (cluster_id, "azure-1"),
    "maximum": (maximum, "aws-1"),
    "pod-range": (pod_range, "azure-1"),
}
"""By the fault's name in a lab: what is seen of it there, and its target."""


def warned(fleet: Fleet, message: str) -> None:
    """Let a pod be missing, with a warning that says why."""
    fleet.edit("aws-1", "workloads", lambda each: replace(each, ready=1) if each.name == "dev" else each)
    fleet.edit("aws-1", "pods", lambda each: replace(each, ready=False) if each.name == "dev-7c965f45d7-1" else each)
    said = Warn(about="Pod hms-dev/dev-7c965f45d7-1", reason="Failed", message=message, count=3, last=NOW)
    fleet.change("aws-1", warnings=good((said,)))


def crashing(fleet: Fleet) -> None:
    fleet.edit("aws-1", "workloads", lambda each: replace(each, ready=1) if each.name == "dev" else each)
    fleet.edit(
        "aws-1",
        "pods",
        lambda each: replace(each, ready=False, reason="CrashLoopBackOff") if each.name == "dev-7c965f45d7-1" else each,
    )


def undeployed(fleet: Fleet) -> None:
    found = fleet.views["aws-1"].workloads.get(())
    fleet.change("aws-1", workloads=good(tuple(each for each in found if each.name != "dev")))


def keys_missing(fleet: Fleet) -> None:
    fleet.edit("aws-1", "cilium_nodes", lambda each: replace(each, encryption_key=""))


def no_way_into_pods(fleet: Fleet) -> None:
    behind = set(health_of(fleet.plan, "azure-1").values())
    fleet.network.dropped = lambda site, address, _: site == "aws" and address in behind


def port_shut(port: int) -> Callable[[Fleet], None]:
    def apply(fleet: Fleet) -> None:
        within = [*fleet.plan.clusters["azure-1"].mesh_addresses, *nodes_of(fleet.plan, "azure-1").values()]
        fleet.network.dropped = lambda site, address, at: site == "aws" and address in within and at == port
        if port == MESH_API_PORT:
            fleet.fail_way("aws-1", "azure-1", "dial tcp: i/o timeout")

    return apply


def wrong_node_port(fleet: Fleet) -> None:
    ports = {32001: "shop/front", 32002: "kube-system/clustermesh-apiserver"}
    fleet.change("aws-1", node_ports=good(ports))


def one_zone_lost(fleet: Fleet) -> None:
    fleet.network.dead.add(fleet.plan.clusters["aws-1"].mesh_addresses[0])


def told_of_itself(fleet: Fleet) -> None:
    told = fleet.views["aws-1"].peers.value
    assert told is not None
    own = ConfiguredPeer(
        name="aws-1", endpoints=tuple(f"https://{each}:2379" for each in fleet.plan.clusters["aws-1"].mesh_addresses)
    )
    fleet.change("aws-1", peers=good(ConfiguredPeers(agents=told.agents, kvstoremesh=(*told.agents, own))))


def peer_forgotten(fleet: Fleet) -> None:
    fleet.change("aws-1", peers=good(ConfiguredPeers(agents=(), kvstoremesh=())))
    for server, seen in fleet.views["aws-1"].mesh_servers.items():
        assert seen.value is not None
        fleet.change("aws-1", mesh_servers={server: good(replace(seen.value, peers=()))}, ways={})
    fleet.each_agent("aws-1", lambda each: replace(each, peers=()))


def webhook(fleet: Fleet) -> None:
    pods = {"checker-0": False}
    hook = Hook(
        kind="ValidatingWebhookConfiguration", name="check.shop", service="shop/checker", pods=pods, required=True
    )
    fleet.change("aws-1", hooks=good((hook,)))


def unknown_pod(fleet: Fleet) -> None:
    own = fleet.views["azure-1"].endpoints.get(())[0]
    table = dict(fleet.views["aws-1"].addresses["aws-1-a"].get({}))
    del table[f"{own.address}/32"]
    fleet.change("aws-1", addresses={**fleet.views["aws-1"].addresses, "aws-1-a": good(table)})


def other_ca(fleet: Fleet) -> None:
    fleet.change("azure-1", certificates=good(certificates_of("another CA")))
    fleet.fail_way("aws-1", "azure-1", REFUSED)
    fleet.fail_way("azure-1", "aws-1", REFUSED)


def no_backend(fleet: Fleet) -> None:
    for name in fleet.views:
        fleet.edit(name, "services", lambda each: replace(each, backends=0) if each.name == "nfo" else each)


def full_node(fleet: Fleet) -> None:
    raw = {"ipam": {"status": "IPv4: 253/254 allocated from 10.128.0.0/24, "}}
    fleet.each_agent("aws-1", lambda each: replace(each, raw=raw))


def edited(cluster: str, part: str, chosen: str, **changes: Any) -> Callable[[Fleet], None]:
    """Change one thing of a part of a cluster."""
    return lambda fleet: fleet.edit(
        cluster, part, lambda each: replace(each, **changes) if each.name == chosen else each
    )


def agents_say(**changes: Any) -> Callable[[Fleet], None]:
    return lambda fleet: fleet.each_agent("aws-1", lambda each: replace(each, **changes))


def set_to(**data: str) -> Callable[[Fleet], None]:
    return lambda fleet: fleet.set_config("aws-1", **data)


BOTH = [("agents", "aws-1-a"), ("agents", "aws-1-b")]

OTHERS: list[tuple[str, Callable[[Fleet], None], list[tuple[str, str]]]] = [
    ("a policy without cluster label", unlabelled, [("policies", "azure-1")]),
    ("a node, noticed", node_noticed, [("nodes", "aws-1-b")]),
    (
        "an account that is not known",
        lambda f: f.change("aws-1", api=bad("aws-1: GET /version: Unauthorized")),
        [("access", "aws-1")],
    ),
    (
        "an account that may not read",
        lambda f: f.change("aws-1", policies=bad("policies is forbidden: User x")),
        [("access", "aws-1")],
    ),
    (
        "a part that is not read",
        lambda f: f.change("aws-1", services=bad("no answer within 10 s")),
        [("readings", "aws-1")],
    ),
    (
        "a kubelet",
        edited("aws-1", "nodes", "aws-1-a", ready=False, reason="Kubelet stopped"),
        [("kubelets", "aws-1-a")],
    ),
    ("an agent that fails", agents_say(state="Failure", message="no kvstore"), BOTH),
    ("controllers that fail", agents_say(problems={"write-cni-file": "no space left"}), BOTH),
    ("health probes", agents_say(health="Failure"), BOTH),
    (
        "an operator",
        lambda f: f.change(
            "aws-1", operator=good(replace(f.views["aws-1"].operator.value, renewed=NOW - timedelta(minutes=2)))
        ),
        [("operators", "aws-1")],
    ),
    ("another CA in a cluster", other_ca, [("certificates", "aws-1")]),
    (
        "certificates that end soon",
        lambda f: f.edit("aws-1", "certificates", lambda each: replace(each, not_after=NOW + timedelta(days=9))),
        [("certificates", "aws-1")],
    ),
    (
        "certificates of tomorrow",
        lambda f: f.edit("aws-1", "certificates", lambda each: replace(each, not_before=NOW + timedelta(days=1))),
        [("certificates", "aws-1")],
    ),
    ("a name that is not planned", set_to(cluster_name="other"), [("cluster-ids", "aws-1")]),
    (
        "pod ranges of nodes",
        edited("aws-1", "cilium_nodes", "aws-1-a", pod_cidrs=("10.129.0.0/24",)),
        [("pod-ranges", "aws-1")],
    ),
    (
        "a service range",
        edited("aws-1", "services", "api", cluster_ip="10.16.0.9"),
        [("service-ranges", "aws-1")],
    ),
    ("a peer that is forgotten", peer_forgotten, [("peers", "aws-1")]),
    ("a cluster that is told of itself", told_of_itself, [("peers", "aws-1")]),
    ("another tunnel", set_to(tunnel_protocol="vxlan"), [("datapath", "aws-1")]),
    ("no encryption", set_to(enable_wireguard="false"), [("datapath", "aws-1")]),
    ("a host firewall", set_to(enable_host_firewall="true"), [("datapath", "aws-1")]),
    ("another MTU", set_to(mtu="0"), [("mtu", "aws-1")]),
    ("WireGuard peers", agents_say(wireguard_peers=2), [("wireguard", "aws-1-a"), ("wireguard", "aws-1-b")]),
    ("WireGuard keys", keys_missing, [("wireguard", "aws-1-a")]),
    ("a node port", wrong_node_port, [("node-ports", "aws-1")]),
    ("a zone of the load balancer", one_zone_lost, [("mesh-servers", "aws-1")]),
    ("the mesh port", port_shut(MESH_API_PORT), [("openings", "aws-azure")]),
    ("the health port", port_shut(HEALTH.port), [("openings", "aws-azure")]),
    ("echoes", port_shut(0), [("openings", "aws-azure")]),
    ("the overlay", no_way_into_pods, [("openings", "aws-azure")]),
    ("versions of agents", agents_say(version="1.18.12"), [("versions", "aws-1")]),
    ("a kubelet that is too new", edited("aws-1", "nodes", "aws-1-a", version="v1.36.0"), [("versions", "aws-1-a")]),
    ("webhooks", webhook, [("webhooks", "aws-1")]),
    ("a full node", full_node, [("capacity", "aws-1-a"), ("capacity", "aws-1-b")]),
    ("a quota", lambda f: warned(f, 'pods "dev" is forbidden: exceeded quota: small'), [("quotas", "aws-1")]),
    ("no room", lambda f: warned(f, "0/2 nodes are available: 2 Insufficient cpu."), [("quotas", "aws-1")]),
    ("a registry", lambda f: warned(f, "pulling from ghcr.io: 403 Forbidden"), [("permissions", "aws-1")]),
    ("a pod that crashes", crashing, [("workloads", "aws-1")]),
    ("a component that is not there", undeployed, [("workloads", "aws-1")]),
    (
        "a peer that is not connected",
        lambda f: f.lose_peer(
            "aws-1", "azure-1", connected=False, ready=False, status="Waiting for initial connection"
        ),
        [("connections", "aws-1")],
    ),
    (
        "a peer that is still read",
        lambda f: f.lose_peer("aws-1", "azure-1", synced={"nodes": True, "endpoints": False}),
        [("connections", "aws-1")],
    ),
    (
        "a new connection",
        lambda f: f.fail_way("aws-1", "azure-1", "etcdserver: permission denied"),
        [("connections", "aws-1")],
    ),
    ("a pod that is not known", unknown_pod, [("stale", "aws-1-a")]),
    ("backends for ever", set_to(clustermesh_cache_ttl="0s"), [("stale", "aws-1")]),
    ("an affinity", edited("aws-1", "services", "api", affinity="remote"), [("services", "aws-1")]),
    ("a service without backends", no_backend, [("services", "nfo")]),
    (
        "a policy that is refused",
        edited("aws-1", "policies", "allow-to-nfo", valid="unknown port"),
        [("policies", "aws-1")],
    ),
]


@pytest.fixture
def fleet(dev_plan: FleetPlan) -> Fleet:
    return Fleet.whole(dev_plan)


def test_a_whole_fleet_has_nothing_wrong(fleet: Fleet) -> None:
    assert fleet.found() == []


def test_every_fault_of_a_lab_is_here() -> None:
    # Of a single tunnel the mesh notices nothing: that is what hms link looks at.
    assert LAB.keys() == FINDINGS.keys() == {name for name, fault in FAULTS.items() if fault.target != "tunnel"}


@pytest.mark.parametrize("name", LAB)
def test_faults_of_a_lab(fleet: Fleet, name: str) -> None:
    break_, target = LAB[name]
    break_(fleet)
    assert fleet.found() == [(FINDINGS[name], target)]


@pytest.mark.parametrize(("break_", "found"), [each[1:] for each in OTHERS], ids=[each[0] for each in OTHERS])
def test_other_causes(fleet: Fleet, break_: Callable[[Fleet], None], found: list[tuple[str, str]]) -> None:
    break_(fleet)
    assert fleet.found() == found


def test_every_check_finds_something() -> None:
    assert {check.id for check in CHECKS} == {
        *FINDINGS.values(),
        *(check for _, _, found in OTHERS for check, _ in found),
    }


@pytest.mark.parametrize("name", LAB)
def test_findings_say_what_to_do(fleet: Fleet, name: str) -> None:
    LAB[name][0](fleet)
    for cause in find_causes(fleet.case()):
        finding = cause.finding
        assert finding.saw
        assert finding.why
        assert finding.run.split()[0] in {"hms", "kubectl", "aws", "az"}


def test_two_faults_are_two_causes(fleet: Fleet) -> None:
    kvstoremesh(fleet)
    mtu(fleet)
    agent(fleet)
    assert fleet.found() == [("agents", "aws-1-a"), ("kvstoremesh", "azure-1"), ("mtu", "aws-azure")]


def test_a_cut_link_and_a_dead_api_server_behind_it(fleet: Fleet) -> None:
    """The nodes behind it cannot be seen by anybody: that they are dead is not said."""
    link(fleet)
    fleet.kill_api("azure-1")
    (cause,) = find_causes(fleet.case())
    assert cause.check.id == "api-servers"
    assert "nothing of azure-1 answers" in cause.finding.saw


def test_a_lab_may_differ_where_it_says_so(fleet: Fleet) -> None:
    for name in fleet.views:
        fleet.set_config(name, tunnel_protocol="vxlan", enable_wireguard="false")
        fleet.each_agent(name, lambda each: replace(each, wireguard_peers=None))
        fleet.edit(name, "cilium_nodes", lambda each: replace(each, encryption_key=""))
    assert fleet.found() != []
    fleet.differs = frozenset({"tunnelProtocol", "encryption.enabled"})
    assert fleet.found() == []
    fleet.set_config("aws-1", tunnel_protocol="geneve")
    assert [check for check, _ in fleet.found()] == ["datapath"]


def test_warnings_of_what_is_over_are_no_finding(fleet: Fleet) -> None:
    said = Warn(about="Pod hms-dev/dev-7c965f45d7-1", reason="Failed", message="exceeded quota", count=3, last=NOW)
    fleet.change("aws-1", warnings=good((said,)))
    assert fleet.found() == []


def test_a_rotation_of_the_ca_is_no_fault(fleet: Fleet) -> None:
    """Both CAs are trusted everywhere; one cluster signs with the new one already."""
    secrets = ("clustermesh-apiserver-server-cert", "clustermesh-apiserver-remote-cert")
    for name, signer in (("aws-1", "the CA"), ("azure-1", "the next CA")):
        found = tuple(
            each
            for secret in secrets
            for each in (authority(secret, "the CA"), authority(secret, "the next CA"), certificate(secret, signer))
        )
        fleet.change(name, certificates=good(found))
    assert fleet.found() == []


def test_a_new_pod_is_not_missed_at_once(fleet: Fleet) -> None:
    unknown_pod(fleet)
    fleet.edit("azure-1", "endpoints", lambda each: replace(each, made=NOW - timedelta(seconds=30)))
    assert fleet.found() == []


def test_pods_that_are_kept_back_are_not_missed(fleet: Fleet) -> None:
    unknown_pod(fleet)
    fleet.edit("azure-1", "endpoints", lambda each: replace(each, shared=False))
    assert fleet.found() == []


def test_policies_add_up(fleet: Fleet) -> None:
    """A second policy without the label harms nobody as long as the first is there."""
    spec = {
        "endpointSelector": {},
        "ingress": [{"fromEndpoints": [{"matchLabels": {"app.kubernetes.io/name": "api"}}]}],
    }
    found = fleet.views["azure-1"].policies.get(())
    more = Policy(kind="CiliumNetworkPolicy", namespace="hms-api", name="more", valid="", specs=(spec,))
    fleet.change("azure-1", policies=good((*found, more)))
    assert fleet.found() == []


def test_a_policy_for_pods_of_elsewhere_alone_admits_nobody(fleet: Fleet) -> None:
    peers = {"matchLabels": {"k8s:io.kubernetes.pod.namespace": "hms-cdf", "app.kubernetes.io/name": "cdf"}}
    spec = {"endpointSelector": {}, "ingress": [{"fromEndpoints": [peers]}]}
    found = fleet.views["azure-1"].policies.get(())
    more = Policy(kind="CiliumNetworkPolicy", namespace="hms-nfo", name="more", valid="", specs=(spec,))
    fleet.change("azure-1", policies=good((*found, more)))
    (cause,) = find_causes(fleet.case())
    assert (cause.check.id, cause.finding.severity) == ("policies", "warning")
    assert "cdf runs in aws-1 alone" in cause.finding.saw
