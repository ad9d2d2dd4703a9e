"""How the clusters of the mesh send packets to each other: datapath, MTU and addresses."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from ipaddress import IPv4Network

from policies.cilium import RELEASES, cilium_releases, meshed_releases, values_of
from policies.mesh.compare import is_between, same
from policies.rule import Metadata, Resource, Results, Stack, Undecided, Violation
from policies.values import View, holds_unknown

_SETUP = "https://docs.cilium.io/en/stable/network/clustermesh/setup/"
_PATHS_OF_DATAPATH = ("routingMode", "tunnelProtocol", "ipam.mode")


@Metadata(
    over=Stack,
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
        yield from same(meshed_releases(stack), path, "packets of one could not be read by the other")


@Metadata(
    over=Stack,
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
    yield from same(releases, "MTU", "large packets would vanish")
    for release in releases:
        mtu = values_of(release)["MTU"]
        if not mtu.unknown and not is_between(mtu, 1280, 9001):
            yield Violation(
                path=mtu.path,
                message=f"is {mtu.shown()}: what the network card says does not fit the link",
                urn=release.urn,
            )


@Metadata(
    over=Stack,
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
