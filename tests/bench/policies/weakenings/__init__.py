"""The weakenings, by family."""

from __future__ import annotations

from tests.bench.policies.weakenings import (
    at_rest,
    clusters,
    exposure,
    identity,
    mesh,
    tags_and_audit,
    tunnels,
    workloads,
)

WEAKENINGS = (
    *at_rest.WEAKENINGS,
    *tunnels.WEAKENINGS,
    *clusters.WEAKENINGS,
    *exposure.WEAKENINGS,
    *identity.WEAKENINGS,
    *workloads.WEAKENINGS,
    *mesh.WEAKENINGS,
    *tags_and_audit.WEAKENINGS,
)
