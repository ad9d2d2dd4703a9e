"""Kubernetes versions that AKS offers, and which step up is allowed.

Looked at in November 2026: 1.36 and 1.35 are generally available, 1.32 has long-term support only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from simulator.kind import Refused, get

if TYPE_CHECKING:
    from collections.abc import Mapping

PATCHES: Final = {"1.32": 10, "1.33": 9, "1.34": 6, "1.35": 4, "1.36": 1}
"""Newest patch of every minor version that can be created."""

LONG_TERM_ONLY: Final = frozenset({"1.32"})


def minor(version: str) -> int:
    """Minor number of a version."""
    return int(version.split(".")[1])


def resolved(version: object, default: str = "1.35") -> str:
    """Give the full version that AKS installs: the newest patch where none is named.

    Raises
    ------
    Refused
        ``K8sVersionNotSupported``
    """
    given = str(version or default)
    found = re.fullmatch(r"(\d+\.\d+)(?:\.(\d+))?", given)
    if found is None or found[1] not in PATCHES or int(found[2] or 0) > PATCHES[found[1]]:
        raise Refused(
            "K8sVersionNotSupported",
            f"Managed cluster is on version {given}, which is not supported in this region. Please use [az aks"
            " get-versions] command to get the supported version list in this region.",
        )
    return given if found[2] else f"{given}.{PATCHES[found[1]]}"


def cluster_version_is_fit(inputs: Mapping[str, Any], before: str | None) -> None:
    """Refuse a version that is not offered, a step back and a step over a minor version."""
    wanted = resolved(inputs.get("kubernetesVersion"), before or "1.35")
    base = ".".join(wanted.split(".")[:2])
    long_term = inputs.get("supportPlan") == "AKSLongTermSupport"
    premium = get(inputs, "sku.tier") == "Premium"
    if long_term != premium or (base in LONG_TERM_ONLY and not long_term):
        raise Refused(
            "K8sVersionNotSupported",
            f"Managed cluster is on version {wanted}, which is only available for Long-Term Support (LTS). If you"
            " intend to"
            " onboard to LTS, please ensure the cluster is in Premium tier and LTS support plan.",
        )
    if before is not None and not 0 <= minor(wanted) - minor(before) <= 1:
        message = f"Upgrading Kubernetes version {before} to {wanted} is not allowed."
        raise Refused("OperationNotAllowed", message, status=409)


def pool_version_is_fit(version: str, cluster: str) -> None:
    """Refuse nodes newer than their control plane, or more than three minor versions older."""
    ahead = minor(version) - minor(cluster)
    if ahead > 0 or ahead < -3:
        raise Refused(
            "NodePoolMcVersionIncompatible",
            f"Node pool version {version} and control plane version {cluster} are incompatible. For more information,"
            " please check https://aka.ms/aks/UpgradeVersionRules",
        )
