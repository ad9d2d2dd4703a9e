"""All clusters of a stack that are in the mesh, by the Helm values of their Cilium releases.

One stack may hold a part of the fleet; the clusters of other stacks are seen as peers only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, ip_address

from infra.ports import MESH_API_PORT
from policies.checks import demand, each, is_true, mistyped
from policies.cilium import RELEASES, cilium_releases, is_cilium, is_meshed, meshed_releases, values_of
from policies.rule import Resource, Results, Stack, Undecided, Violation, resource_rule, stack_rule
from policies.values import Kind, Plain, View, holds_unknown, read, revealed

_SETUP = "https://docs.cilium.io/en/stable/network/clustermesh/setup/"
_PATHS_OF_DATAPATH = ("routingMode", "tunnelProtocol", "ipam.mode")


def _unknown(releases: Sequence[Resource], path: str) -> Results:
    for release in releases:
        if values_of(release)[path].unknown:
            yield Undecided(path=f"values.{path}", urn=release.urn)


def _same(releases: Sequence[Resource], path: str, why: str) -> Results:
    """Demand one value in all; missing is a value too, the chart's default."""
    yield from _unknown(releases, path)
    known = [one for one in releases if not values_of(one)[path].unknown]
    for release in known[1:]:
        view, first = values_of(release)[path], values_of(known[0])[path]
        if revealed(view.value) != revealed(first.value):
            yield Violation(
                path=view.path, message=f"is {view.shown()}, but {first.shown()} in {known[0].name}: {why}", urn=release.urn
            )


def _unique(releases: Sequence[Resource], path: str, good: Callable[[View], bool], what: str) -> Results:
    yield from _unknown(releases, path)
    seen: dict[Plain, Resource] = {}
    for release in releases:
        view = values_of(release)[path]
        if view.unknown:
            continue
        if not good(view):
            yield Violation(path=view.path, message=f"is {view.shown()}: {what}", urn=release.urn)
        elif view.value in seen:
            other = seen[view.value].name
            yield Violation(path=view.path, message=f"is {view.shown()}, which {other} has too", urn=release.urn)
        else:
            seen[view.value] = release


@stack_rule(
    id="mesh-cluster-ids-unique",
    family="mesh",
    title="Every cluster of the mesh has an id of its own",
    severity="critical",
    types=RELEASES,
    remediation="Set cluster.id to a number of its own, 1 to maxConnectedClusters, and never change it.",
    link=_SETUP,
)
def mesh_cluster_ids_unique(stack: Stack) -> Results:
    yield from _unique(
        meshed_releases(stack),
        "cluster.id",
        lambda view: isinstance(read(view, Kind.NUMBER), int) and 1 <= read(view, Kind.NUMBER) <= 511,
        "an id is a number from 1 to 255, or to 511",
    )


@stack_rule(
    id="mesh-cluster-names-unique",
    family="mesh",
    title="Every cluster of the mesh has a name of its own",
    severity="critical",
    types=RELEASES,
    remediation="Set cluster.name to a name of its own, and never change it.",
    link=_SETUP,
)
def mesh_cluster_names_unique(stack: Stack) -> Results:
    yield from _unique(
        meshed_releases(stack),
        "cluster.name",
        lambda view: view.text() not in (None, "", "default"),
        "a name other than 'default' is needed",
    )


@stack_rule(
    id="mesh-one-size",
    family="mesh",
    title="All clusters of the mesh count on the same number of clusters",
    severity="high",
    types=RELEASES,
    remediation="Set clustermesh.maxConnectedClusters to 255 or 511, the same everywhere, for ever.",
    link=_SETUP,
)
def mesh_one_size(stack: Stack) -> Results:
    releases = meshed_releases(stack)
    yield from _same(releases, "clustermesh.maxConnectedClusters", "identities would be cut at different bits")
    for release in releases:
        size = values_of(release)["clustermesh.maxConnectedClusters"]
        if not size.unknown and not size.missing and read(size, Kind.NUMBER) not in (255, 511):
            yield Violation(path=size.path, message=f"is {size.shown()}: Cilium takes 255 or 511", urn=release.urn)


