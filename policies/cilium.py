"""Cilium's releases in a stack, and what their Helm values mean with the chart's defaults filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policies.rule import Resource, Stack
    from policies.values import View

RELEASES = ("kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v4:Chart")


def is_cilium(resource: Resource) -> bool:
    """Say whether a Helm release is of Cilium's chart, from whatever repository."""
    return resource.type in RELEASES and (resource["chart"].text() or "").rpartition("/")[2] == "cilium"


def cilium_releases(stack: Stack) -> tuple[Resource, ...]:
    """List Cilium's releases of a stack: one for each of its clusters."""
    return tuple(resource for resource in stack.of_type(*RELEASES) if is_cilium(resource))


def values_of(release: Resource) -> View:
    """Look at the Helm values of a release."""
    return release["values"]


def is_meshed(release: Resource) -> bool:
    """Say whether a cluster offers itself to others, or reads others."""
    mesh = values_of(release)["clustermesh"]
    return mesh["useAPIServer"].flag() is True or mesh["config.enabled"].flag() is True


def meshed_releases(stack: Stack) -> tuple[Resource, ...]:
    """List the releases whose clusters are in the mesh."""
    return tuple(release for release in cilium_releases(stack) if is_meshed(release))
