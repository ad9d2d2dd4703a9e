"""Who the clusters of the mesh are to each other: ids, names, size, CA and version."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from base64 import b64decode

from policies.checks import demand
from policies.cilium import RELEASES, meshed_releases, values_of
from policies.mesh.compare import at, is_between, same, unique
from policies.rule import Metadata, Resource, Results, Stack, Undecided, Violation
from policies.values import Kind, read, revealed

_SETUP = "https://docs.cilium.io/en/stable/network/clustermesh/setup/"


@Metadata(
    over=Stack,
    id="mesh-cluster-ids-unique",
    family="mesh",
    title="Every cluster of the mesh has an id of its own",
    severity="critical",
    types=RELEASES,
    remediation="Set cluster.id to a number of its own, 1 to maxConnectedClusters, and never change it.",
    link=_SETUP,
)
def mesh_cluster_ids_unique(stack: Stack) -> Results:
    yield from unique(
        meshed_releases(stack),
        "cluster.id",
        lambda view: is_between(view, 1, 511),
        "an id is a number from 1 to 255, or to 511",
    )


@Metadata(
    over=Stack,
    id="mesh-cluster-names-unique",
    family="mesh",
    title="Every cluster of the mesh has a name of its own",
    severity="critical",
    types=RELEASES,
    remediation="Set cluster.name to a name of its own, and never change it.",
    link=_SETUP,
)
def mesh_cluster_names_unique(stack: Stack) -> Results:
    yield from unique(
        meshed_releases(stack),
        "cluster.name",
        lambda view: view.text() not in (None, "", "default"),
        "a name other than 'default' is needed",
    )


@Metadata(
    over=Stack,
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
    yield from same(releases, "clustermesh.maxConnectedClusters", "identities would be cut at different bits")
    for release in releases:
        size = values_of(release)["clustermesh.maxConnectedClusters"]
        if not size.unknown and not size.missing and read(size, Kind.NUMBER) not in (255, 511):
            yield Violation(path=size.path, message=f"is {size.shown()}: Cilium takes 255 or 511", urn=release.urn)


@Metadata(
    over=Stack,
    id="mesh-one-ca",
    family="mesh",
    title="All clusters of the mesh have certificates of one CA, and trust the same",
    severity="critical",
    types=RELEASES,
    remediation="Give every release the same tls.ca.cert and tls.ca.key, and the same tls.caBundle, with the CA in it.",
    link=_SETUP,
)
def mesh_one_ca(stack: Stack) -> Results:
    releases = meshed_releases(stack)
    for path in ("tls.ca.cert", "tls.ca.key", "tls.caBundle.content"):
        yield from same(releases, path, "neither trusts the other")
    for release in releases:
        yield from (at(release, result) for result in _trusts_itself(release))


def _trusts_itself(release: Resource) -> Results:
    bundle, signing = values_of(release)["tls.caBundle.content"], revealed(values_of(release)["tls.ca.cert"].value)
    if isinstance(signing, str) and not bundle.unknown:
        own = _decoded(signing)
        yield from demand(bundle, Kind.TEXT, lambda trusted: own in trusted, "it would not trust itself", optional=True)


def _decoded(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode().strip()
    except ValueError:
        return text


@Metadata(
    over=Stack,
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
