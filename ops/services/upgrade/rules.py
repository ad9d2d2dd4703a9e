"""What is known of versions, each with its source. Looked at on 2026-11-24; nothing here is asked of the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.checks.clusters import KUBERNETES_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class CiliumMinor:
    """A minor release of Cilium that the program makes Helm values for.

    Parameters
    ----------
    newest
        The newest patch release that the values were rendered with (``toolchain/versions.toml``).
    kubernetes
        Minors of Kubernetes that it is tested end to end with, "guaranteed to be compatible" (its
        ``Documentation/network/kubernetes/compatibility.rst``).
    moved
        All Helm values that exist no more, and what took their place (its ``Documentation/operations/
        upgrade-current.inc``); the chart's schema lets old ones pass in silence.
    notes
        What an operator sees of the change, from the same notes.
    """

    newest: str
    kubernetes: tuple[str, ...]
    moved: Mapping[str, str]
    notes: tuple[str, ...] = ()


_MADE_BEFORE = "a Secret made beforehand"
_NOTHING = "nothing"

CILIUM: Mapping[str, CiliumMinor] = {
    "1.19": CiliumMinor(newest="1.19.6", kubernetes=("1.32", "1.33", "1.34", "1.35"), moved={}),
    "1.20": CiliumMinor(
        newest="1.20.0",
        kubernetes=("1.33", "1.34", "1.35", "1.36"),
        moved={
            "clustermesh.apiserver.tls.admin.cert": _MADE_BEFORE,
            "clustermesh.apiserver.tls.admin.key": _MADE_BEFORE,
            "clustermesh.apiserver.tls.enableSecrets": _MADE_BEFORE,
            "clustermesh.apiserver.tls.remote.cert": _MADE_BEFORE,
            "clustermesh.apiserver.tls.remote.key": _MADE_BEFORE,
            "clustermesh.apiserver.tls.server.cert": _MADE_BEFORE,
            "clustermesh.apiserver.tls.server.extraDnsNames": "clustermesh.apiserver.tls.auto.server.extraDnsNames",
            "clustermesh.apiserver.tls.server.extraIpAddresses": (
                "clustermesh.apiserver.tls.auto.server.extraIpAddresses"
            ),
            "clustermesh.apiserver.tls.server.key": _MADE_BEFORE,
            "clustermesh.enableMCSAPISupport": "clustermesh.mcsapi.enabled",
            "encryption.ipsec.encryptedOverlay": _NOTHING,
            "encryption.strictMode.allowRemoteNodeIdentities": (
                "encryption.strictMode.egress.allowRemoteNodeIdentities"
            ),
            "encryption.strictMode.cidr": "encryption.strictMode.egress.cidr",
            "encryption.strictMode.enabled": "encryption.strictMode.egress.enabled",
            "hubble.redact.kafka.apiKey": _NOTHING,
            "hubble.ui.backend.livenessProbe.enabled": _NOTHING,
            "hubble.ui.backend.readinessProbe.enabled": _NOTHING,
            "preflight.tofqdnsPreCache": _NOTHING,
        },
        notes=(
            "a CiliumNetworkPolicy with rules for kafka, l7 or l7proto must go before (the program makes none)",
            "certificates of the mesh are for one year from now on, and certgen renews them every four months",
        ),
    ),
}
"""By minor. Upgrades and ways back are tested between neighbours only (``Documentation/operations/upgrade.rst``)."""

KUBELET_BEHIND = 3
"""Minors that a kubelet may be older than the API server (Kubernetes version skew policy, since 1.28)."""


def newest_kubernetes() -> str:
    """Give the newest minor of Kubernetes that both clouds offer and the newest Cilium is tested with."""
    tested = list(CILIUM.values())[-1].kubernetes
    return [version for version in KUBERNETES_VERSIONS if version in tested][-1]


@dataclass(frozen=True, kw_only=True)
class Running:
    """The versions of one cluster.

    Parameters
    ----------
    cilium
        Of its agents, each once; one where no rollout is under way.
    kubernetes
        Of its API server, minor.
    nodes
        Of its kubelets, minors, each once.
    """

    cilium: tuple[str, ...]
    kubernetes: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Something that is not done, why, and what to do instead."""

    what: str
    why: str
    instead: str