@stack_rule(
    id="mesh-one-ca",
    family="mesh",
    title="All clusters of the mesh trust one CA",
    severity="critical",
    types=RELEASES,
    remediation="Give every release the same tls.ca.cert and tls.ca.key.",
    link=_SETUP,
)
def mesh_one_ca(stack: Stack) -> Results:
    releases = meshed_releases(stack)
    for path in ("tls.ca.cert", "tls.ca.key"):
        yield from _unknown(releases, path)
        known = [one for one in releases if not values_of(one)[path].unknown]
        for release in known[1:]:
            if revealed(values_of(release)[path].value) != revealed(values_of(known[0])[path].value):
                yield Violation(
                    path=f"values.{path}", message=f"is another than in {known[0].name}: neither trusts the other",
                    urn=release.urn,
                )  # fmt: skip


@stack_rule(
    id="mesh-one-datapath",
    family="mesh",
    title="All clusters of the mesh have one datapath",
    severity="critical",
    types=RELEASES,
    remediation="Give every release the same routingMode, tunnelProtocol and ipam.mode.",
    link=_SETUP,
)
def mesh_one_datapath(stack: Stack) -> Results:
    for path in _PATHS_OF_DATAPATH:
        yield from _same(meshed_releases(stack), path, "packets of one could not be read by the other")


@stack_rule(
    id="mesh-one-mtu",
    family="mesh",
    title="All clusters of the mesh have one MTU, and it is set",
    severity="high",
    types=RELEASES,
    remediation="Set MTU to the plan's in every release; what is detected (9001 on EC2) does not fit the tunnels.",
    link="https://docs.cilium.io/en/stable/network/concepts/routing/",
)
def mesh_one_mtu(stack: Stack) -> Results:
    releases = meshed_releases(stack)
    yield from _same(releases, "MTU", "large packets would vanish")
    for release in releases:
        mtu = values_of(release)["MTU"]
        if not mtu.unknown and not (isinstance(read(mtu, Kind.NUMBER), int) and 1280 <= read(mtu, Kind.NUMBER) <= 9001):
            yield Violation(
                path=mtu.path, message=f"is {mtu.shown()}: what the network card says does not fit the link", urn=release.urn
            )


@stack_rule(
    id="mesh-one-version",
    family="mesh",
    title="All clusters of the mesh run one version of Cilium",
    severity="medium",
    level="advisory",
    types=RELEASES,
    remediation="Upgrade one minor version at a time, all clusters after each other.",
    link="https://docs.cilium.io/en/stable/operations/upgrade/",
)
def mesh_one_version(stack: Stack) -> Results:
    releases = meshed_releases(stack)
    for release in releases[1:]:
        version, first = release["version"], releases[0]["version"]
        if version.unknown or first.unknown:
            yield Undecided(path=version.path, urn=release.urn)
        elif version.value != first.value:
            yield Violation(
                path=version.path, message=f"is {version.shown()}, but {first.shown()} in {releases[0].name}",
                urn=release.urn,
            )  # fmt: skip


@stack_rule(
    id="mesh-pod-ranges-apart",
    family="mesh",
    title="Pods of different clusters have different addresses",
    severity="critical",
    types=RELEASES,
    remediation="Give every cluster a pod range of its own (ipam.operator.clusterPoolIPv4PodCIDRList).",
    link=_SETUP,
)
def mesh_pod_ranges_apart(stack: Stack) -> Results:
    taken: list[tuple[IPv4Network, Resource]] = []
    for release in cilium_releases(stack):
        values = values_of(release)
        if values["ipam.mode"].text() == "eni":
            continue  # addresses of the VPC, which the network's own ranges keep apart
        pools = values["ipam.operator.clusterPoolIPv4PodCIDRList"]
        if pools.unknown or holds_unknown(pools.value):
            yield Undecided(path=pools.path, urn=release.urn)
        elif not pools.elements():
            yield Violation(
                path=pools.path, message=f"is {pools.shown()}: the chart's own is 10.0.0.0/8, for all of them",
                urn=release.urn,
            )  # fmt: skip
        for pool in pools.elements():
            network = _network(pool)
            if network is None:
                if not pool.unknown:
                    yield Violation(path=pool.path, message=f"is {pool.shown()}: no range", urn=release.urn)
                continue
            for other, owner in taken:
                if network.overlaps(other):
                    yield Violation(
                        path=pool.path, message=f"is {pool.shown()}, over {other} of {owner.name}", urn=release.urn
                    )
            taken.append((network, release))


