"""What the clusters of the mesh know of each other."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from ipaddress import ip_address

from infra.ports import MESH_API_PORT
from policies.checks import demand, each, is_true, mistyped
from policies.cilium import RELEASES, cilium_releases, is_cilium, is_meshed, meshed_releases, values_of
from policies.mesh.compare import at
from policies.rule import Metadata, Resource, Results, Stack, Undecided, Violation
from policies.values import Kind

_SETUP = "https://docs.cilium.io/en/stable/network/clustermesh/setup/"


@Metadata(
    over=Stack,
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
    alone = [values_of(one)["cluster.name"].text() or "" for one in cilium_releases(stack) if one not in releases]
    for release in releases:
        mesh = values_of(release)["clustermesh"]
        yield from (
            at(release, result)
            for view in (mesh["useAPIServer"], mesh["config.enabled"])
            for result in is_true(view, "the others could not read from it, or it not from them")
        )
        peers = mesh["config.clusters"]
        if peers.unknown:
            yield Undecided(path=peers.path, urn=release.urn)
            continue
        # Up to 1.19 the chart takes a list as well.
        listed = {name for name, _ in peers.entries()} | {one["name"].text() for one in peers.elements()}
        outside = [name for name in alone if name in listed]
        if outside:
            yield Violation(
                path=peers.path, message=f"has {', '.join(outside)}, which offers nothing to others", urn=release.urn
            )
        missing = [name for urn, name in names.items() if urn != release.urn and name and name not in listed]
        if missing:
            yield Violation(path=peers.path, message=f"lacks {', '.join(missing)}", urn=release.urn)


@Metadata(
    over=Resource,
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


@Metadata(
    over=Resource,
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


@Metadata(
    over=Resource,
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
