"""Between nodes everything is WireGuard, between clusters TLS by name, and Hubble too."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from ipaddress import IPv4Network

from infra.addresses import POD_POOL
from policies.checks import at_most, each, is_false, is_set, is_true, one_of
from policies.cilium import RELEASES, cilium_releases, is_cilium, is_meshed, values_of
from policies.rule import Metadata, Resource, Results, Stack, Undecided, Violation
from policies.values import View, holds_unknown, revealed

MAX_CERTIFICATE_DAYS = 398
"""What public authorities may issue (CA/Browser Forum), taken as a measure for our own."""

_RENEWED = ("cronJob", "certmanager")
_ENCRYPTION = "https://docs.cilium.io/en/stable/security/network/encryption-wireguard/"
_MESH = "https://docs.cilium.io/en/stable/network/clustermesh/setup/"


@Metadata(
    over=Resource,
    id="cilium-wireguard",
    family="in-transit",
    title="Cilium encrypts between nodes with WireGuard",
    severity="critical",
    types=RELEASES,
    remediation="Set encryption.enabled to true and encryption.type to wireguard.",
    link=_ENCRYPTION,
)
def cilium_wireguard(resource: Resource) -> Results:
    if not is_cilium(resource):
        return
    encryption = values_of(resource)["encryption"]
    yield from is_true(encryption["enabled"], "pods would talk in the clear, over the internet link too")
    yield from one_of(encryption["type"], ("wireguard",), "IPsec keys would be ours to rotate, on every node")


@Metadata(
    over=Resource,
    id="cilium-strict-encryption",
    family="in-transit",
    title="What a pod sends before its peer is known waits, and does not leave in the clear",
    severity="high",
    types=RELEASES,
    remediation=(
        "Set encryption.strictMode.egress with the pool of all pods as cidr. It may be left out where pods have "
        "addresses outside the pool, and with ENI addresses."
    ),
    link=_ENCRYPTION,
)
def cilium_strict_encryption(resource: Resource) -> Results:
    if not is_cilium(resource):
        return
    values = values_of(resource)
    pools = values["ipam.operator.clusterPoolIPv4PodCIDRList"]
    strict = values["encryption.strictMode.egress"]
    if values["ipam.mode"].text() == "eni":
        return
    if strict.missing and not all(_in_pool(pool) for pool in pools.elements()):
        return
    yield from is_true(strict["enabled"], "the first packets to a new pod would leave in the clear")
    yield from is_set(strict["cidr"], "nothing says which addresses are pods")
    if strict["cidr"].text() is not None:
        yield from each(pools, lambda pool: _covered(pool, strict["cidr"]))


def _in_pool(pool: View) -> bool:
    network = _network(pool)
    return network is not None and network.subnet_of(POD_POOL)


def _covered(pool: View, cidr: View) -> Results:
    """Each pod range has to lie in the one that strict mode guards."""
    inner, outer = _network(pool), _network(cidr)
    if inner is not None and outer is not None and not inner.subnet_of(outer):
        yield Violation(path=cidr.path, message=f"is {cidr.shown()}: pods of {inner} are not in it")


def _network(view: View) -> IPv4Network | None:
    try:
        return IPv4Network(view.text() or "", strict=False)
    except ValueError:
        return None


@Metadata(
    over=Stack,
    id="cilium-encryption-same",
    family="in-transit",
    title="All clusters of a stack encrypt in the same way",
    severity="critical",
    types=RELEASES,
    remediation="Give every release the same values below encryption: there is no mixed mode.",
    link=_ENCRYPTION,
)
def cilium_encryption_same(stack: Stack) -> Results:
    releases = cilium_releases(stack)
    known = [one for one in releases if not holds_unknown(values_of(one)["encryption"].value)]
    for release in releases:
        if release not in known:
            yield Undecided(path="values.encryption", urn=release.urn)
    for release in known[1:]:
        if revealed(values_of(release)["encryption"].value) != revealed(values_of(known[0])["encryption"].value):
            yield Violation(path="values.encryption", message=f"differs from that of {known[0].name}", urn=release.urn)


@Metadata(
    over=Resource,
    id="clustermesh-tls",
    family="in-transit",
    title="Clusters of the mesh know each other by certificate, each by its own name",
    severity="critical",
    types=RELEASES,
    remediation=(
        "Under clustermesh.apiserver.tls set authMode to cluster and auto.enabled to true with method cronJob or "
        "certmanager; give tls.ca.cert and tls.ca.key."
    ),
    link=_MESH,
)
def clustermesh_tls(resource: Resource) -> Results:
    if not is_cilium(resource):
        return
    values = values_of(resource)
    if values.unknown:
        yield Undecided(path=values.path)
    if not is_meshed(resource):
        return
    tls = values["clustermesh.apiserver.tls"]
    yield from one_of(tls["authMode"], ("cluster",), "one stolen certificate would speak for every cluster")
    yield from _renewed(tls["auto"])
    yield from is_set(values["tls.ca.cert"], "each cluster would make a CA that no other trusts")
    yield from is_set(values["tls.ca.key"], "each cluster would make a CA that no other trusts")


@Metadata(
    over=Resource,
    id="hubble-tls",
    family="in-transit",
    title="Hubble talks TLS, from agents and from the relay",
    severity="high",
    types=RELEASES,
    remediation="Set hubble.tls.enabled and hubble.relay.tls.server.enabled to true, with certificates by cronJob.",
    link="https://docs.cilium.io/en/stable/observability/hubble/configuration/tls/",
)
def hubble_tls(resource: Resource) -> Results:
    if not is_cilium(resource):
        return
    hubble = values_of(resource)["hubble"]
    if hubble.unknown:
        yield Undecided(path=hubble.path)
    if hubble["enabled"].flag() is False:
        return
    yield from is_true(hubble["tls.enabled"], "who talks to whom could be read on the wire", optional=True)
    yield from _renewed(hubble["tls.auto"])
    if hubble["relay.enabled"].flag() is not False and not hubble["relay"].missing:
        yield from is_true(hubble["relay.tls.server.enabled"], "the relay would answer in the clear")


def _renewed(auto: View) -> Results:
    yield from is_true(auto["enabled"], "nobody would make certificates", optional=True)
    yield from one_of(auto["method"], _RENEWED, "certificates that Helm makes are never renewed")
    yield from at_most(
        auto["certValidityDuration"], MAX_CERTIFICATE_DAYS, "days that a stolen certificate would serve", optional=True
    )


@Metadata(
    over=Resource,
    id="cilium-node-encryption-off",
    family="in-transit",
    title="Cilium's node encryption stays off",
    severity="medium",
    types=RELEASES,
    remediation="Leave encryption.nodeEncryption and hostFirewall.enabled out until cilium#31209 is closed.",
    link="https://github.com/cilium/cilium/issues/31209",
)
def cilium_node_encryption_off(resource: Resource) -> Results:
    if is_cilium(resource):
        values = values_of(resource)
        why = "with a tunnel the first reply of a load balancer is lost, and the mesh with it"
        yield from is_false(values["encryption.nodeEncryption"], why)
        yield from is_false(values["hostFirewall.enabled"], why)
