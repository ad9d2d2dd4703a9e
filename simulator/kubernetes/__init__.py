"""The simulated Kubernetes API, and Helm on top of it.

One provider resource is one cluster; `simulator.kubernetes.cluster` says which, and whether it answers. What a cloud's
own rules may ask of a cluster is there too: `cni_works`, `cilium_release`, `forget`.

Data sources (``helm template``, YAML, kustomize) are not simulated: nothing in the program reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.kubernetes import access, custom, plain, provider_config, release, services, storage, workloads
from simulator.kubernetes.cluster import check_config, scope
from simulator.kubernetes.live import in_lab

if TYPE_CHECKING:
    from simulator.kind import Invoke, Kind

__all__ = ["INVOKES", "KINDS", "check_config", "fallback", "scope"]

_IN_CLUSTERS: Final[tuple[Kind, ...]] = (
    *plain.KINDS,
    *access.KINDS,
    *storage.KINDS,
    *workloads.KINDS,
    services.KIND,
    *custom.KINDS,
    release.KIND,
)
KINDS: Final[tuple[Kind, ...]] = (*(in_lab(kind) for kind in _IN_CLUSTERS), provider_config.KIND)
INVOKES: Final[tuple[Invoke, ...]] = ()


def fallback(token: str) -> Kind | None:
    """Give the kind of a custom resource, or ``None`` for a token that is none of any known group."""
    kind = custom.fallback(token)
    return in_lab(kind) if kind is not None else None