def _network(view: View) -> IPv4Network | None:
    try:
        return IPv4Network(view.text() or "", strict=False)
    except ValueError:
        return None


@stack_rule(
    id="mesh-peers-complete",
    family="mesh",
    title="Every cluster of the mesh knows all the others of the stack",
    severity="high",
    types=RELEASES,
    remediation="List every other cluster under clustermesh.config.clusters, and offer the own with useAPIServer.",
    link=_SETUP,
)
def mesh_peers_complete(stack: Stack) -> Results:
    releases = meshed_releases(stack)
    names = {release.urn: values_of(release)["cluster.name"].text() for release in releases}
    for release in releases:
        mesh = values_of(release)["clustermesh"]
        yield from (
            _at(release, result)
            for view in (mesh["useAPIServer"], mesh["config.enabled"])
            for result in is_true(view, "the others could not read from it, or it not from them")
        )
        peers = mesh["config.clusters"]
        if peers.unknown:
            yield Undecided(path=peers.path, urn=release.urn)
            continue
        # Up to 1.19 the chart takes a list as well.
        listed = {name for name, _ in peers.entries()} | {one["name"].text() for one in peers.elements()}
        missing = [name for urn, name in names.items() if urn != release.urn and name and name not in listed]
        if missing:
            yield Violation(path=peers.path, message=f"lacks {', '.join(missing)}", urn=release.urn)


def _at(release: Resource, result: Violation | Undecided) -> Violation | Undecided:
    if isinstance(result, Undecided):
        return Undecided(path=result.path, urn=release.urn)
    return Violation(path=result.path, message=result.message, urn=release.urn)


@resource_rule(
    id="mesh-peers-private",
    family="mesh",
    title="Clusters of the mesh reach each other by private addresses, on the mesh's port",
    severity="critical",
    types=RELEASES,
    remediation=f"Give each peer ips of its internal load balancer and port {MESH_API_PORT}.",
    link=_SETUP,
)
def mesh_peers_private(resource: Resource) -> Results:
    if not is_cilium(resource) or not is_meshed(resource):
        return
    peers = values_of(resource)["clustermesh.config.clusters"]
    if peers.unknown:
        yield Undecided(path=peers.path)
    elif not peers.missing and not peers.is_a(Kind.OBJECT) and not peers.is_a(Kind.LIST):
        yield mistyped(peers, Kind.OBJECT)
    for peer in (*(view for _, view in peers.entries()), *peers.elements()):
        yield from each(
            peer["ips"],
            lambda address: demand(address, Kind.TEXT, _private, "it would be reached over the internet"),
            why="a name would not fit the certificate",
        )
        yield from demand(peer["port"], Kind.NUMBER, lambda port: port == MESH_API_PORT, "no firewall opens that")


def _private(text: str) -> bool:
    try:
        return ip_address(text).is_private
    except ValueError:
        return False


@resource_rule(
    id="mesh-policies-local",
    family="mesh",
    title="A network policy that names no cluster means its own",
    severity="high",
    types=RELEASES,
    remediation="Set clustermesh.policyDefaultLocalCluster to true (the default since 1.19).",
    link="https://docs.cilium.io/en/stable/network/clustermesh/policy/",
)
def mesh_policies_local(resource: Resource) -> Results:
    if is_cilium(resource) and is_meshed(resource):
        yield from is_true(
            values_of(resource)["clustermesh.policyDefaultLocalCluster"],
            "a pod of the same labels in any cluster would be let in",
            optional=True,
        )


@resource_rule(
    id="mesh-forgets-lost-clusters",
    family="mesh",
    title="Backends of a cluster that is lost are dropped after a while",
    severity="low",
    level="advisory",
    types=RELEASES,
    remediation="Set clustermesh.cacheTTL, such as 15m; the chart's default keeps them for ever.",
    link=_SETUP,
)
def mesh_forgets_lost_clusters(resource: Resource) -> Results:
    if is_cilium(resource) and is_meshed(resource):
        yield from demand(
            values_of(resource)["clustermesh.cacheTTL"],
            Kind.TEXT,
            lambda text: text not in ("", "0", "0s"),
            "services would go on asking backends that are gone",
        )
