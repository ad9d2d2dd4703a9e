"""Whom the clusters of a mesh trust, and who has signed their certificates: read from the clusters themselves."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.cilium import NAMESPACE
from infra.clustermesh import TRUST_ANNOTATION
from ops.services.observe.read_certificates import certificates, of_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.adapters.cilium_ports import Objects
    from ops.services.observe.cilium import Certificate

BUNDLE = "cilium-root-ca.crt"
"""ConfigMap that the chart makes of ``tls.caBundle``."""

SECRETS = (
    *(f"clustermesh-apiserver-{name}-cert" for name in ("server", "admin", "remote", "local")),
    "hubble-server-certs",
    "hubble-relay-client-certs",
    "hubble-relay-server-certs",
)
"""Secrets with the certificates that certgen signs for a cluster of the mesh."""

_READERS = "k8s-app in (cilium,clustermesh-apiserver,hubble-relay)"
"""Pods that read the bundle when they start."""


@dataclass(frozen=True, kw_only=True)
class Trusting:
    """The trust of one cluster.

    Parameters
    ----------
    bundle
        The CAs that pods trust from their next start on, the one that signs first.
    leaves
        The certificates of its own, by their Secrets.
    pods
        Which generations each pod that reads the bundle has read, as its annotation says.
    """

    bundle: tuple[Certificate, ...]
    leaves: Mapping[str, Certificate]
    pods: Mapping[str, str]

    @property
    def signed(self) -> frozenset[str]:
        """Secrets whose certificate is signed by the CA that signs."""
        signing = self.bundle[0].fingerprint if self.bundle else ""
        return frozenset(name for name, leaf in self.leaves.items() if signing in leaf.signed_by)


def trusting(objects: Objects) -> Trusting:
    """Read the trust of a cluster.

    Raises
    ------
    ops.errors.HmsError
        If the API server does not answer.
    """
    path = f"/api/v1/namespaces/{NAMESPACE}"
    maps = objects.get(f"{path}/configmaps", fieldSelector=f"metadata.name={BUNDLE}")["items"]
    text = maps[0].get("data", {}).get("ca.crt", "") if maps else ""
    wanted = {f"{NAMESPACE}/{name}": name for name in SECRETS}
    return Trusting(
        bundle=of_secret(f"{NAMESPACE}/{BUNDLE}", {"ca.crt": base64.b64encode(text.encode()).decode()}),
        leaves={
            wanted[found.secret]: found
            for found in certificates(objects)
            if found.secret in wanted and found.entry == "tls.crt"
        },
        pods={
            pod["metadata"]["name"]: pod["metadata"].get("annotations", {}).get(TRUST_ANNOTATION, "")
            for pod in objects.get(f"{path}/pods", labelSelector=_READERS)["items"]
            if "deletionTimestamp" not in pod["metadata"]
        },
    )
