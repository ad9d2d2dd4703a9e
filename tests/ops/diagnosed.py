"""A fleet in which nothing is wrong, as a diagnosis sees it, and what can be made wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

from infra.network_policies import KIND, network_policies
from infra.ports import MESH_API_PORT
from infra.workloads import plan_workloads
from ops.adapters.probe import Heard
from ops.services.diagnose.case import Case
from ops.services.diagnose.commands import Commands
from ops.services.diagnose.places import targets
from ops.services.diagnose.run import find_causes
from ops.services.observe.cilium import Agent, Certificate, CiliumConfig, CiliumNode, Endpoint, Entry, Operator
from ops.services.observe.kubernetes import ApiServer, Node, Pod, Policy, Service, Workload
from ops.services.observe.mesh import ConfiguredPeer, ConfiguredPeers, MeshServer, Peer, Way
from ops.services.observe.seen import Seen
from ops.services.observe.snapshot import ClusterView, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.plan import FleetPlan
    from ops.adapters.probe import Targets

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LETTERS = ("a", "b")


def good(value: Any) -> Seen[Any]:
    return Seen(value=value, at=NOW)


def bad(error: str) -> Seen[Any]:
    return Seen(error=error, at=NOW)


def nodes_of(plan: FleetPlan, cluster: str) -> dict[str, str]:
    """Addresses by name: in a site, those of one cluster after those of another."""
    within = plan.sites[plan.clusters[cluster].site].addresses.node_ranges[0]
    first = 16 * plan.clusters[cluster].id
    return {f"{cluster}-{letter}": str(within[first + number]) for number, letter in enumerate(LETTERS)}


def health_of(plan: FleetPlan, cluster: str) -> dict[str, str]:
    """Health endpoints by the address of the node before them."""
    pods = plan.clusters[cluster].pod_cidr
    assert pods is not None
    return {address: str(pods[200 + number]) for number, address in enumerate(nodes_of(plan, cluster).values())}


@dataclass
class Network:
    """What gets through between nodes.

    Parameters
    ----------
    dead
        Addresses at which nobody is.
    shut
        Addresses and ports that refuse.
    dropped
        Says of a source's site and of an address, and of a port (0 for an echo), whether packets vanish.
    mtu
        Octets that links carry.
    """

    plan: FleetPlan
    dead: set[str] = field(default_factory=set)
    shut: set[tuple[str, int]] = field(default_factory=set)
    dropped: Callable[[str, str, int], bool] = lambda _site, _address, _port: False
    mtu: int = 1400

    def hear(self, cluster: str, targets: Targets) -> Heard:
        site = self.plan.clusters[cluster].site
        within = self.plan.sites[site].cidr

        def passes(address: str, size: int) -> bool:
            return not self._lost(site, address, 0) and (IPv4Address(address) in within or size <= self.mtu)

        return Heard(
            echoes={
                address: frozenset(size for size in sizes if passes(address, size))
                for address, sizes in targets.echoes.items()
                if any(passes(address, size) for size in sizes)
            },
            ports={
                (address, port): "refused" if (address, port) in self.shut else "open"
                for address, port in targets.ports
                if not self._lost(site, address, port)
            },
        )

    def _lost(self, site: str, address: str, port: int) -> bool:
        return address in self.dead or self.dropped(site, address, port)


@dataclass
class Fleet:
    """A fleet and what is seen of it.

    Parameters
    ----------
    unheard
        Nodes from which nothing can be tried.
    """

    plan: FleetPlan
    views: dict[str, ClusterView]
    network: Network
    unheard: set[str] = field(default_factory=set)
    differs: frozenset[str] = frozenset()

    @classmethod
    def whole(cls, plan: FleetPlan) -> Fleet:
        return cls(plan=plan, views={name: _view(plan, name) for name in plan.clusters}, network=Network(plan))

    def change(self, cluster: str, **parts: Any) -> None:
        self.views[cluster] = replace(self.views[cluster], **parts)

    def edit(self, cluster: str, part: str, change: Callable[[Any], Any]) -> None:
        """Change each thing of a part of which there are several."""
        self.change(cluster, **{part: good(tuple(map(change, getattr(self.views[cluster], part).value)))})

    def set_config(self, cluster: str, **data: str) -> None:
        """Set settings of Cilium, ``_`` for ``-``."""
        config = self.views[cluster].config.value
        assert config is not None
        changed = {**config.data, **{key.replace("_", "-"): value for key, value in data.items()}}
        self.change(cluster, config=good(CiliumConfig(data=changed)))

    def each_agent(self, cluster: str, change: Callable[[Agent], Agent]) -> None:
        agents = {
            node: good(change(seen.value))
            for node, seen in self.views[cluster].agents.items()
            if seen.value is not None
        }
        self.change(cluster, agents=agents)

    def kill_api(self, cluster: str) -> None:
        """As a look at a cluster gives it, where the API server does not answer."""
        error = bad(f"{cluster}: the API server does not answer: Connection refused")
        parts = {name: error for name, part in vars(self.views[cluster]).items() if isinstance(part, Seen)}
        self.views[cluster] = ClusterView(name=cluster, **parts)

    def kill_agent(self, cluster: str, node: str) -> None:
        view = self.views[cluster]
        error = bad("Is the agent running?")
        self.change(cluster, agents={**view.agents, node: error}, addresses={**view.addresses, node: error})

    def kill_node(self, cluster: str, node: str) -> None:
        self.kill_agent(cluster, node)
        self.unheard.add(node)
        self.network.dead.add(nodes_of(self.plan, cluster)[node])

    def kill_mesh(self, cluster: str) -> None:
        self.kill_kvstoremesh(cluster)
        self.network.shut |= {(each, MESH_API_PORT) for each in self.plan.clusters[cluster].mesh_addresses}
        for other in self.views:
            if other != cluster:
                self.fail_way(other, cluster, "dial tcp: connect: connection refused")

    def kill_kvstoremesh(self, cluster: str) -> None:
        server = next(iter(self.views[cluster].mesh_servers))
        self.change(cluster, mesh_servers={server: bad("is KVStoreMesh running?")}, ways={})

    def fail_way(self, source: str, target: str, failure: str) -> None:
        ways = {
            server: {
                peer: good(Way(peer=peer, works=peer != target, failures=(failure,) if peer == target else (), text=""))
                for peer in ways
            }
            for server, ways in self.views[source].ways.items()
        }
        self.change(source, ways=ways)

    def lose_peer(self, source: str, target: str, **state: Any) -> None:
        """Let kvstoremesh of a cluster say something else of a peer."""
        for server, seen in self.views[source].mesh_servers.items():
            assert seen.value is not None
            peers = tuple(replace(peer, **state) if peer.name == target else peer for peer in seen.value.peers)
            self.change(source, mesh_servers={server: good(MeshServer(peers=peers, raw=()))})

    def case(self) -> Case:
        seen = Snapshot(fleet=self.plan.name, where="here", taken=NOW, seconds=1.0, clusters=self.views)
        tried = {
            cluster: {
                node: bad("nobody is there") if node in self.unheard else good(self.network.hear(cluster, wanted))
                for node, wanted in nodes.items()
            }
            for cluster, nodes in targets(self.plan, seen).items()
        }
        return Case(plan=self.plan, seen=seen, tried=tried, commands=Commands(), differs=self.differs)

    def found(self) -> list[tuple[str, str]]:
        """Give what is found: the check, and what it is about first."""
        return sorted((cause.check.id, cause.finding.about[0]) for cause in find_causes(self.case()))


def _view(plan: FleetPlan, name: str) -> ClusterView:
    cluster = plan.clusters[name]
    peers = tuple(peer.name for peer in plan.peers(name))
    nodes = nodes_of(plan, name)
    told = tuple(
        ConfiguredPeer(name=peer, endpoints=(f"https://{peer}.mesh.cilium.io:{MESH_API_PORT}",)) for peer in peers
    )
    said = tuple(_peer(plan, peer) for peer in peers)
    assert cluster.pod_cidr is not None
    ranges = cluster.pod_cidr.subnets(new_prefix=24)
    return ClusterView(
        name=name,
        api=good(ApiServer(version=f"v{cluster.kubernetes}.2")),
        nodes=good(
            tuple(
                Node(name=node, ready=True, version=f"v{cluster.kubernetes}.2", address=address)
                for node, address in nodes.items()
            )
        ),
        pods=good(tuple(_pods(plan, name))),
        workloads=good(tuple(_workloads(plan, name))),
        services=good(tuple(_services(plan, name))),
        node_ports=good({cluster.mesh_node_port: "kube-system/clustermesh-apiserver"}),
        hooks=good(()),
        policies=good(tuple(_policies(plan, name))),
        warnings=good(()),
        config=good(CiliumConfig(data=_config(plan, name))),
        peers=good(ConfiguredPeers(agents=told, kvstoremesh=told)),
        certificates=good(_certificates()),
        cilium_nodes=good(
            tuple(
                CiliumNode(name=node, address=address, pod_cidrs=(str(next(ranges)),), encryption_key=f"key of {node}")
                for node, address in nodes.items()
            )
        ),
        operator=good(Operator(holder="operator-0", renewed=NOW - timedelta(seconds=2), lease=15)),
        endpoints=good(_endpoints(plan, name)),
        agents={node: good(_agent(plan, said)) for node in nodes},
        addresses={node: good(dict(_table(plan))) for node in nodes},
        mesh_servers={"clustermesh-apiserver-0": good(MeshServer(peers=said, raw=()))},
        ways={
            "clustermesh-apiserver-0": {peer: good(Way(peer=peer, works=True, failures=(), text="")) for peer in peers}
        },
    )


def _peer(plan: FleetPlan, name: str) -> Peer:
    return Peer(
        name=name,
        connected=True,
        ready=True,
        status="etcd: 1/1 connected",
        nodes=len(LETTERS),
        identities=1,
        endpoints=1,
        services=1,
        failures=0,
        last_failure=None,
        cluster_id=plan.clusters[name].id,
        synced={"nodes": True, "endpoints": True},
        raw={},
    )


def _agent(plan: FleetPlan, peers: tuple[Peer, ...]) -> Agent:
    return Agent(
        state="Ok",
        message="",
        version=plan.mesh.cilium,
        health="Ok",
        hubble="Ok",
        encryption="Wireguard",
        wireguard_peers=len(LETTERS) * len(plan.clusters) - 1,
        kube_proxy_replacement="True",
        routing="Tunnel (geneve)",
        peers=peers,
        problems={},
        raw={"ipam": {"status": "IPv4: 9/254 allocated from 10.128.0.0/24, "}},
    )


def _config(plan: FleetPlan, name: str) -> dict[str, str]:
    return {
        "cluster-name": name,
        "cluster-id": str(plan.clusters[name].id),
        "max-connected-clusters": str(plan.mesh.max_clusters),
        "cluster-pool-ipv4-cidr": str(plan.clusters[name].pod_cidr),
        "routing-mode": "tunnel",
        "tunnel-protocol": "geneve",
        "enable-wireguard": "true",
        "mtu": str(plan.mesh.mtu),
        "clustermesh-cache-ttl": "15m0s",
        "policy-default-local-cluster": "true",
    }


def certificate(secret: str, signer: str, **changes: Any) -> Certificate:
    made = Certificate(
        secret=f"kube-system/{secret}",
        entry="tls.crt",
        subject="CN=clustermesh-apiserver.cilium.io",
        issuer="CN=Cilium CA",
        authority=False,
        key_id="",
        issuer_key_id=f"key of {signer}",
        fingerprint=f"fingerprint of {secret}",
        serial="1",
        not_before=NOW - timedelta(days=60),
        not_after=NOW + timedelta(days=305),
        signed_by=(signer,),
    )
    return replace(made, **changes)


def authority(secret: str, name: str) -> Certificate:
    return certificate(
        secret,
        name,
        entry="ca.crt",
        subject="CN=Cilium CA",
        authority=True,
        key_id=f"key of {name}",
        fingerprint=name,
        not_after=NOW + timedelta(days=3650),
    )


def _certificates(name: str = "the CA") -> tuple[Certificate, ...]:
    secrets = ("clustermesh-apiserver-server-cert", "clustermesh-apiserver-remote-cert")
    return tuple(each for secret in secrets for each in (authority(secret, name), certificate(secret, name)))


def certificates_of(name: str) -> tuple[Certificate, ...]:
    """Certificates as they are where a cluster has a CA of its own."""
    return _certificates(name)


def _running(plan: FleetPlan, name: str) -> Iterator[tuple[str, str, int]]:
    yield "kube-system", "cilium-operator", 1
    yield "kube-system", "clustermesh-apiserver", 1
    for component in plan_workloads(plan, name).components:
        if component.runs:
            yield component.namespace, component.name, 2


def _workloads(plan: FleetPlan, name: str) -> Iterator[Workload]:
    common: dict[str, Any] = {"updated": 2, "image": "image:1"}
    yield Workload(kind="DaemonSet", namespace="kube-system", name="cilium", desired=2, ready=2, **common)
    for namespace, workload, number in _running(plan, name):
        ours = namespace != "kube-system"
        yield Workload(
            kind="Deployment", namespace=namespace, name=workload, desired=number, ready=number, ours=ours, **common
        )


def _pods(plan: FleetPlan, name: str) -> Iterator[Pod]:
    nodes = list(nodes_of(plan, name))
    for node in nodes:
        yield Pod(
            namespace="kube-system",
            name=f"cilium-{node[-1]}x",
            node=node,
            phase="Running",
            ready=True,
            component="cilium",
        )
    for namespace, workload, number in _running(plan, name):
        for each in range(number):
            yield Pod(
                namespace=namespace,
                name=f"{workload}-7c965f45d7-{each}",
                node=nodes[each],
                phase="Running",
                ready=True,
                component=workload,
            )


def _services(plan: FleetPlan, name: str) -> Iterator[Service]:
    for number, component in enumerate(plan_workloads(plan, name).components):
        service = component.service
        if service.is_global:
            yield Service(
                namespace=service.namespace,
                name=service.name,
                shared=service.shared,
                affinity=service.affinity,
                cluster_ip=str(plan.clusters[name].service_cidr[100 + number]),
                backends=2 if component.runs else 0,
            )


def _policies(plan: FleetPlan, name: str) -> Iterator[Policy]:
    for component in plan_workloads(plan, name).components:
        for policy in network_policies(component):
            yield Policy(kind=KIND, namespace=component.namespace, name=policy.name, valid="", specs=(policy.spec,))


def _endpoints(plan: FleetPlan, name: str) -> tuple[Endpoint, ...]:
    pods = plan.clusters[name].pod_cidr
    assert pods is not None
    address = next(iter(nodes_of(plan, name).values()))
    return (
        Endpoint(
            namespace="hms-api",
            name="api-7c965f45d7-0",
            address=str(pods[10]),
            identity=(plan.clusters[name].id << 16) + 7,
            node=address,
            made=NOW - timedelta(hours=1),
        ),
    )


def _table(plan: FleetPlan) -> Iterator[tuple[str, Entry]]:
    for name in plan.clusters:
        for endpoint in _endpoints(plan, name):
            entry = Entry(identity=endpoint.identity, tunnel=endpoint.node, encryption_key=255)
            yield f"{endpoint.address}/32", entry
        for node, address in health_of(plan, name).items():
            yield f"{address}/32", Entry(identity=4, tunnel=node, encryption_key=255)
